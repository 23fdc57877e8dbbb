"""Foreign keys of a run: the pull request's build does what production's does, and neither depends on the other."""

import psycopg2
import pytest
from shop import Shop

import spoke

RAW = """
CREATE SCHEMA raw; CREATE SCHEMA analytics; CREATE SCHEMA bi;
CREATE TABLE raw.customers (id int, name text);
INSERT INTO raw.customers SELECT g, 'c' || g FROM generate_series(1, 50) AS g;
CREATE TABLE raw.orders (id int, customer int, a int, b int, parent int, at int);
INSERT INTO raw.orders SELECT g, 1 + g % 50, 1 + g % 5, (1 + g % 5) * 10, nullif(g - 1, 0), g FROM generate_series(1, 200) AS g;
"""
# Of production's owner, outside of dbt.
TIES = """
CREATE TABLE bi.notes (customer int CONSTRAINT noted REFERENCES analytics.customers, t text);
INSERT INTO bi.notes VALUES (7, 'a'), (NULL, 'b');
ALTER TABLE analytics.orders ADD CONSTRAINT chain FOREIGN KEY (parent) REFERENCES analytics.orders DEFERRABLE INITIALLY DEFERRED;
"""
LATER = """
INSERT INTO raw.customers VALUES (51, 'new');
INSERT INTO raw.orders SELECT g, g % 3, 1 + g % 5, (1 + g % 5) * 10, g - 200, g FROM generate_series(201, 230) AS g;
"""
INCREMENTAL = "{{{{ config(materialized='incremental', unique_key='id', incremental_strategy='{how}', on_schema_change='fail') }}}}\n{sql}"
MODELS = {
    "customers": INCREMENTAL.format(how="merge", sql="select id, name from {{ source('raw', 'customers') }}"),
    # not changed by any pull request: two of three are read by what is changed, all are referred to
    "pairs": "{{ config(materialized='table') }}\nselect g as a, g * 10 as b, 'x' as note from generate_series(1, 5) as g",
    "shops": "{{ config(materialized='table') }}\nselect g as id from generate_series(0, 60) as g",
    "colours": "{{ config(materialized='table') }}\nselect g as id from generate_series(1, 9) as g",
    # a key of one that is cloned to one that is cloned; composite; to itself, deferred
    "orders": INCREMENTAL.format(how="delete+insert", sql="select id, customer, a, b, parent, at from {{ source('raw', 'orders') }}"
                                 " where customer > 0 {% if is_incremental() %} and at > (select max(at) from {{ this }}) {% endif %}"),
    # keys of what is built to what is cloned, and to what is not built
    "lines": "{{ config(materialized='table') }}\nselect id as customer, name from {{ ref('customers') }}",
    "visits": "{{ config(materialized='table') }}\nselect id as shop, id % 9 + 1 as colour from {{ ref('shops') }} where id > 0",
    "paints": "{{ config(materialized='table', post_hook='alter table {{ this }} add constraint hooked foreign key (colour)"
              " references {{ ref(\"colours\") }} (id)') }}\nselect 1 as colour",
}
KEY = {"contract": {"enforced": True}}
PROPERTIES = {"sources": [{"name": "raw", "tables": [{"name": "customers"}, {"name": "orders"}]}], "models": [
    {"name": "customers", "config": KEY, "constraints": [{"type": "primary_key", "columns": ["id"]}],
     "columns": [{"name": "id", "data_type": "int"}, {"name": "name", "data_type": "text"}]},
    {"name": "pairs", "config": KEY, "constraints": [{"type": "unique", "columns": ["a", "b"]}],
     "columns": [{"name": c, "data_type": t} for c, t in (("a", "int"), ("b", "int"), ("note", "text"))]},
    *({"name": name, "config": KEY, "columns": [{"name": "id", "data_type": "int", "constraints": [{"type": "primary_key"}]}]}
      for name in ("shops", "colours")),
    {"name": "orders", "config": KEY, "constraints": [
        {"type": "primary_key", "columns": ["id"]},
        {"type": "foreign_key", "name": "whose", "columns": ["customer"], "to": "ref('customers')", "to_columns": ["id"]},
        {"type": "foreign_key", "name": "pair", "columns": ["a", "b"], "to": "ref('pairs')", "to_columns": ["a", "b"]}],
     "columns": [{"name": c, "data_type": "int"} for c in ("id", "customer", "a", "b", "parent", "at")]},
    {"name": "lines", "config": KEY, "constraints": [
        {"type": "foreign_key", "columns": ["customer"], "to": "ref('customers')", "to_columns": ["id"]}],
     "columns": [{"name": "customer", "data_type": "int"}, {"name": "name", "data_type": "text"}]},
    {"name": "visits", "config": KEY, "columns": [
        {"name": "shop", "data_type": "int", "constraints": [{"type": "foreign_key", "to": "ref('shops')", "to_columns": ["id"]}]},
        {"name": "colour", "data_type": "int"}]},
]}


