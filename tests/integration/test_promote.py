"""promote and rollback: what is live afterwards, what is carried over, what stays to go back to."""

import json

import pytest


def test_promote_and_rollback(live):
    live.stage(1)
    oid = live.value("SELECT oid FROM pg_namespace WHERE nspname = 'prod'")
    said = live.promote()
    assert (said["generation"], said["content"], said["relations"], said["pinned"]) == (1, 1, 4, [])
    assert live.live() == 1
    assert live.value("SELECT oid FROM pg_namespace WHERE nspname = 'prod'") == oid
    assert live.run("SELECT count(*) FROM pg_class WHERE relnamespace = 'stage'::regnamespace AND relkind <> 'i'") == [(0,)]
    said = live.rollback()
    assert (said["generation"], said["content"]) == (2, 0)
    assert live.live() == 0
    assert [(g["generation"], g["kind"], g["content"], g["live"]) for g in live.listed()] == [
        (2, "rollback", 0, True), (1, "promote", 1, False), (0, "before", 0, False)]
    # and forward again
    assert live.rollback("--to", "1")["content"] == 1
    assert live.live() == 1


def test_dry_run_shows_all_and_changes_nothing(live):
    live.stage(1)
    before = live.picture(), live.schemas()
    shown = json.loads(live.cloneci("promote", "--from", "stage", "--dry-run", "--output", "json").stdout)
    assert (live.picture(), live.schemas()) == before
    assert shown["refused"] == [] and len(shown["move"]) == 8
    text = live.cloneci("promote", "--from", "stage=prod", "--dry-run").stdout
    for sql in shown["move"] + shown["rewire"] + shown["exclusive"] + shown["carry"]:
        assert sql + ";\n" in text
    live.promote()
    assert live.live() == 1


def test_grants_comments_and_statistics_are_carried(live):
    live.run("GRANT SELECT (amount) ON prod.orders TO other; GRANT INSERT ON prod.customers TO other WITH GRANT OPTION;"
             "GRANT SELECT ON prod.top TO PUBLIC; CREATE STATISTICS prod.both (ndistinct, mcv) ON id, gen FROM prod.orders;"
             "COMMENT ON VIEW prod.totals IS 'sums'; COMMENT ON MATERIALIZED VIEW prod.top IS 'the top'")
    facts = ("SELECT c.relname, c.relacl::text[], obj_description(c.oid), col_description(c.oid, 3),"
             " (SELECT array_agg(a.attacl::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL),"
             " (SELECT array_agg(pg_get_statisticsobjdef(s.oid)) FROM pg_statistic_ext s WHERE s.stxrelid = c.oid)"
             " FROM pg_class c WHERE c.relnamespace = 'prod'::regnamespace AND c.relkind IN ('r', 'v', 'm') ORDER BY 1")

    def sets():
        return [(n, set(acl), *rest) for n, acl, *rest in live.run(facts)]

    before = sets()
    assert any(row[-1] for row in before) and any(row[-2] for row in before)
    live.stage(1)
    live.promote()
    assert sets() == before
    live.rollback()
    assert sets() == before


def test_policies_are_carried_where_row_level_security_is(live):
    """Their expressions may read what is replaced: they are put onto the new one."""
    live.run("ALTER TABLE prod.orders ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON prod.orders FOR SELECT TO reader, other"
             " USING (id IN (SELECT c.id FROM prod.customers AS c WHERE c.gen >= 0));"
             "CREATE POLICY none ON prod.orders AS RESTRICTIVE FOR INSERT TO PUBLIC WITH CHECK (amount < 0)")
    policies = ("SELECT polname, polcmd, polpermissive, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid),"
                " ARRAY(SELECT r::regrole::text FROM unnest(polroles) r WHERE r <> 0 ORDER BY 1)"
                " FROM pg_policy WHERE polrelid = 'prod.orders'::regclass ORDER BY 1")
    before = live.run(policies)
    live.stage(1, extra="ALTER TABLE stage.orders ENABLE ROW LEVEL SECURITY")
    live.promote()
    assert live.run(policies) == before and len(before) == 2
    assert live.run("SELECT count(*), min(gen) FROM prod.orders", "reader") == [(50, 1)]
    live.run("DROP TABLE prod__prev_1.customers CASCADE")
    assert live.run("SELECT count(*) FROM prod.orders", "reader") == [(50,)]


def test_what_comes_in_has_statistics(live):
    live.stage(1)
    assert live.run("SELECT FROM pg_stats WHERE schemaname = 'stage'") == []
    live.promote()
    assert live.value("SELECT count(DISTINCT tablename) FROM pg_stats WHERE schemaname = 'prod'") == 3


