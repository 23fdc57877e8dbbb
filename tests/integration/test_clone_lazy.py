"""Lazy clones with real dbt: the matrix of rung, incremental strategy, on_schema_change and change against a full copy of
production, and what a model must be for its clone to be lazy."""

import collections
import datetime
import json
import os
import shutil
import subprocess

import pytest

import spoke
from conftest import told

STRATEGIES = ("append", "delete+insert", "merge", "microbatch")
ON_SCHEMA_CHANGE = ("ignore", "fail", "append_new_columns", "sync_all_columns")
CHANGES = ("none", "added", "added_dropped", "retyped")
RUNGS = ("copy", "lazy", "window", "shape")
# Beyond the matrix: a type that some old row does not fit, and new rows that meet one old row twice.
MORE = [(s, "sync_all_columns", "narrowed") for s in STRATEGIES] + [(s, "ignore", "doubled") for s in STRATEGIES]
CELLS = [(s, o, c) for s in STRATEGIES for o in ON_SCHEMA_CHANGE for c in CHANGES] + MORE

COLUMNS = {
    "before": "id, batch, amount, note, loaded_at",
    "none": "id, batch, amount, note, loaded_at",
    "added": "id, batch, amount, note, loaded_at, amount * 2 as twice",
    "added_dropped": "id, batch, amount, loaded_at, amount * 2 as twice",
    "retyped": "id, batch, amount::numeric(12,2) as amount, note, loaded_at",
    "narrowed": "id, batch, amount::integer as amount, note, loaded_at",
    "doubled": "id, batch, amount, note, loaded_at",
}

# Two days of rows, one of them with an amount beyond an integer's; then a batch: late versions of old rows, new ones, new
# ones that come twice, and in `doubled` an old one that comes twice.
RAW = """
CREATE SCHEMA raw;
CREATE TABLE raw.events (id integer, batch integer, amount bigint, note varchar(20), loaded_at timestamp);
INSERT INTO raw.events SELECT i, 1, CASE i WHEN 7 THEN 3000000000 ELSE i * 10 END, 'n' || i,
       date_trunc('second', localtimestamp) - interval '40 hours' + i * interval '6 minutes'
  FROM generate_series(1, 300) AS i;
INSERT INTO raw.events VALUES (NULL, 1, 5, 'no key', date_trunc('second', localtimestamp) - interval '30 hours');
CREATE TABLE raw.doubled AS SELECT * FROM raw.events;
"""
RAW_NEXT = """
INSERT INTO raw.{t} SELECT i, 2, i * 11, 'late', date_trunc('second', localtimestamp) - interval '50 minutes'
  FROM generate_series(20, 30) AS i;
INSERT INTO raw.{t} SELECT i, 2, i * 12, 'new', date_trunc('second', localtimestamp) - interval '40 minutes'
  FROM generate_series(301, 320) AS i;
INSERT INTO raw.{t} SELECT i, 2, i * 13, 'twice', date_trunc('second', localtimestamp) - interval '30 minutes'
  FROM generate_series(315, 318) AS i;
INSERT INTO raw.{t} VALUES (NULL, 2, 6, 'no key', date_trunc('second', localtimestamp) - interval '20 minutes');
"""
DOUBLED = "INSERT INTO raw.doubled SELECT 25, 2, 1, 'again', date_trunc('second', localtimestamp) - interval '10 minutes'"


def cell_name(strategy, on_schema_change, change):
    return f"{strategy.replace('+', '_')}__{on_schema_change}__{change}"


def cell_sql(strategy, on_schema_change, change, columns):
    config = {"materialized": "incremental", "incremental_strategy": strategy, "on_schema_change": on_schema_change,
              "indexes": [{"columns": ["id"]}, {"columns": ["loaded_at"]}]}
    config["meta"] = {"cloneci": {"column": "loaded_at"}}  # for the window
    if strategy != "append":
        config["unique_key"] = "id"
    if strategy == "microbatch":
        begin = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=3)
        config |= {"event_time": "loaded_at", "begin": begin.isoformat(), "batch_size": "day", "lookback": 1}
    where = "" if strategy == "microbatch" else (
        "{% if is_incremental() %}\nwhere loaded_at > (select coalesce(max(loaded_at), '1900-01-01') from {{ this }})\n{% endif %}\n")
    table = "doubled" if change == "doubled" else "events"
    return f"{{{{ config(**{json.dumps(config)}) }}}}\nselect {columns}\nfrom {{{{ source('raw', '{table}') }}}}\n{where}"


