"""`cloneci doctor` finds what is missing and says how to mend it; `sql`, `help` and `init` need nothing."""

import json

from conftest import told


def doctor(pull, *args, **env):
    return pull.cloneci("doctor", "--base", "main", "--state", pull.state, "--schema", pull.schema, *args, **env)


def test_all_is_well(pull):
    done = doctor(pull)
    assert done.returncode == 0, told(done)
    assert "BAD" not in done.stdout
    assert "with the adapter postgres starts, and parses" in done.stdout


def test_select_is_missing(pull):
    pull.in_production("REVOKE SELECT ON analytics.rides FROM ci")
    done = doctor(pull)
    assert done.returncode != 0, told(done)
    assert "BAD" in done.stdout and "GRANT" in done.stdout and "rides" in done.stdout


def test_a_role_that_may_write_production(pull):
    done = doctor(pull, "--target", "prod")
    assert done.returncode != 0, told(done)
    assert "prod_owner" in done.stdout and "write" in done.stdout


def test_whose_is_what_promotions_go_by(pull):
    pull.rows("CREATE SCHEMA cloneci", "prod_owner")
    done = doctor(pull)
    assert done.returncode == 0 and "cloneci.generation, the journal of promotions, is owned by prod_owner" in done.stdout, told(done)
    pull.rows("ALTER SCHEMA cloneci OWNER TO ci; CREATE SCHEMA prod_owner AUTHORIZATION ci")
    done = doctor(pull)
    assert done.returncode != 0, told(done)
    assert "is owned by ci, who owns nothing of production" in done.stdout and "ALTER ROLE prod_owner SET search_path" in done.stdout, told(done)


def test_create_is_missing(pull):
    """And more that a run would stumble over."""
    pull.rows(f'REVOKE CREATE ON DATABASE "{pull.database}" FROM ci;'
              f'ALTER ROLE ci IN DATABASE "{pull.database}" SET default_transaction_read_only = on')
    pull.write("packages.yml", "packages: [{package: dbt-labs/dbt_utils, version: 1.3.0}]\n")
    done = doctor(pull, "--output", "json")
    assert done.returncode == 2, told(done)
    bad = [c for c in json.loads(done.stdout) if not c["ok"]]
    assert [c["check"] for c in bad] == ["packages", "dbt parse", "privileges", "privileges"], bad
    assert bad[0]["remedy"] == "Run 'dbt deps'." and "dbt deps" in bad[1]["text"]
    assert bad[2]["remedy"] == f"GRANT CREATE ON DATABASE {pull.database} TO ci"
    assert "default_transaction_read_only" in bad[3]["text"] and bad[3]["remedy"].startswith("ALTER ROLE ci IN DATABASE")


def test_no_server_no_dbt(pull):
    done = doctor(pull, SPOKE_HOST="/nowhere", PATH="/nowhere")
    assert done.returncode != 0, told(done)
    assert "/nowhere" in done.stdout and "dbt" in done.stdout


def test_sql_files_run_in_psql(pull):
    names = pull.cloneci("sql")
    assert names.returncode == 0, told(names)
    assert "lock_source" in names.stdout
    text = pull.cloneci("sql", "lock_source")
    assert ':"schema"' in text.stdout
    pull.write("lock.sql", "BEGIN;\n" + text.stdout + "\nCOMMIT;\n")
    pull.cluster.run_file(pull.project / "lock.sql", pull.database, "ci", schema="analytics", name="rides")


def test_init_writes_settings_that_load(pull):
    done = pull.cloneci("init")
    assert done.returncode == 0, told(done)
    assert (pull.project / "cloneci.yml").is_file()
    pull.patch("1-late-corrections")
    pull.must("plan")
    again = pull.cloneci("init")
    assert again.returncode == 2, told(again)
