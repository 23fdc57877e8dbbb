"""Servers that speak PostgreSQL's protocol and are something else, and locks that do not hold: found before anything is made.
Functions of the catalog stand in for those servers here, in one database each."""

import pytest

from conftest import told


def replace(live_or_pull, sql):
    """A function of pg_catalog is replaced in the database alone."""
    live_or_pull.cluster.rows(f"CREATE OR REPLACE FUNCTION pg_catalog.{sql}", live_or_pull.database)


@pytest.mark.parametrize(("version", "product"), [
    ("CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27 01:53:43, go1.19.10)", "CockroachDB"),
    ("PostgreSQL 12.12 (Greenplum Database 7.1.0 build commit:e7c2b1f) on x86_64-pc-linux-gnu", "Greenplum"),
    ("PostgreSQL 14.4 (Apache Cloudberry 2.0.0 build dev) on x86_64-pc-linux-gnu", "Apache Cloudberry"),
    ("PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.77467", "Amazon Redshift"),
])
def test_relatives_are_refused_by_name(live, version, product):
    replace(live, f"version() RETURNS text LANGUAGE sql STABLE AS $$SELECT '{version}'$$")
    before = live.picture()
    live.stage(1)
    done = live.promote(code=5)
    assert f"is {product}, not PostgreSQL" in done.stderr and "docs/servers.md" in done.stderr
    assert [row for row in live.picture() if row[0] != "stage"] == before


def test_a_lock_that_nobody_holds_is_no_lease(rush_hours):
    """As CockroachDB and a silenced YugabyteDB answer: the lock is given, and not kept."""
    replace(rush_hours, "pg_try_advisory_lock(bigint) RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT true'")
    done = rush_hours.ask("clone", "--manifest", rush_hours.head)
    assert done.returncode == 5, told(done)
    assert 'gave the lock of the schema "pr_7", and nobody holds it' in done.stderr
    assert rush_hours.schemas() == []