class Shop(spoke.Checkout):
    """A project of one model for each cell, a production of it, and late and doubled rows since."""

    def __init__(self, folder, cluster, database="shop"):
        self.folder = folder
        super().__init__(folder / "checkout", cluster, database)
        self.state = folder / "state"

    def _environment(self):
        env = super()._environment()
        env["HOME"] = str(self.folder)
        env["UBSAN_OPTIONS"] = "print_stacktrace=1"
        return env

    def write(self, path, text):
        file = self.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def create(self):
        output = ("type: postgres, host: \"{{ env_var('SPOKE_HOST') }}\", port: 5432, user: %s, password: '',"
                  " dbname: \"{{ env_var('SPOKE_DATABASE') }}\", schema: %s, threads: 4")
        self.write("dbt_project.yml", "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n")
        self.write("profiles.yml", "shop:\n  target: ci\n  outputs:\n"
                   f"    prod: {{{output % ('prod_owner', 'analytics')}}}\n    ci: {{{output % ('ci', 'ci')}}}\n")
        self.write(".gitignore", "target/\nlogs/\ncloneci.yml\n")
        self.git("init", "-q", "-b", "main")
        return self

    def build_production(self, raw):
        self.cluster.rows(f'CREATE DATABASE "{self.database}" OWNER prod_owner')
        self.cluster.rows(raw, self.database, "prod_owner")
        target = self.folder / "production-target"
        self.must_dbt("build", "--target", "prod", "--target-path", target)
        self.state.mkdir()
        shutil.copy(target / "manifest.json", self.state)
        self.cluster.rows("ANALYZE", self.database)
        self.cluster.run_file(spoke.TOP / "conf" / "roles.sql", self.database, "postgres", ci="ci", owner="prod_owner",
                              schemas="raw,analytics")

    def cloneci(self, *args, **env):
        return self.run([spoke.program("san"), *args], **env)

    def ask(self, command, *args, schema="pr_7", **env):
        return self.cloneci(command, "--base", "main", "--state", self.state, "--schema", schema, *args, **env)

    def plan(self, *args, **env):
        done = self.ask("plan", "--output", "json", *args, **env)
        assert done.returncode == 0, told(done)
        return {n["unique_id"].split(".")[-1]: n["clone"] for n in json.loads(done.stdout)["nodes"] if n["clone"]}

    def rows(self, sql, database=None):
        return self.cluster.rows(sql, database or self.database)

    def value(self, sql):
        return self.rows(sql)[0][0]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = spoke.Cluster(tmp_path_factory.mktemp("lazy") / "cluster")
    spoke.make_roles(made)
    yield made
    made.stop()


# --- the matrix ---

def outcome(shop, target, schema, database=None):
    """Of each cell: status, message, rows affected, columns, and the rows that the run touched: all of the new batch, and
    those with a key of it (where all that was there stays, of an append or a failure, only the new ones count)."""
    found = {}
    results = spoke.results(target)
    columns = collections.defaultdict(list)
    for table, column, kind in shop.rows(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            f" WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
            " ORDER BY 1, a.attnum", database):
        columns[table].append((column, kind))
    for cell in CELLS:
        name = cell_name(*cell)
        status, affected, message = results[f"model.shop.{name}"]
        old = "" if cell[0] == "append" or status != "success" else " OR id BETWEEN 20 AND 30 OR id > 300"
        rows = shop.rows(f'SELECT to_jsonb(t)::text FROM {schema}."{name}" AS t WHERE batch = 2{old} ORDER BY 1', database)
        found[cell] = {"status": status, "affected": affected, "message": (message or "").replace(str(target), "TARGET"),
                       "columns": columns[name], "rows": [r for (r,) in rows]}
    return found