def test_what_the_new_one_says_stands(live):
    live.stage(1, extra="COMMENT ON TABLE stage.orders IS 'newer'; GRANT SELECT ON stage.orders TO other")
    live.promote()
    assert live.value("SELECT obj_description('prod.orders'::regclass)") == "newer"
    assert live.value("SELECT has_table_privilege('other', 'prod.orders', 'SELECT')")
    assert live.value("SELECT has_table_privilege('reader', 'prod.orders', 'SELECT')")


def test_a_part_is_promoted_and_the_rest_follows(live):
    """Only one table is built: production's own views that stay are put onto it."""
    live.run("CREATE SCHEMA stage; CREATE TABLE stage.orders AS SELECT id, 1 AS gen, amount FROM prod.orders;"
             "DROP MATERIALIZED VIEW prod.top")
    live.promote()
    assert live.run("SELECT DISTINCT gen FROM prod.orders", "reader") == [(1,)]
    assert live.run("SELECT gen FROM prod.totals", "reader") == [(1,)]
    assert live.run("SELECT DISTINCT a, b FROM bi.report", "reader") == [(1, 0)]
    assert "security_barrier=true" in live.value("SELECT reloptions::text FROM pg_class WHERE oid = 'bi.report'::regclass")
    live.rollback()
    assert live.run("SELECT DISTINCT a, b FROM bi.report", "reader") == [(0, 0)]


def test_several_schemas_at_once(live):
    live.run("CREATE SCHEMA finance; CREATE TABLE finance.bills (gen integer); INSERT INTO finance.bills VALUES (0);"
             "CREATE VIEW finance.all_bills AS SELECT b.gen AS b, o.gen AS o FROM finance.bills b, prod.orders o WHERE o.id = 1")
    live.stage(1)
    live.run("CREATE SCHEMA stage_finance; CREATE TABLE stage_finance.bills (gen integer); INSERT INTO stage_finance.bills VALUES (1);"
             "CREATE VIEW stage_finance.all_bills AS SELECT b.gen AS b, o.gen AS o FROM stage_finance.bills b, stage.orders o WHERE o.id = 1")
    live.cloneci("promote", "--from", "stage", "stage_finance=finance")
    assert live.live() == 1 and live.run("SELECT b, o FROM finance.all_bills") == [(1, 1)]
    live.cloneci("rollback")
    assert live.live() == 0 and live.run("SELECT b, o FROM finance.all_bills") == [(0, 0)]


def test_partitions_sequences_and_body_functions(live):
    part = ("CREATE TABLE {s}.events (id bigserial, at date NOT NULL, gen integer) PARTITION BY RANGE (at);"
            "CREATE TABLE {s}.events_{p} PARTITION OF {s}.events FOR VALUES FROM ('2020-01-01') TO ('2030-01-01');"
            "INSERT INTO {s}.events (at, gen) VALUES ('2024-01-01', {g}); CREATE SEQUENCE {s}.numbers START {g}1")
    live.run(part.format(s="prod", p="old", g=5))
    live.run("CREATE FUNCTION bi.newest() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT max(gen) FROM prod.events; END")
    live.stage(6, extra=part.format(s="stage", p="new", g=6))
    live.promote()
    assert live.value("SELECT bi.newest()") == 6 and live.value("SELECT nextval('prod.numbers')") == 61
    assert live.run("SELECT relname FROM pg_class WHERE relnamespace = 'prod'::regnamespace AND relname LIKE 'events%' AND relkind IN ('r', 'p')"
                    " ORDER BY 1") == [("events",), ("events_new",)]
    # a partition that is made since goes aside with its table, and comes back with it
    live.run("CREATE TABLE prod.events_more PARTITION OF prod.events FOR VALUES FROM ('2030-01-01') TO ('2040-01-01');"
             "INSERT INTO prod.events (at, gen) VALUES ('2024-01-01', 6), ('2034-01-01', 7)")
    live.rollback()
    assert live.value("SELECT bi.newest()") == 5 and live.value("SELECT nextval('prod.numbers')") == 51
    assert live.value("SELECT count(*) FROM prod__bad_2.events_more") == 1
    live.rollback("--to", "1")
    assert live.value("SELECT bi.newest()") == 7 and live.value("SELECT count(*) FROM prod.events_more") == 1


def test_added_and_reordered_columns_pass(live):
    live.stage(1, extra="DROP TABLE stage.customers CASCADE; CREATE TABLE stage.customers (extra text, name varchar(20), gen integer NOT NULL, id integer);"
                        "INSERT INTO stage.customers SELECT 'x', 'n', 1, i FROM generate_series(1, 50) i")
    live.promote()
    assert live.live() == 1


