"""What a naive implementer gets wrong, where no other file here shows it: see also test_main_job (false green, clean start, downstream
clones, indexes), test_safety (writes, plan and run, rebuilding production), test_faults (build aside, swap), test_bad_input (no
manifest, shallow clones), test_build_map, test_build_hooks, test_build_rows."""

from test_bad_input import REFUSED, refused


def test_a_clones_default_draws_from_no_sequence_of_productions(pull):
    pull.build_command("true")
    pull.in_production("CREATE SEQUENCE analytics.numbers; ALTER TABLE analytics.dock_events"
                       " ADD number bigint DEFAULT nextval('analytics.numbers'), ADD always bigint GENERATED ALWAYS AS IDENTITY;"
                       "GRANT USAGE ON SEQUENCE analytics.numbers TO ci; GRANT SELECT ON analytics.dock_events TO ci")
    before = pull.value("SELECT last_value FROM analytics.numbers")
    pull.change("models/rides/dock_events.sql", "    dock,", "    dock + 0 as dock,")
    pull.commit("dock")
    pull.must("run")
    pull.rows("INSERT INTO pr_7.dock_events (event_id) VALUES (-1)", user="ci")
    assert pull.value("SELECT last_value FROM analytics.numbers") == before
    # the identity goes on behind production's rows
    assert pull.rows("SELECT count(*) - count(DISTINCT always) FROM pr_7.dock_events") == [(0,)]
    # nothing of production hangs on the clone, nor the other way: it can be rebuilt as dbt does
    assert not pull.rows("SELECT 1 FROM pg_inherits WHERE inhrelid = 'pr_7.dock_events'::regclass")
    pull.in_production("DROP TABLE analytics.dock_events; DROP SEQUENCE analytics.numbers")


def test_a_snapshot_with_a_fixed_schema_is_refused(pull):
    pull.change("snapshots/bikes_history.yml", "      unique_key: bike_id", "      unique_key: bike_id\n      target_schema: analytics")
    pull.commit("a fixed schema")
    refused(pull.ask("run"), REFUSED, "snapshot.spoke.bikes_history", "target_schema")
    assert pull.schemas() == []
