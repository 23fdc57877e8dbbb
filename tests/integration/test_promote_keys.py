"""Foreign keys in a promotion and a rollback: compared by what they are, carried over where the new relation lacks them, and what would be
refused is named before."""

import psycopg2
import pytest
from generations import refusals

# production, and with {k} empty what a stage makes of it: clones and contracts that know no key
TABLES = """
CREATE TABLE {s}.places (a integer, b integer, "Odd name" text, PRIMARY KEY (a, b)); INSERT INTO {s}.places VALUES (1, 1, 'x');
CREATE TABLE {s}.parts (kind integer, id integer, PRIMARY KEY (kind, id)) PARTITION BY LIST (kind);
CREATE TABLE {s}.parts_1 PARTITION OF {s}.parts FOR VALUES IN (1); INSERT INTO {s}.parts VALUES (1, 1);
CREATE TABLE {s}.items (id integer PRIMARY KEY, order_id integer, parent integer, kind integer, a integer, b integer, later integer, part integer);
CREATE TABLE {s}.uses (kind integer, part integer) PARTITION BY LIST (kind); CREATE TABLE {s}.uses_1 PARTITION OF {s}.uses FOR VALUES IN (1);
INSERT INTO {s}.items VALUES (1, 1, NULL, 1, 1, 1, 1, 1), (2, 2, 1, 2, NULL, NULL, 1, 1); INSERT INTO {s}.uses VALUES (1, 1);
"""
KEYS = """
ALTER TABLE prod.items ADD CONSTRAINT to_promoted FOREIGN KEY (order_id) REFERENCES prod.orders ON DELETE CASCADE,
 ADD CONSTRAINT to_itself FOREIGN KEY (parent) REFERENCES prod.items (id) ON UPDATE RESTRICT,
 ADD CONSTRAINT to_what_stays FOREIGN KEY (kind) REFERENCES bi.kinds,
 ADD CONSTRAINT composite FOREIGN KEY (b, a) REFERENCES prod.places (b, a) MATCH FULL,
 ADD CONSTRAINT deferred FOREIGN KEY (later) REFERENCES bi.kinds ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
 ADD CONSTRAINT unchecked FOREIGN KEY (order_id) REFERENCES bi.kinds (id) NOT VALID,
 ADD CONSTRAINT to_partitioned FOREIGN KEY (later, part) REFERENCES prod.parts (kind, id);
ALTER TABLE prod.uses ADD CONSTRAINT of_partitioned FOREIGN KEY (part) REFERENCES prod.items (id),
 ADD CONSTRAINT both_parts FOREIGN KEY (kind, part) REFERENCES prod.parts ON DELETE SET DEFAULT (part);
"""
SEEN = ("SELECT k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0"
        " AND k.connamespace = 'prod'::regnamespace ORDER BY 1, 2, 3")
# a key between generations, or from what is parked to what stays
ASTRAY = ("SELECT k.conrelid::regclass, k.confrelid::regclass FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid"
          " WHERE k.contype = 'f' AND c.relnamespace <> r.relnamespace AND NOT (c.relnamespace = 'prod'::regnamespace AND r.relnamespace = 'bi'::regnamespace)")


@pytest.fixture
def keyed(live):
    live.run("CREATE TABLE bi.kinds (id integer PRIMARY KEY); INSERT INTO bi.kinds VALUES (1), (2), (3)")
    live.run(TABLES.format(s="prod") + KEYS)
    return live


def test_keys_are_carried_and_come_back(keyed):
    before = keyed.run(SEEN)
    assert len(before) == 9
    for g in (1, 2):
        keyed.stage(g, extra=TABLES.format(s="stage"))
        keyed.promote()
        assert keyed.run(SEEN) == before and keyed.run(ASTRAY) == []
    # they hold, and nothing that is parked is asked
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        keyed.run("UPDATE prod.items SET kind = 9 WHERE id = 1")
    keyed.run("UPDATE prod.items SET kind = 1, order_id = 1; DELETE FROM bi.kinds WHERE id = 2")
    # the former generation had that row: it comes back, with its key, which its rows do not all keep any more
    done = keyed.cloneci("rollback")
    assert "not done: ALTER TABLE prod.items VALIDATE CONSTRAINT to_what_stays" in done.stderr and "(2) is not present" in done.stderr, done.stderr
    assert keyed.live() == 1 and keyed.run(ASTRAY) == []
    now = {key[:2]: key[2] for key in keyed.run(SEEN)}
    assert now == {key[:2]: key[2] + (" NOT VALID" if key[1] == "to_what_stays" else "") for key in before}


