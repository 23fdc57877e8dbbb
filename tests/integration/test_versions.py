"""The oldest and the newest PostgreSQL that cloneci knows, and what only the newest has. `make test-postgres` runs more, on each version."""

import os
import subprocess

import generations
import pytest
import spoke
from shop import Shop

POSTGRES = spoke.TOP / "tests" / "support" / "postgres.sh"


def on(version):
    """The environment of what is to have a server of this version; fails by name where its programs cannot be had."""
    client = spoke.must(["sh", POSTGRES, "client"]).strip()
    spoke.must(["sh", POSTGRES, version])
    return {"CLONECI_TEST_POSTGRES": version, "PATH": f"{client}:{os.environ['PATH']}"}


def cluster_of(version, folder, start=spoke.Cluster):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLONECI_TEST_POSTGRES", on(version)["CLONECI_TEST_POSTGRES"])
        made = start(folder)
    assert made.value("SHOW server_version_num").startswith(version)
    return made


@pytest.fixture(scope="module")
def newest(tmp_path_factory):
    made = cluster_of("18", tmp_path_factory.mktemp("newest") / "cluster")
    yield made
    made.stop()


@pytest.mark.parametrize("version", ["14", "18"])
@pytest.mark.parametrize("subject", ["contract", "clone", "keys"])
def test_the_adapter(version, subject):
    """As tests/unit has it: what an adapter promises, clones by what pg_dump says of them, foreign keys."""
    program = spoke.program("san").parent / "unit" / f"adapters_{subject}"
    done = subprocess.run([program], cwd=spoke.TOP, env={**os.environ, **on(version)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promotion_and_rollback_on_the_oldest(tmp_path):
    cluster = cluster_of("14", tmp_path / "cluster", generations.start)
    try:
        live = generations.Live(tmp_path / "project", cluster)
        live.stage(1)
        live.promote()
        assert live.live() == 1
        live.rollback()
        assert live.live() == 0
    finally:
        cluster.stop()


RAW = """
CREATE SCHEMA raw; CREATE SCHEMA analytics;
CREATE TABLE raw.rides (id int, v int, note text);
INSERT INTO raw.rides SELECT g, g, 'n' || g FROM generate_series(1, 100) AS g;
"""
NEW_THINGS = """
UPDATE analytics.rides SET v = NULL WHERE id = 7;
ALTER TABLE analytics.rides ADD COLUMN twice int GENERATED ALWAYS AS (v * 2) VIRTUAL, ADD COLUMN kind text DEFAULT 'ride',
    ADD CONSTRAINT "v is there" NOT NULL v NOT VALID, ADD CONSTRAINT "id is there" NOT NULL id, ADD CONSTRAINT loose CHECK (v > 50) NOT ENFORCED;
INSERT INTO raw.rides SELECT g, g, 'n' || g FROM generate_series(101, 110) AS g;
"""
MODELS = {"rides": "{{ config(materialized='incremental', unique_key='id', incremental_strategy='merge',"
                   " on_schema_change='append_new_columns') }}\n"
                   "select id, v, note from {{ source('raw', 'rides') }} {% if is_incremental() %} where id > 100 {% endif %}"}
PROPERTIES = {"sources": [{"name": "raw", "tables": [{"name": "rides"}]}]}


@pytest.fixture(scope="module")
def shop(newest, preloaded_dbt, tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("shop"), newest, "shop_new", MODELS, PROPERTIES).produce(RAW, NEW_THINGS)


def test_what_is_new_in_18_is_cloned_and_told_as_it_is(shop):
    """Virtual columns; NOT NULL constraints with names, never checked; constraints that are not enforced."""
    shop.pull("v", ("rides", "select id, v,", "select id, v + 0 as v,"))
    done = shop.cloneci("run", "pr_1", "--forecast")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "twice (integer) stays, computed by the server in new rows" in done.stdout + done.stderr
    assert "kind (text) stays, its default in new rows" in done.stdout + done.stderr
    assert "NULL in new rows" not in done.stdout + done.stderr
    assert shop.rows("SELECT count(*), sum(twice), count(v), count(kind) FROM pr_1.rides") == [(110, 12196, 109, 110)]
    assert shop.rows("SELECT attgenerated FROM pg_attribute WHERE attrelid = 'pr_1.rides'::regclass AND attname = 'twice'") == [("v",)]
    assert shop.rows("SELECT conname, convalidated, conenforced FROM pg_constraint WHERE conrelid = 'pr_1.rides'::regclass"
                     " ORDER BY conname") == [("id is there", True, True), ("loose", False, False), ("v is there", False, True)]


def test_rights_of_16_and_17_are_seen(shop):
    """MAINTAIN lets a role lock and rewrite a table; a member that does not inherit can still become the owner."""
    done = shop.cloneci("doctor", "pr_1")
    assert done.returncode == 0, done.stdout + done.stderr
    shop.rows("GRANT MAINTAIN ON analytics.rides TO ci", "prod_owner")
    done = shop.cloneci("doctor", "pr_1")
    assert done.returncode != 0 and "may lock and rewrite (MAINTAIN) 1 of 1 relations of analytics: rides" in done.stdout, done.stdout
    assert "lock analytics.rides" in shop.cloneci("doctor", "pr_1", "--roles").stdout
    shop.rows("REVOKE MAINTAIN ON analytics.rides FROM ci", "prod_owner")
    shop.rows("GRANT prod_owner TO ci WITH INHERIT FALSE, SET TRUE")
    done = shop.cloneci("doctor", "pr_1")
    assert done.returncode != 0 and "is a member of the owner prod_owner" in done.stdout, done.stdout
    shop.rows("REVOKE prod_owner FROM ci")


def test_a_database_is_cloned_by_the_file_system(shop):
    """file_copy_method = clone, of version 18; where the file system shares no blocks the server copies them."""
    for sql in ("CREATE DATABASE shop_new_template TEMPLATE shop_new STRATEGY wal_log", "ALTER ROLE ci CREATEDB",
                "ALTER DATABASE shop_new_template IS_TEMPLATE true ALLOW_CONNECTIONS false",
                "GRANT CREATE ON DATABASE shop_new_template TO ci"):
        shop.cluster.rows(sql)
    shop.pull("w", ("rides", "select id, v,", "select id, v * 1 as v,"))
    (shop.path / "cloneci.yml").write_text("clone:\n  database:\n    strategy: clone\n")
    done = shop.cloneci("clone", "pr_2", "--clone-database", "shop_new_template", "--pull-request", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    made = shop.cluster.value("SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = 'ci'")
    assert shop.cluster.value("SELECT count(*) FROM pr_2.rides", made) == 100
