"""What cannot be promoted is refused by name, before anything is changed."""

import pytest

from generations import refusals

REFUSED = {
    "external materialized view": ("CREATE MATERIALIZED VIEW bi.sums AS SELECT count(*) AS n FROM prod.orders", "", "bi.sums"),
    "foreign key": ("CREATE TABLE bi.notes (o integer REFERENCES prod.orders)", "", "bi.notes"),
    "row type": ("CREATE TABLE bi.copies (o prod.orders)", "", "bi.copies"),
    "default of a sequence": ("CREATE SEQUENCE prod.numbers; CREATE TABLE bi.numbered (n bigint DEFAULT nextval('prod.numbers'))",
                              "CREATE SEQUENCE stage.numbers", "bi.numbered"),
    "policy of another": ("CREATE TABLE bi.secret (a integer); CREATE POLICY p ON bi.secret USING (a IN (SELECT id FROM prod.orders))", "", "bi.secret"),
    "child of another schema": ("CREATE TABLE bi.child () INHERITS (prod.customers)", "", "bi.child"),
    "row level security": ("ALTER TABLE prod.orders ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON prod.orders USING (true)", "", "row level security"),
    "policy": ("ALTER TABLE prod.customers ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON prod.customers USING (name <> 'x')",
               "ALTER TABLE stage.customers ENABLE ROW LEVEL SECURITY; ALTER TABLE stage.customers DROP name",
               "policy mine of prod.customers reads the column name"),
    "foreign key of its own": ("CREATE TABLE prod.kinds (id integer PRIMARY KEY); ALTER TABLE prod.customers ADD kind integer REFERENCES prod.kinds",
                               "", "foreign key customers_kind_fkey of prod.customers"),
    "trigger": ("CREATE TRIGGER t BEFORE UPDATE ON prod.orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", "",
                "trigger t of prod.orders"),
    "rule": ("CREATE RULE r AS ON DELETE TO prod.customers DO INSTEAD NOTHING", "", "rule r of prod.customers"),
    "int to bigint": ("", "ALTER TABLE stage.customers ALTER gen TYPE bigint", "integer to bigint"),
    "longer varchar": ("CREATE VIEW bi.names AS SELECT name FROM prod.customers",
                       "ALTER TABLE stage.customers ALTER name TYPE varchar(30)", "character varying(20) to character varying(30)"),
    "a column is gone": ("CREATE VIEW bi.names AS SELECT name FROM prod.customers", "ALTER TABLE stage.customers DROP name", "the view bi.names reads the column name"),
    "unpromoted stage": ("", "CREATE SCHEMA extra; CREATE TABLE extra.t (a integer);"
                             "COMMENT ON SCHEMA extra IS '{\"tool\":\"cloneci\",\"project\":\"shop\",\"schema\":\"extra\"}';"
                             "CREATE VIEW stage.lost AS SELECT a FROM extra.t", "stage.lost reads extra.t"),
    "a type that stays behind": ("", "CREATE TYPE stage.mood AS ENUM ('a'); ALTER TABLE stage.orders ADD mood stage.mood[]",
                                 "column mood of table stage.orders uses type stage.mood, which stays behind in stage"),
    "a function that stays behind": ("", "CREATE FUNCTION stage.one() RETURNS integer LANGUAGE sql AS 'SELECT 1';"
                                         "CREATE OR REPLACE VIEW stage.totals AS SELECT o.gen, count(*) + stage.one() - 1 AS n FROM stage.orders AS o GROUP BY o.gen",
                                     "uses function stage.one(), which stays behind in stage"),
    "a default that stays behind": ("", "CREATE FUNCTION stage.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'; ALTER TABLE stage.customers ALTER gen SET DEFAULT stage.one()",
                                    "default value for column gen of table stage.customers uses function stage.one()"),
    "name of an index": ("CREATE TABLE prod.stays (id integer); CREATE INDEX orders_gen ON prod.stays (id)",
                         "CREATE INDEX orders_gen ON stage.orders (gen)", "orders_gen"),
    "an index where a table goes": ("CREATE INDEX extra ON prod.orders (gen)", "CREATE TABLE stage.extra (a integer)", "prod.extra"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_name(live, case):
    production, stage, says = REFUSED[case]
    if production:
        live.run(production)
    live.stage(1, extra=stage)
    before = live.picture(), live.schemas()
    done = live.promote(code=5)
    assert any(says in line for line in refusals(done)), done.stderr
    assert (live.picture(), live.schemas()) == before
    assert live.live() == 0


def test_a_publication(live):
    live.cluster.rows("CREATE PUBLICATION feed FOR TABLE prod.orders", live.database)
    live.stage(1)
    assert any("feed" in line for line in refusals(live.promote(code=5)))
    assert live.live() == 0


def test_of_another_role(live):
    live.cluster.rows("CREATE SCHEMA strange; GRANT USAGE ON SCHEMA prod TO other; GRANT SELECT ON prod.orders TO other;"
                      "CREATE VIEW strange.v AS SELECT gen FROM prod.orders; ALTER VIEW strange.v OWNER TO other;"
                      "GRANT USAGE ON SCHEMA strange TO other", live.database)
    live.stage(1)
    live.cluster.rows("ALTER TABLE stage.customers OWNER TO other", live.database)
    named = "\n".join(refusals(live.promote(code=5)))
    assert "strange.v" in named and "stage.customers" in named and "GRANT other TO prod_owner" in named
    assert "build as prod_owner (`role: prod_owner` in the target of profiles.yml)" in named
    assert live.live() == 0


def test_all_reasons_at_once(live):
    live.run("CREATE MATERIALIZED VIEW bi.sums AS SELECT 1 AS a FROM prod.orders; CREATE TABLE bi.notes (o integer REFERENCES prod.orders)")
    live.stage(1)
    assert len(refusals(live.promote(code=5))) == 2


def test_no_schema_and_nothing_in_it(live):
    done = live.promote(code=5)
    assert "are empty" in done.stderr
    live.stage(1)
    assert "nowhere does not exist" in live.cloneci("promote", "--from", "stage=nowhere", code=5).stderr


def test_what_may_not_be_seen(live):
    live.stage(1)
    live.cluster.rows("REVOKE pg_read_all_stats FROM prod_owner")
    try:
        assert "GRANT pg_read_all_stats" in live.promote(code=5).stderr
    finally:
        live.cluster.rows("GRANT pg_read_all_stats TO prod_owner")
    assert live.live() == 0


LOST = {
    "insert": "INSERT INTO prod.orders VALUES (1000, 0, 1)",
    "update": "UPDATE prod.orders SET amount = 0 WHERE id = 1",
    "delete and insert": "DELETE FROM prod.orders WHERE id = 1; INSERT INTO prod.orders VALUES (1, 0, 1)",
    "delete": "DELETE FROM prod.customers WHERE id = 1",
    "truncate": "TRUNCATE prod.customers",
    "alter": "ALTER TABLE prod.customers ADD more text",
    "rebuild": "CREATE TABLE prod.customers_new AS SELECT * FROM prod.customers; ALTER TABLE prod.customers RENAME TO customers_old;"
               "ALTER TABLE prod.customers_new RENAME TO customers",
    "view": "CREATE OR REPLACE VIEW prod.totals AS SELECT o.gen, count(*) + 0 AS n FROM prod.orders AS o GROUP BY o.gen",
}


@pytest.mark.parametrize("case", LOST)
def test_a_write_since_the_note_is_refused(live, tmp_path, case):
    note = tmp_path / "note.json"
    live.stage(1)
    live.promote("--note", note, code=None)
    live.run(LOST[case])
    before = live.picture()
    done = live.promote("--since", note, code=5)
    assert "meanwhile" in done.stderr and "prod." in "".join(refusals(done))
    assert live.picture() == before


@pytest.mark.parametrize(("sql", "says"), [
    ("INSERT INTO prod.events VALUES (1, 0)", "prod.events_1 was written to"),
    ("ALTER TABLE prod.events DETACH PARTITION prod.events_1", "prod.events_1 was altered"),
    ("CREATE TABLE prod.events_2 PARTITION OF prod.events FOR VALUES IN (2)", "prod.events_2 was made"),
    ("DROP TABLE prod.events_1", "prod.events_1 was dropped"),
])
def test_what_befalls_a_partition_since_the_note_is_refused(live, tmp_path, sql, says):
    tree = "CREATE TABLE {0}.events (kind integer, gen integer) PARTITION BY LIST (kind); CREATE TABLE {0}.events_1 PARTITION OF {0}.events FOR VALUES IN (1)"
    live.run(tree.format("prod"))
    live.stage(1, extra=tree.format("stage"))
    live.promote("--note", tmp_path / "note.json", code=None)
    live.run(sql)
    before = live.picture()
    assert any(says in line for line in refusals(live.promote("--since", tmp_path / "note.json", code=5)))
    assert live.picture() == before


def test_a_write_in_flight_at_the_note_is_refused(live, tmp_path):
    note = tmp_path / "note.json"
    live.stage(1)
    writer = live.connect("prod_owner")
    writer.autocommit = False
    writer.cursor().execute("INSERT INTO prod.orders VALUES (1000, 0, 1)")
    live.promote("--note", note, code=None)
    writer.commit()
    writer.close()
    assert "was written to" in live.promote("--since", note, code=5).stderr
    assert live.value("SELECT count(*) FROM prod.orders") == 201


def test_what_writes_nothing_is_no_reason(live, tmp_path):
    note = tmp_path / "note.json"
    live.stage(1)
    live.promote("--note", note, code=None)
    live.run("BEGIN; INSERT INTO prod.orders VALUES (1000, 0, 1); ROLLBACK; ANALYZE prod.orders")
    connection = live.connect("prod_owner")
    connection.cursor().execute("VACUUM FREEZE prod.orders")
    connection.close()
    live.promote("--since", note)
    assert live.live() == 1


def test_a_note_is_of_all_that_stands_before_anything_is_built(live, tmp_path):
    """Stage does not stand yet; what is not promoted then may change."""
    note = tmp_path / "note.json"
    live.promote("--note", note, code=None)
    live.stage(1)
    live.run("DROP TABLE stage.customers CASCADE; INSERT INTO prod.customers VALUES (999, 0, 'late')")
    live.promote("--since", note)
    assert live.run("SELECT DISTINCT gen FROM prod.orders") == [(1,)] and live.value("SELECT count(*) FROM prod.customers WHERE id = 999") == 1


def test_a_note_that_is_none(live, tmp_path):
    (tmp_path / "x.json").write_text("{}")
    live.stage(1)
    assert "is not a note" in live.promote("--since", tmp_path / "x.json", code=3).stderr


def test_more_locks_than_the_server_has(live):
    """Half of the lock table may be used: 64 x (60 + 4) here."""
    live.run("CREATE SCHEMA stage")
    live.run("DO $$ BEGIN FOR i IN 1..2100 LOOP EXECUTE format('CREATE VIEW stage.v%s AS SELECT 1 AS a', i);"
             " IF i % 400 = 0 THEN COMMIT; END IF; END LOOP; END $$")
    assert "max_locks_per_transaction" in live.promote(code=5).stderr
