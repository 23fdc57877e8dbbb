"""What hangs on production's tables and dbt does not know of.

A decoration is a function: of a `Target` it returns SQL, which is run by production's owner after production was built. What
it makes is found by comparing the catalog before and after, so no decoration says what it made. If the server
refuses the SQL (a unique key over what is not unique), the case goes on without it. A superuser's part stands between
RESET ROLE and SET ROLE prod_owner.
"""

import dataclasses
import random

from project import TABLES, Model

ANY = (*TABLES, "view", "materialized_view")
ALL = {}


@dataclasses.dataclass
class Target:
    model: Model
    rng: random.Random

    @property
    def table(self):
        return self.model.table

    @property
    def name(self):
        return self.model.alias


def decoration(on=TABLES):
    """Registers one, for models of these kinds."""
    def register(function):
        ALL[function.__name__] = (function, on)
        return function
    return register


# --- keys ---

@decoration()
def foreign_key_out(t):
    parent = t.rng.choice(["raw.customers", "app.regions"])  # the first lacks customers of new rows
    late = t.rng.choice(["", " NOT VALID", " DEFERRABLE INITIALLY DEFERRED"])
    return f"ALTER TABLE {t.table} ADD CONSTRAINT {t.name}_customer FOREIGN KEY (customer) REFERENCES {parent} (id){late}"


@decoration()
def foreign_key_in(t):
    then = t.rng.choice(["", "ON DELETE CASCADE", "ON DELETE SET NULL"])
    which = t.rng.choice(["id <= 3", "id > 3"])  # new versions of the first arrive
    return (f"ALTER TABLE {t.table} ADD CONSTRAINT {t.name}_id UNIQUE (id);"
            f"CREATE TABLE app.{t.name}_notes (ref int REFERENCES {t.table} (id) {then}, note text);"
            f"INSERT INTO app.{t.name}_notes SELECT id, 'seen' FROM {t.table} WHERE {which}")


@decoration()
def unique_by_hand(t):
    columns = t.rng.choice(["id", "id, at", "at", "customer, id"])
    return f"CREATE UNIQUE INDEX {t.name}_once ON {t.table} ({columns})"


@decoration()
def exclusion(t):
    return f"ALTER TABLE {t.table} ADD CONSTRAINT {t.name}_apart EXCLUDE USING btree (id WITH =, at WITH =)"


@decoration()
def primary_key(t):
    return f"ALTER TABLE {t.table} ADD PRIMARY KEY (id)"


# --- rules of single rows ---

@decoration()
def check_by_hand(t):
    condition = t.rng.choice(["amount < 100000", "id < 45", "length(status) < 5", "customer <= 10"])
    late = t.rng.choice(["", " NOT VALID"])
    return f"ALTER TABLE {t.table} ADD CONSTRAINT {t.name}_sane CHECK ({condition}){late}"


@decoration()
def not_null_by_hand(t):
    column = t.rng.choice(["amount", "status", "at"])
    return f"ALTER TABLE {t.table} ALTER COLUMN {column} SET NOT NULL"


@decoration()
def type_by_hand(t):
    column, kind = t.rng.choice([("status", "varchar(2)"), ("amount", "bigint"), ("amount", "numeric(12,2)"), ("status", "varchar(20)")])
    return f"ALTER TABLE {t.table} ALTER COLUMN {column} TYPE {kind}"


@decoration()
def domain_by_hand(t):
    return (f"CREATE DOMAIN app.{t.name}_state AS text CHECK (value <> 's9');"
            f"ALTER TABLE {t.table} ALTER COLUMN status TYPE app.{t.name}_state")


# --- columns of its own ---

@decoration()
def default_function(t):
    return (f"CREATE FUNCTION app.{t.name}_stamp() RETURNS text LANGUAGE sql AS 'SELECT ''x''';"
            f"ALTER TABLE {t.table} ADD COLUMN stamped text DEFAULT app.{t.name}_stamp() NOT NULL")


@decoration()
def default_sequence(t):
    return f"CREATE SEQUENCE app.{t.name}_seq; ALTER TABLE {t.table} ADD COLUMN number bigint DEFAULT nextval('app.{t.name}_seq') NOT NULL"