@pytest.fixture(scope="module")
def matrix(server, tmp_path_factory):
    """Builds each rung once, and the reference: dbt itself, as production's owner, on a copy of the whole database."""
    shop = Shop(tmp_path_factory.mktemp("matrix"), server, "matrix").create()
    shop.write("models/sources.yml", "sources: [{name: raw, tables: [" + ", ".join(
        f"{{name: {t}, config: {{event_time: loaded_at}}}}" for t in ("events", "doubled")) + "]}]\n")
    for cell in CELLS:
        shop.write(f"models/{cell_name(*cell)}.sql", cell_sql(*cell, COLUMNS["before"]))
    shop.commit("before")
    shop.build_production(RAW)
    server.rows("".join(RAW_NEXT.format(t=t) for t in ("events", "doubled")) + DOUBLED, shop.database, "prod_owner")
    shop.branch("change")
    for cell in CELLS:
        shop.write(f"models/{cell_name(*cell)}.sql", "-- changed\n" + cell_sql(*cell, COLUMNS[cell[2]]))
    shop.commit("change")
    shop.cluster.copy_database("matrix_full", shop.database)
    target = shop.folder / "full"
    shop.dbt("build", "--target", "prod", "--target-path", target, SPOKE_DATABASE="matrix_full")
    shop.built = {"production": outcome(shop, target, "analytics", "matrix_full")}
    shop.reports = {}
    for rung in RUNGS:
        done = shop.ask("run", "--strategy", rung, "--window", "1h", schema=f"pr_{rung}")
        assert done.returncode == 1, told(done)
        shop.built[rung] = outcome(shop, shop.project / "target", f"pr_{rung}")
        shop.reports[rung] = json.loads((shop.project / "target" / "cloneci" / "report.json").read_text())
    return shop


def disagreements(shop, rung):
    """cell -> the facts in which the rung is not as production."""
    expected, found = shop.built["production"], shop.built[rung]
    return {cell: [f for f in expected[cell] if expected[cell][f] != found[cell][f]] for cell in CELLS if expected[cell] != found[cell]}


def show(shop, chosen):
    """The printed matrix: '=' agrees with production, else what differs; [ ] around what auto chooses."""
    differs = {rung: disagreements(shop, rung) for rung in RUNGS}
    lines = ["", f"{'strategy':14} {'on_schema_change':20} {'change':14} {'production':8}  " + "  ".join(f"{r:18}" for r in RUNGS)]
    for cell in CELLS:
        marks = []
        for rung in RUNGS:
            mark = ",".join(differs[rung].get(cell, [])) or "="
            marks.append(f"[{mark}]" if rung in chosen[cell] else mark)
        lines.append(f"{cell[0]:14} {cell[1]:20} {cell[2]:14} {shop.built['production'][cell]['status']:8}  "
                     + "  ".join(f"{m:18}" for m in marks))
    never = collections.Counter(rung for cell in CELLS for rung in RUNGS if rung not in chosen[cell])
    lines.append("never chosen by auto: " + ", ".join(f"{rung} in {n} of {len(CELLS)} cells" for rung, n in never.items()))
    return "\n".join(lines)


def test_every_cell_that_auto_may_choose_agrees_with_production(matrix):
    small, large = matrix.plan(), matrix.plan("--copy-most", "1B")
    chosen = {cell: {plan[cell_name(*cell)]["strategy"] for plan in (small, large)} for cell in CELLS}
    text = show(matrix, chosen)
    print(text)
    wrong = {(rung, cell): facts for rung in RUNGS for cell, facts in disagreements(matrix, rung).items() if rung in chosen[cell]}
    assert not wrong, f"{wrong}\n{text}"
    assert all(c == {"copy", "lazy"} for c in chosen.values()), chosen
    # the test can tell: what a shape and a window cannot show is seen
    statuses = collections.Counter(matrix.built["production"][cell]["status"] for cell in CELLS)
    assert statuses["success"] > 30 and statuses["error"] > 15
    for rung in ("shape", "window"):
        assert {("merge", "ignore", "doubled"), ("merge", "append_new_columns", "added_dropped"),
                ("merge", "sync_all_columns", "narrowed")} <= disagreements(matrix, rung).keys()