def test_a_pull_requests_schema_stays_pinned(live):
    live.run("CREATE SCHEMA pr_1; CREATE VIEW pr_1.v AS SELECT DISTINCT gen FROM prod.orders")
    live.run("""COMMENT ON SCHEMA pr_1 IS '{"tool":"cloneci","project":"shop","schema":"pr_1"}'""")
    live.stage(1)
    live.promote()
    assert live.live() == 1 and live.run("SELECT gen FROM pr_1.v") == [(0,)]


def test_retention_keeps_what_is_used_and_says_so(live):
    live.stage(1)
    live.promote()
    # made after the promotion, onto the former generation
    live.run("CREATE VIEW bi.pinned AS SELECT gen FROM prod__prev_1.orders")
    live.stage(2)
    said = live.promote()
    assert any("bi.pinned" in line for line in said["kept"]), said
    assert live.run("SELECT relname FROM pg_class WHERE relnamespace = 'prod__prev_1'::regnamespace AND relkind IN ('r', 'v', 'm')") == [("orders",)]
    assert live.live() == 2 and len(live.run("SELECT gen FROM bi.pinned")) == 200
    live.run("DROP VIEW bi.pinned")
    live.stage(3)
    assert live.promote()["dropped"] == ["prod__prev_1", "prod__prev_2"]
    assert live.schemas("prod%") == ["prod", "prod__prev_3"]


def test_retention_never_drops_what_it_did_not_park(live):
    live.stage(1)
    live.promote()
    live.run("CREATE TABLE prod__prev_1.mine AS SELECT 1 AS a")
    live.stage(2)
    live.promote()
    assert live.run("SELECT a FROM prod__prev_1.mine") == [(1,)]
    # a person's own schema of that name is another schema
    live.run("DROP SCHEMA prod__prev_1 CASCADE; CREATE SCHEMA prod__prev_1; CREATE TABLE prod__prev_1.orders AS SELECT 2 AS a")
    live.stage(3)
    live.promote()
    assert live.run("SELECT a FROM prod__prev_1.orders") == [(2,)]


def test_rollback_over_several_generations(live):
    for g in (1, 2, 3):
        live.stage(g)
        live.promote("--keep-generations", "5")
    assert live.rollback("--to", "1", "--keep-generations", "5")["content"] == 1
    assert live.live() == 1
    # the one before what is live now
    assert live.rollback("--keep-generations", "5")["content"] == 0
    assert live.live() == 0
    assert live.rollback("--to", "3", "--keep-generations", "5")["content"] == 3
    assert live.live() == 3


def test_the_list_tells_sizes_ages_and_what_can_be_brought_back(live):
    for g in (1, 2, 3):
        live.stage(g)
        live.promote()
    listed = {g["generation"]: g for g in live.listed()}
    assert {n: (g["live"], g["restorable"], g["kept"]) for n, g in listed.items()} == {
        3: (True, True, 4), 2: (False, True, 4), 1: (False, False, 0), 0: (False, False, 0)}
    assert listed[3]["bytes"] == listed[2]["bytes"] > 0 == listed[1]["bytes"]
    assert 0 <= listed[3]["age_seconds"] <= listed[2]["age_seconds"] and listed[3]["role"] == "prod_owner" and listed[0]["role"] is None
    text = live.cloneci("promote", "--list").stdout.splitlines()
    assert text[0].split() == ["generation", "kind", "content", "at", "age", "relations", "size", "state", "by"]
    assert [(line.split()[0], word in line) for line, word in zip(text[1:], ("live", "kept", "gone", "gone"), strict=True)] == [
        (n, True) for n in "3210"]
    live.rollback("--to", "2")
    assert "not kept" in live.rollback("--to", "1", code=5).stderr


@pytest.mark.parametrize(("to", "code", "says"), [("9", 5, "no generation 9"), ("2", 5, "already live"), ("x", 2, "number of a generation"),
                                                  ("0", 5, "not kept any more")])
def test_a_generation_that_cannot_be_brought_back(live, to, code, says):
    for g in (1, 2):
        live.stage(g)
        live.promote()
    before = live.picture()
    assert says in live.rollback("--to", to, code=code).stderr
    assert live.picture() == before


def test_rollback_before_any_promotion(live):
    assert "nothing was promoted yet" in live.rollback(code=5).stderr
    assert "nothing was promoted yet" in live.cloneci("promote", "--list").stdout
    assert "cloneci" not in live.schemas()


@pytest.mark.parametrize("words", [["--note", "x"], ["--from", "prod"], ["--from", "=prod"], ["--from", "a=prod", "b=prod"], ["--from", "a=x", "a=y"]])
def test_from_that_makes_no_sense(live, words):
    assert "-from" in live.cloneci("promote", *words, code=2).stderr