@decoration()
def default_constant(t):
    return f"ALTER TABLE {t.table} ADD COLUMN loaded_by text DEFAULT 'etl' NOT NULL"


@decoration()
def column_by_hand(t):
    return f"ALTER TABLE {t.table} ADD COLUMN remark text; UPDATE {t.table} SET remark = 'by hand' WHERE id < 4"


@decoration()
def required_column(t):
    return (f"ALTER TABLE {t.table} ADD COLUMN signed text; UPDATE {t.table} SET signed = 'y';"
            f"ALTER TABLE {t.table} ALTER COLUMN signed SET NOT NULL")


@decoration()
def identity(t):
    how = t.rng.choice(["ALWAYS", "BY DEFAULT"])
    return f"ALTER TABLE {t.table} ADD COLUMN line bigint GENERATED {how} AS IDENTITY"


@decoration()
def generated(t):
    return f"ALTER TABLE {t.table} ADD COLUMN twice int GENERATED ALWAYS AS (amount * 2) STORED"


# --- code that the server runs ---

TRIGGER = "CREATE FUNCTION app.{0}_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {1} RETURN {2}; END $$;"


@decoration()
def trigger_changes(t):
    return (TRIGGER.format(t.name, "NEW.amount := NEW.amount + 1;", "NEW")
            + f"CREATE TRIGGER {t.name}_trigger BEFORE INSERT ON {t.table} FOR EACH ROW EXECUTE FUNCTION app.{t.name}_touch()")


@decoration()
def trigger_refuses(t):
    what = t.rng.choice(["INSERT", "DELETE", "UPDATE"])
    row = "OLD" if what == "DELETE" else "NEW"
    when = t.rng.choice(["true", f"{row}.id > 40", f"{row}.id > 1000"])
    body = f"IF {when} THEN RAISE EXCEPTION 'refused by hand'; END IF;"
    return (TRIGGER.format(t.name, body, row)
            + f"CREATE TRIGGER {t.name}_trigger BEFORE {what} ON {t.table} FOR EACH ROW EXECUTE FUNCTION app.{t.name}_touch()")


@decoration()
def trigger_logs(t):
    return (f"CREATE TABLE app.{t.name}_log (n int);"
            + TRIGGER.format(t.name, f"INSERT INTO app.{t.name}_log VALUES (1);", "NULL")
            + f"CREATE TRIGGER {t.name}_trigger AFTER INSERT ON {t.table} FOR EACH STATEMENT EXECUTE FUNCTION app.{t.name}_touch()")


@decoration()
def rule(t):
    then = t.rng.choice(["INSTEAD NOTHING", f"ALSO NOTIFY {t.name}"])
    event = t.rng.choice(["INSERT", "DELETE"])
    return f"CREATE RULE {t.name}_rule AS ON {event} TO {t.table} DO {then}"


# --- what reads it ---

@decoration(on=ANY)
def view_on(t):
    columns = t.rng.choice(["*", "id, amount", "status"])
    return f"CREATE VIEW app.{t.name}_seen AS SELECT {columns} FROM {t.table}"


@decoration(on=ANY)
def view_on_view(t):
    return (f"CREATE VIEW app.{t.name}_near AS SELECT id, amount, status FROM {t.table};"
            f"CREATE VIEW app.{t.name}_far AS SELECT id, amount FROM app.{t.name}_near")


@decoration(on=ANY)
def materialized_view_on(t):
    return f"CREATE MATERIALIZED VIEW app.{t.name}_kept AS SELECT customer, sum(amount) AS amount FROM {t.table} GROUP BY 1"


@decoration(on=ANY)
def function_body(t):
    return (f"CREATE FUNCTION app.{t.name}_total() RETURNS bigint LANGUAGE sql STABLE "
            f"BEGIN ATOMIC SELECT sum(amount) FROM {t.table}; END")


@decoration(on=ANY)
def function_rows(t):
    return f"CREATE FUNCTION app.{t.name}_all() RETURNS SETOF {t.table} LANGUAGE sql STABLE AS $$ SELECT * FROM {t.table} $$"


@decoration()
def column_of_its_type(t):
    return f"CREATE TABLE app.{t.name}_history (was {t.table})"