class Keys(Shop):
    def run_on(self, schema, *args):
        done = self.cloneci("run", schema, *args)
        return done, self.report()

    def keys(self, schema):
        """What the keys of a schema's tables refer to: (table, key) -> schema.table, without the marks of tables of keys."""
        return {(table, key): f"{there}.{to.split('_keys_')[0]}" for table, key, there, to in self.rows(
            "SELECT a.relname, k.conname, n.nspname, b.relname FROM pg_constraint k JOIN pg_class a ON a.oid = k.conrelid"
            "  JOIN pg_class b ON b.oid = k.confrelid JOIN pg_namespace n ON n.oid = b.relnamespace"
            f" WHERE k.contype = 'f' AND a.relnamespace = '{schema}'::regnamespace")}

    def ties(self):
        """Keys between what is production's and what is not."""
        return self.rows("SELECT conrelid::regclass, confrelid::regclass FROM pg_constraint k JOIN pg_class a ON a.oid = k.conrelid"
                         "  JOIN pg_class b ON b.oid = k.confrelid WHERE k.contype = 'f' AND"
                         " (a.relnamespace::regnamespace::text LIKE 'pr%') <> (b.relnamespace::regnamespace::text LIKE 'pr%')")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = spoke.Cluster(tmp_path_factory.mktemp("keys") / "cluster")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shop(cluster, preloaded_dbt, tmp_path_factory):
    made = Keys(tmp_path_factory.mktemp("shop"), cluster, "shop_keys", MODELS, PROPERTIES).produce(RAW, TIES)
    # CI's role may refer to production's tables: only cloneci keeps it from that
    made.rows("GRANT USAGE ON SCHEMA bi TO ci; GRANT SELECT ON bi.notes TO ci;"
              "GRANT REFERENCES ON ALL TABLES IN SCHEMA raw, analytics, bi TO ci", "prod_owner")
    made.rows(LATER, "prod_owner")
    return made


def test_the_build_does_what_productions_does(shop):
    shop.pull("good", ("customers", "select id, name", "select id, upper(name) as name"), ("visits", "> 0", "> 1"),
         ("paints", "select 1", "select 2"), ("orders", "customer > 0", "customer > 0 and id > 0"))
    done, report = shop.run_on("pr_1")
    assert done.returncode == 0, done.stdout + done.stderr
    # customers changes, orders keeps its old rows
    assert [(n["name"], n["aspect"]) for n in report["advice"]["not_tested"]] == [("orders", "existing_rows")]
    keys = shop.keys("pr_1")
    assert {to for to in keys.values() if not to.startswith("pr_1.")} == set()
    wanted = {"whose": "pr_1.customers", "pair": "pr_1.pairs", "noted": "pr_1.customers", "hooked": "pr_1.colours",
              "chain": "pr_1.orders"}
    assert {k: v for (_, k), v in keys.items() if k in wanted} == wanted
    # by the contracts of what was built
    assert {(t, v) for (t, _), v in keys.items()} >= {("lines", "pr_1.customers"), ("visits", "pr_1.shops")}
    deferral = {d["unique_id"].split(".")[-1]: d["origin"] for d in report["deferral"]}
    assert deferral["shops"] == "clone" and deferral["colours"] == "clone"
    warnings = {w["code"]: w["text"] for w in report["warnings"]}
    assert "a foreign key of" in warnings["kept_for_key"]
    assert shop.ties() == []
    # production changes all of its own while the schema stands
    shop.rows("BEGIN; DROP TABLE bi.notes; DROP TABLE analytics.lines, analytics.visits, analytics.paints, analytics.orders,"
              " analytics.customers, analytics.pairs, analytics.shops, analytics.colours RESTRICT; ROLLBACK", "prod_owner")


def test_what_production_refuses_is_refused_here(shop):
    """Rows that break a key, and, of the strategy that deletes first, rows that a table outside of dbt refers to."""
    shop.pull("bad", ("orders", "customer > 0", "customer is not null"))
    done, report = shop.run_on("pr_2", "--select", "orders")
    assert done.returncode == 1, done.stdout + done.stderr
    assert report["advice"]["merge"] == "no", done.stdout
    assert 'violates foreign key constraint "whose"' in done.stdout and "Key (customer)=(0)" in done.stdout
    assert shop.ties() == []
    shop.rows("UPDATE pr_1.orders SET customer = 1; DELETE FROM pr_1.lines", "ci")
    with pytest.raises(psycopg2.errors.ForeignKeyViolation, match="still referenced from table"):
        shop.rows("DELETE FROM pr_1.customers WHERE id = 7", "ci")


def test_a_key_that_names_production_itself_is_refused(shop):
    """Not by ref(): it would tie production to the pull request's schema."""
    shop.pull("named", ("visits", "materialized='table'",
                         "materialized='table', post_hook='alter table {{ this }} add foreign key (colour) references analytics.colours (id)'"))
    done = shop.cloneci("run", "pr_3")
    assert done.returncode == 5 and "a foreign key of its post-hook names" in done.stderr, done.stderr
    assert "ref()" in done.stderr
