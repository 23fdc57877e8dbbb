"""What production's tables are part of: parents, partitions, publications, subscriptions, extensions, labels. What would not follow is
refused by name; what can be carried over is."""

from generations import refusals

# what a superuser can make beside production, table by table: two each of a pair that is promoted
PARTS = """
CREATE TABLE bi.everything (id integer, gen integer NOT NULL, name varchar(20));
ALTER TABLE prod.customers INHERIT bi.everything; ALTER TABLE bi.everything OWNER TO prod_owner;
CREATE TABLE bi.years (id integer, year integer) PARTITION BY LIST (year); ALTER TABLE bi.years OWNER TO prod_owner;
CREATE TABLE prod.sales (id integer, year integer); ALTER TABLE prod.sales OWNER TO prod_owner;
ALTER TABLE bi.years ATTACH PARTITION prod.sales FOR VALUES IN (2024);
CREATE TABLE prod.family (id integer); CREATE TABLE prod.kids () INHERITS (prod.family);
CREATE EXTENSION hstore; CREATE TABLE prod.settings (id integer); ALTER EXTENSION hstore ADD TABLE prod.settings;
CREATE VIEW prod.views AS SELECT 1 AS id; ALTER EXTENSION hstore ADD VIEW prod.views;
CREATE SUBSCRIPTION mirror CONNECTION 'dbname=nowhere' PUBLICATION far WITH (connect = false);
CREATE TABLE prod.mirrored (id integer);
INSERT INTO pg_subscription_rel SELECT oid, 'prod.mirrored'::regclass, 'r', NULL FROM pg_subscription;
CREATE TABLE prod.masked (id integer, name text);
INSERT INTO pg_seclabel VALUES ('prod.masked'::regclass, 'pg_class'::regclass, 2, 'anon', 'MASKED WITH VALUE NULL');
CREATE TABLE prod.named (id integer NOT NULL, UNIQUE (id)); ALTER TABLE prod.named REPLICA IDENTITY USING INDEX named_id_key;
CREATE STATISTICS bi.theirs ON gen, name FROM prod.customers;
"""
OURS = ("family", "kids", "settings", "views", "mirrored", "masked", "named")
SAID = [
    "prod.customers inherits from bi.everything, which is not promoted and would read the former one for ever: take it out"
    " (ALTER TABLE prod.customers NO INHERIT bi.everything)",
    "prod.sales is a partition of bi.years, which is not promoted and would read the former one for ever: take it out"
    " (ALTER TABLE bi.years DETACH PARTITION prod.sales)",
    "prod.kids inherits from prod.family, and the new one does not",
    "prod.settings belongs to the extension hstore: take it out (ALTER EXTENSION hstore DROP TABLE prod.settings)",
    "prod.views belongs to the extension hstore: take it out (ALTER EXTENSION hstore DROP VIEW prod.views)",
    "the subscription mirror fills prod.mirrored",
    "prod.masked (column name) has a security label of the provider anon",
    "the replica identity of prod.named is its index prod.named_id_key",
    "the statistics bi.theirs of prod.customers are not ours to move: they are owned by postgres; GRANT postgres TO prod_owner",
]
STAGE = ("CREATE TABLE stage.sales (id integer, year integer); CREATE TABLE stage.family (id integer); CREATE TABLE stage.kids (id integer);"
         "CREATE TABLE stage.settings (id integer); CREATE VIEW stage.views AS SELECT 1 AS id; CREATE TABLE stage.mirrored (id integer);"
         "CREATE TABLE stage.masked (id integer, name text); CREATE TABLE stage.named (id integer)")


def test_what_would_not_follow_is_refused_by_name(live):
    live.run("SET allow_system_table_mods = on;" + PARTS + "".join(
        f"ALTER TABLE prod.{name} OWNER TO prod_owner;" for name in OURS), "postgres")
    try:
        live.stage(1, extra=STAGE)
        before = live.picture(), live.schemas()
        named = refusals(live.promote(code=5))
        for says in SAID:
            assert any(line.startswith(says) for line in named), (says, named)
        assert len(named) == len(SAID), named
        assert (live.picture(), live.schemas()) == before
    finally:
        live.run("DELETE FROM pg_subscription_rel; ALTER SUBSCRIPTION mirror SET (slot_name = NONE); DROP SUBSCRIPTION mirror", "postgres")


def test_what_comes_in_belongs_to_nothing_elsewhere(live):
    """A stage that reads into a table of elsewhere, and one whose partition would stay behind."""
    live.run("CREATE TABLE bi.years (id integer, gen integer NOT NULL, name varchar(20)); CREATE SCHEMA far")
    live.stage(1, extra="ALTER TABLE stage.customers INHERIT bi.years; CREATE TABLE stage.events (kind integer) PARTITION BY LIST (kind);"
                        "CREATE TABLE far.events_1 PARTITION OF stage.events FOR VALUES IN (1)")
    assert refusals(live.promote(code=5)) == [
        "far.events_1 is a partition of stage.events, and would stay where it is: move it to the schema of its table",
        "stage.customers inherits from bi.years, which does not come in with it: take it out (ALTER TABLE stage.customers NO INHERIT bi.years)"]
    live.run("ALTER TABLE far.events_1 SET SCHEMA stage; ALTER TABLE stage.customers NO INHERIT bi.years")
    live.promote()
    assert live.live() == 1
    # what was parked is taken into something: it cannot come back as it was
    live.run("ALTER TABLE prod__prev_1.customers INHERIT bi.years")
    assert any("prod__prev_1.customers inherits from bi.years" in line for line in refusals(live.rollback(code=5)))
    live.run("ALTER TABLE prod__prev_1.customers NO INHERIT bi.years")
    live.rollback()
    assert live.live() == 0