def test_keys_are_known_by_what_they_are(keyed):
    """dbt names a key after the table that it builds, and that is another one each time; what the new one says of it stands."""
    keyed.stage(1, extra=TABLES.format(s="stage") + """
        ALTER TABLE stage.items ADD CONSTRAINT items__dbt_tmp_order_id_fkey FOREIGN KEY (order_id) REFERENCES stage.orders,
          ADD CONSTRAINT to_what_stays FOREIGN KEY (parent) REFERENCES stage.items (id),
          ADD CONSTRAINT places FOREIGN KEY (a, b) REFERENCES stage.places (a, b) DEFERRABLE""")
    before = {key[1]: key[2] for key in keyed.run(SEEN)}
    keyed.promote()
    seen = {key[1]: key[2] for key in keyed.run(SEEN)}
    assert len(seen) == len(before) and seen["items__dbt_tmp_order_id_fkey"] == "FOREIGN KEY (order_id) REFERENCES prod.orders(id)"
    assert seen["places"].endswith("REFERENCES prod.places(a, b) DEFERRABLE") and "to_promoted" not in seen and "to_itself" not in seen
    assert seen["items_kind_fkey"] == before["to_what_stays"]
    keyed.rollback()
    assert sorted(key[2] for key in keyed.run(SEEN)) == sorted(before.values()) and keyed.run(ASTRAY) == []


def test_keys_that_do_not_fit_are_named(keyed):
    keyed.run("CREATE TABLE bi.notes (o integer CONSTRAINT noted REFERENCES prod.orders); CREATE TABLE prod.stays (o integer CONSTRAINT stay REFERENCES prod.orders)")
    keyed.stage(1, extra=TABLES.format(s="stage") + "ALTER TABLE stage.items DROP kind; ALTER TABLE stage.places DROP CONSTRAINT places_pkey;"
                "DROP TABLE stage.uses; CREATE VIEW stage.uses AS SELECT 1 AS kind, 1 AS part")
    before = keyed.picture(), keyed.schemas()
    assert refusals(keyed.promote(code=5)) == [
        "constraint noted on table bi.notes (bi.notes) depends on prod.orders: promote bi.notes as well, drop it, or make it anew after the promotion",
        "constraint stay on table prod.stays (prod.stays) depends on prod.orders: promote prod.stays as well, drop it, or make it anew after the promotion",
        *(f"the foreign key {key} of prod.{table} {why}: mend the new one, or drop the key first (ALTER TABLE prod.{table} DROP CONSTRAINT {key})" for key, table, why in (
            ("both_parts", "uses", "cannot be on the new one, which is no table"),
            ("composite", "items", "refers to (b, a) of stage.places, which is not unique on the new one"),
            ("of_partitioned", "uses", "cannot be on the new one, which is no table"),
            ("to_what_stays", "items", "is over the column kind, which the new one lacks")))]
    assert (keyed.picture(), keyed.schemas()) == before


def test_rows_that_break_a_key_are_not_put_live(keyed):
    keyed.stage(1, extra=TABLES.format(s="stage") + "UPDATE stage.items SET kind = 77 WHERE id = 2")
    before = keyed.picture(), keyed.schemas(), keyed.run(SEEN)
    said = keyed.promote(code=5).stderr
    assert "does not fit the new one" in said and "(77) is not present" in said and "to_what_stays" in said, said
    assert (keyed.picture(), keyed.schemas(), keyed.run(SEEN)) == (before[0], [*before[1][:1], "cloneci", *before[1][1:]], before[2])


def test_a_key_to_the_former_generation_is_named(keyed):
    """A model that is built in the stage and refers to production by its fixed name."""
    keyed.stage(1, extra=TABLES.format(s="stage") + "ALTER TABLE stage.items ADD CONSTRAINT wrong FOREIGN KEY (order_id) REFERENCES prod.orders")
    assert any("constraint wrong on table stage.items" in line for line in refusals(keyed.promote(code=5)))


def test_a_rollback_past_the_keys(keyed):
    """The generation before the keys comes back as it was."""
    keyed.run("ALTER TABLE prod.items DROP CONSTRAINT to_promoted, DROP CONSTRAINT to_itself")
    before = keyed.run(SEEN)
    keyed.stage(1, extra=TABLES.format(s="stage") + "ALTER TABLE stage.items ADD more integer, ADD FOREIGN KEY (more) REFERENCES bi.kinds")
    keyed.promote()
    assert len(keyed.run(SEEN)) == len(before) + 1
    keyed.rollback()
    assert keyed.run(SEEN) == before and keyed.run(ASTRAY) == []