# --- storage ---

def remade(t, by, *parts):
    """The same table, partitioned."""
    parts = "".join(f"CREATE TABLE {t.table}_p{i} PARTITION OF {t.table} {bounds};" for i, bounds in enumerate(parts))
    schema = t.table.split(".")[0]
    return (f"ALTER TABLE {t.table} RENAME TO {t.name}_plain;"
            f"CREATE TABLE {t.table} (LIKE {schema}.{t.name}_plain) PARTITION BY {by}; {parts}"
            f"INSERT INTO {t.table} SELECT * FROM {schema}.{t.name}_plain; DROP TABLE {schema}.{t.name}_plain;"
            f"GRANT SELECT ON {t.table} TO ci")


@decoration()
def partitions_hash(t):
    return remade(t, "HASH (id)", *(f"FOR VALUES WITH (MODULUS 2, REMAINDER {i})" for i in (0, 1)))


@decoration()
def partitions_range(t):
    top = t.rng.choice(["45", "MAXVALUE"])  # rows above 45 arrive
    return remade(t, "RANGE (id)", "FOR VALUES FROM (MINVALUE) TO (20)", f"FOR VALUES FROM (20) TO ({top})")


@decoration()
def child_table(t):
    return f"CREATE TABLE app.{t.name}_old () INHERITS ({t.table})"


@decoration()
def statistics(t):
    return f"CREATE STATISTICS {t.table}_stat ON customer, status FROM {t.table}"


@decoration()
def publication(t):
    return f"CREATE PUBLICATION {t.name}_feed FOR TABLE {t.table}"


# --- who may ---

@decoration(on=ANY)
def grant(t):
    return f"GRANT SELECT ON {t.table} TO analyst"


@decoration()
def grant_of_column(t):
    return f"GRANT SELECT (id, amount) ON {t.table} TO analyst"


@decoration()
def row_security(t):
    force = t.rng.choice(["ENABLE", "FORCE"])
    more = f"ALTER TABLE {t.table} FORCE ROW LEVEL SECURITY;" if force == "FORCE" else ""
    check = t.rng.choice(["true", "customer < 8"])
    return (f"ALTER TABLE {t.table} ENABLE ROW LEVEL SECURITY; {more}"
            f"CREATE POLICY {t.name}_mine ON {t.table} USING ({check})")


@decoration()
def row_security_of_others(t):
    return (f"ALTER TABLE {t.table} ENABLE ROW LEVEL SECURITY;"
            f"CREATE POLICY {t.name}_analyst ON {t.table} FOR SELECT TO analyst USING (true)")


@decoration()
def owner_member(t):
    """Of a role that production's is a member of."""
    return f"RESET ROLE; ALTER TABLE {t.table} OWNER TO team; SET ROLE prod_owner"


@decoration(on=ANY)
def owner_other(t):
    return f"RESET ROLE; GRANT ALL ON {t.table} TO prod_owner; ALTER TABLE {t.table} OWNER TO stranger; GRANT ALL ON {t.table} TO prod_owner; SET ROLE prod_owner"


@decoration()
def ci_may_not_read(t):
    return f"REVOKE SELECT ON {t.table} FROM ci"


# --- rows ---

@decoration()
def rows_by_hand(t):
    return f"INSERT INTO {t.table} (id, customer, amount, status, at) VALUES (5000, 1, 1, 's1', '2020-01-01'), (5001, 2, NULL, NULL, '2020-01-01')"


@decoration()
def rows_gone(t):
    return f"DELETE FROM {t.table} WHERE id % 7 = 0"


@decoration()
def emptied(t):
    return f"TRUNCATE {t.table}"


# --- what stands where something new will be ---

@decoration(on=("incremental", "table", "view", "snapshot"))
def stands_at_new_name(t):
    """At the place that the change `new_model`, `rename` or `alias` will take."""
    columns = t.rng.choice(["id, amount", "*", "id, customer, amount, status, at, 1 AS more"])
    kind = t.rng.choice(["TABLE", "VIEW"])
    return f"CREATE {kind} {t.table}_new AS SELECT {columns} FROM {t.table}"