def test_a_family_that_comes_in_whole(live):
    """A parent and its child, both promoted; the generation before them knew no such thing, and comes back."""
    family = "ALTER TABLE {0}.customers INHERIT {0}.people"
    live.run("CREATE TABLE prod.people (id integer, gen integer NOT NULL)")
    for g in (1, 2):
        live.stage(g, extra="CREATE TABLE stage.people (id integer, gen integer NOT NULL);" + family.format("stage"))
        live.promote("--keep-generations", "3")
        assert live.run("SELECT gen, count(*) FROM prod.people GROUP BY gen") == [(g, 50)]
    live.rollback("--keep-generations", "3")
    assert live.run("SELECT gen, count(*) FROM prod.people GROUP BY gen") == [(1, 50)]
    live.rollback("--to", "0", "--keep-generations", "3")
    assert live.value("SELECT count(*) FROM prod.people") == 0 and live.live() == 0


IDENTITY = ("SELECT c.relname, c.relreplident::text, (SELECT x.indexrelid::regclass::text FROM pg_index x WHERE x.indrelid = c.oid AND x.indisreplident)"
            " FROM pg_class c WHERE c.relnamespace = 'prod'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1")


def test_replica_identity_and_membership_stay(live):
    """Also those of a publication that nobody receives: of the schema, of all tables."""
    live.run("CREATE TABLE prod.named (id integer NOT NULL, b integer NOT NULL); CREATE UNIQUE INDEX by_b ON prod.named (b, id);"
             "ALTER TABLE prod.named REPLICA IDENTITY USING INDEX by_b; ALTER TABLE prod.orders REPLICA IDENTITY FULL;"
             "ALTER TABLE prod.customers REPLICA IDENTITY NOTHING")
    live.run("CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA prod; CREATE PUBLICATION of_all FOR ALL TABLES", "postgres")
    before, sent = live.run(IDENTITY), "SELECT pubname, schemaname, tablename FROM pg_publication_tables WHERE schemaname = 'prod' ORDER BY 1, 3"
    published = live.run(sent)
    assert [row[1] for row in before] == ["n", "i", "f"] and len(published) == 6
    live.stage(1, extra="CREATE TABLE stage.named (b integer NOT NULL, more text, id integer NOT NULL); CREATE UNIQUE INDEX another ON stage.named (id, b)")
    live.promote()
    assert live.run(IDENTITY) == [row if row[0] != "named" else ("named", "i", "prod.another") for row in before]
    assert live.run(sent) == published
    # what the new one says itself stands
    live.stage(2, extra="CREATE TABLE stage.named (b integer NOT NULL, id integer NOT NULL); ALTER TABLE stage.named REPLICA IDENTITY FULL;"
                        "ALTER TABLE stage.orders REPLICA IDENTITY NOTHING")
    live.promote()
    assert [row[1] for row in live.run(IDENTITY)] == ["n", "f", "n"]
    live.rollback()
    assert [row[1] for row in live.run(IDENTITY)] == ["n", "i", "f"]


def test_subscribers_mix_nothing(live):
    """Somebody receives what is published: a promotion would send him the changes of new tables only, and those of the stage's as well."""
    live.run("CREATE PUBLICATION feed FOR TABLES IN SCHEMA prod; CREATE PUBLICATION whole FOR ALL TABLES", "postgres")
    live.run(f"SELECT pg_create_logical_replication_slot('{live.database}', 'pgoutput')", "postgres")
    try:
        live.stage(1)
        assert refusals(live.promote(code=5)) == [
            f"the publication {name} sends prod.customers, prod.orders to subscribers (replication slot {live.database}), which would mix generations:"
            " drop their subscriptions before the promotion and create them again after it, or take it out of the publication" for name in ("feed", "whole")]
    finally:
        live.run(f"SELECT pg_drop_replication_slot('{live.database}')", "postgres")
    live.promote()
    assert live.live() == 1


def test_event_triggers_are_tried_before(live):
    """They may let nobody do what a promotion does. One that lets it be done is no reason."""
    live.run("CREATE FUNCTION bi.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ DECLARE moved text; BEGIN"
             " SELECT string_agg(object_identity, ',') INTO moved FROM pg_event_trigger_ddl_commands();"
             " IF tg_tag = 'ALTER TABLE' AND moved LIKE '%prod.%' THEN RAISE EXCEPTION 'production is closed'; END IF; END $$;"
             "CREATE EVENT TRIGGER closed ON ddl_command_end EXECUTE FUNCTION bi.watch()", "postgres")
    try:
        live.stage(1)
        before = live.picture(), live.schemas()
        assert refusals(live.promote(code=5)) == [
            "an event trigger does not let it be done (closed): production is closed; except the role from it, or disable it for the promotion"
            " (ALTER EVENT TRIGGER)"]
        assert (live.picture(), live.schemas()) == before
        live.run("CREATE OR REPLACE FUNCTION bi.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'", "postgres")
        live.promote()
        assert live.live() == 1
    finally:
        live.run("DROP EVENT TRIGGER closed", "postgres")
