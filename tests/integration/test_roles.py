"""conf/roles.sql makes three roles; doctor --roles tries what each must not be able to do, and leaves nothing behind."""

import re

import pytest
import spoke
from conftest import told

ROLES = {"ci": "cc_ci", "sandbox": "cc_sandbox", "promote": "cc_promote"}


@pytest.fixture
def roles(pull):
    pull.rows("DO $$ BEGIN CREATE ROLE ann LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; REVOKE pg_read_all_stats FROM prod_owner")
    pull.cluster.run_file(spoke.TOP / "conf" / "roles.sql", pull.database, "postgres", owner="prod_owner", persons="ann",
                          schemas=",".join(spoke.PRODUCTION_SCHEMAS), **ROLES)
    # rights that were given to all roles of the project are what must stay
    pull.in_production("SELECT 1")
    return pull


def doctor(pull, user, *args, code=0):
    done = pull.cloneci("doctor", "--state", pull.state, "--base", "main", "--schema", "pr_7", *args, SPOKE_CI_USER=user)
    assert done.returncode == code, told(done)
    return done.stdout


def test_what_the_roles_may_not_do_is_tried(roles):
    pull = roles
    for role in ("ci", "sandbox"):
        said = doctor(pull, ROLES[role], "--roles")
        refused = int(re.search(r"(\d+) attempts of \S+ were refused", said).group(1))
        tables = pull.value("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relkind = 'r'"
                            " AND nspname = ANY(%s)", values=[list(spoke.PRODUCTION_SCHEMAS)])
        assert refused == 9 * tables + 3 * len(spoke.PRODUCTION_SCHEMAS)
        assert "reads production and cannot write it" in doctor(pull, ROLES[role])
    assert "use it only for promote and rollback" in doctor(pull, ROLES["promote"], "--roles")
    assert "BAD  roles" in doctor(pull, "postgres", "--roles", code=2)


def test_a_promotion_works_as_the_owner(roles):
    """What it builds must be the owner's; in that role it still has to see others' snapshots."""
    assert roles.value("SET ROLE prod_owner; SELECT pg_has_role('pg_read_all_stats', 'USAGE')", ROLES["promote"])


def test_each_right_too_much_is_named_and_nothing_is_done(roles):
    pull = roles
    pull.in_production("GRANT INSERT (bike_id) ON analytics.rides TO cc_ci; GRANT UPDATE, TRUNCATE ON finance.revenue_days TO cc_ci;"
                       "GRANT DELETE ON analytics.station_hours TO PUBLIC; GRANT CREATE ON SCHEMA finance TO cc_ci")
    said = doctor(pull, ROLES["ci"], "--roles", code=2)
    for finding in ("insert into analytics.rides", "update finance.revenue_days", "truncate finance.revenue_days",
                    "delete from analytics.station_hours", "create a table in finance", "create a function in finance",
                    "lock rows of finance.revenue_days"):
        assert re.search(rf"^ +{finding}$", said, re.M), said
    assert "delete from analytics.rides" not in said


def test_a_sandbox_by_its_role(roles):
    """The role of sandboxes makes one for a person, who owns the tables then."""
    pull = roles
    done = pull.cloneci("sandbox create", "ann", "--select", "rides", "--for", "ann", "--state", pull.state, SPOKE_CI_USER="cc_sandbox")
    assert done.returncode == 0, told(done)
    pull.rows("ALTER TABLE ann.rides ADD COLUMN mine integer; UPDATE ann.rides SET mine = 1", "ann")
    done = pull.cloneci("sandbox drop", "ann", SPOKE_CI_USER="cc_sandbox")
    assert done.returncode == 0, told(done)
    assert pull.schemas() == []
