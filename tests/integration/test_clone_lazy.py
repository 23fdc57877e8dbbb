"""Lazy clones with real dbt: the matrix of rung, incremental strategy, on_schema_change and change against a full copy of
production, and what a model must be for its clone to be lazy."""

import collections
import datetime
import json
import shutil

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
    for rung in RUNGS:
        # one schema for all, which dbt has parsed then
        done = shop.ask("run", "--strategy", rung, "--window", "1h")
        assert done.returncode == 1, told(done)
        shop.built[rung] = outcome(shop, shop.project / "target", "pr_7")
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


def test_every_cell_that_auto_may_choose_agrees_with_production(matrix, capsys):
    parsed = ("--manifest", matrix.project / "target" / "cloneci" / "head.json")
    small, large = matrix.plan(*parsed), matrix.plan(*parsed, "--copy-most", "1B")
    chosen = {cell: {plan[cell_name(*cell)]["strategy"] for plan in (small, large)} for cell in CELLS}
    text = show(matrix, chosen)
    with capsys.disabled():
        print(text)
    wrong = {(rung, cell): facts for rung in RUNGS for cell, facts in disagreements(matrix, rung).items() if rung in chosen[cell]}
    assert not wrong, f"{wrong}\n{text}"
    assert all(c == {"copy", "lazy"} for c in chosen.values()), chosen
    # the test can tell: what a shape and a window cannot show is seen
    statuses = collections.Counter(matrix.built["production"][cell]["status"] for cell in CELLS)
    assert statuses["success"] > 30 and statuses["error"] > 15
    assert {("merge", "ignore", "doubled"), ("merge", "append_new_columns", "added_dropped"),
            ("merge", "sync_all_columns", "narrowed")} <= disagreements(matrix, "window").keys()
    assert {("merge", "ignore", "doubled"), ("merge", "ignore", "none")} <= disagreements(matrix, "shape").keys()


# --- which models may be cloned lazily ---

CONFIG = "{{{{ config(materialized='incremental', unique_key='id'{more}) }}}}\n"
READS = "select {columns} from {{{{ source('raw', 'events') }}}}{alias}\n{{% if is_incremental() %}}where {where}{{% endif %}}\n"
NEWER = "loaded_at > (select max(loaded_at) from {{ this }})"

# name -> more of its config, its filter, and what the plan says; None: its clone is lazy
MODELS = {
    "plain": (", incremental_strategy='merge'", NEWER, None),
    "listed_keys": (", unique_key=['id', 'batch']", NEWER, None),
    "analyzed": (", post_hook='analyze {{ this }}'", NEWER, None),
    "with_macro": ("", "loaded_at > {{ newest() }} and true", None),
    "unindexed": ("", NEWER, None),
    "tested": ("", NEWER, None),
    "upstream": ("", NEWER, "downstream, which is also built, reads all of it"),
    "downstream": ("", "loaded_at > (select max(loaded_at) from {{ this }}) and id in (select id from {{ ref('through') }})", None),
    "joined": ("", "id not in (select id from {{ this }})", "it reads {{ this }} for more than its greatest values"),
    "of_macro": ("", "loaded_at > {{ newest_of_this() }}", "the macro newest_of_this uses this"),
    "of_adapter": ("", "{% set r = adapter.get_relation(target.database, target.schema, 'x') %} true", "its template uses adapter"),
    "unknown_call": ("", "{{ nobody() if execute and false else 'true' }}", "its template calls nobody, which cloneci does not know"),
    "hooked": (", post_hook='delete from {{ this }} where id < 10'", NEWER, "its post-hook may touch other rows"),
    "with_predicates": (", incremental_predicates=['true']", NEWER, "its incremental_predicates may reach other rows"),
    "by_expression": (", unique_key=\"id || '-'\"", NEWER, "its unique_key 'id || '-'' is an expression"),
    "by_new_key": (", unique_key='brand_new'", NEWER, "its unique_key brand_new is no column of production's table"),
    "other_cursor": ("", "loaded_at > (select max(brand_new) from {{ this }})", "brand_new, whose greatest value the model reads"),
    "other_unique": ("", NEWER, "its index other_unique_note may refuse new rows"),
    "numbered": ("", NEWER, "its column n is numbered by a sequence"),
    "partitioned": ("", NEWER, "it is not one plain table"),
    "custom": (", incremental_strategy='own'", NEWER, "cloneci does not know what its incremental_strategy own touches"),
    "counted": ("", NEWER, "the test counted_rows needs rows that the run does not touch"),
    "referred": ("", NEWER, "the test relationships_relating_id__id__ref_referred_ needs rows that the run does not touch"),
    "relating": ("", NEWER, "the test relationships_relating_id__id__ref_referred_ may fail at rows that the run does not touch, since referred is also built"),
    "by_variable": ("", "loaded_at > (select max(loaded_at) from {{ this }}) and {{ var('wish') }}", None),
    "appended_with_key": (", unique_key=none, incremental_strategy='append'", NEWER, None),
    "resized": ("", NEWER, None),
    "named": ("", NEWER, "looks_past seems to read it by its name, without ref()"),
    "identified": ("", NEWER, "the macro size_of_it seems to read it by its name, without ref()"),
    "sourced": ("", NEWER, "the source sourced is the same relation"),
}
MACROS = """
{% macro newest() %}'2020-01-01'::timestamp{% endmacro %}
{% macro size_of_it() %}{% set r = adapter.get_relation(target.database, target.schema, identifier = 'identified') %}{% endmacro %}
{% macro newest_of_this() %}(select max(loaded_at) from {{ this }}){% endmacro %}
{% macro get_incremental_own_sql(arg_dict) %}{{ return(default__get_incremental_append_sql(arg_dict)) }}{% endmacro %}
"""
PROPERTIES = """
sources: [{name: raw, tables: [{name: events}]}, {name: own, schema: "{{ target.schema }}", tables: [{name: sourced}]}]
models:
  - name: tested
    columns: [{name: id, data_tests: [{unique: {config: {severity: warn}}}, {accepted_values: {arguments: {values: [0], quote: false}, config: {where: "id = 0"}}}]}]
  - name: plain
    columns: [{name: id, data_tests: [{relationships: {arguments: {to: "source('raw', 'events')", field: id}, config: {severity: warn}}}]}]
  - name: relating
    columns: [{name: id, data_tests: [{relationships: {arguments: {to: ref('referred'), field: id}}}]}]
"""


@pytest.fixture(scope="module")
def small(server, tmp_path_factory):
    """Production by plain SQL, its manifest by dbt parse."""
    shop = Shop(tmp_path_factory.mktemp("small"), server, "small").create()
    for name, (more, where, _) in MODELS.items():
        base = CONFIG.replace("unique_key='id'", "") if "unique_key" in more else CONFIG
        config = base.format(more=more).replace("incremental', ,", "incremental',")
        columns = "id, batch, amount, note::varchar(300) as note, loaded_at" if name == "resized" else "id, batch, amount, note, loaded_at"
        config += "-- depends_on: {{ ref('through') }}\n" if "through" in where else ""
        shop.write(f"models/{name}.sql", config + READS.format(columns=columns, alias="", where=where))
    shop.write("dbt_project.yml", (shop.project / "dbt_project.yml").read_text()
               + "flags: {enable_truthy_nulls_equals_macro: true}\nvars: {wish: 'exists (select 1 from pr_7.by_variable where batch = 1)'}\n")
    shop.write("models/through.sql", "{{ config(materialized='ephemeral') }} select id from {{ ref('upstream') }}")
    shop.write("models/properties.yml", PROPERTIES)
    shop.write("macros/all.sql", MACROS)
    shop.write("tests/counted_rows.sql", "select 1 from {{ ref('counted') }} having count(*) = 0")
    shop.write("tests/looks_past.sql", "-- depends_on: {{ ref('counted') }}\nselect 1 from {{ target.schema }}.named where id < 0")
    shop.commit("before")
    server.rows('CREATE DATABASE "small" OWNER prod_owner')
    tables = "".join(
        f"CREATE TABLE analytics.{name} (id integer, batch integer, amount bigint, note varchar(20), loaded_at timestamp);"
        for name in MODELS if name != "partitioned")
    server.rows(RAW + "CREATE SCHEMA analytics;" + tables
                + "CREATE TABLE analytics.partitioned (id integer, batch integer, amount bigint, note varchar(20), loaded_at timestamp)"
                " PARTITION BY RANGE (id); CREATE TABLE analytics.partitioned_1 PARTITION OF analytics.partitioned DEFAULT;"
                + "".join(f"INSERT INTO analytics.{name} SELECT * FROM raw.events;" for name in MODELS)
                + "".join(f"CREATE INDEX ON analytics.{name} (id); CREATE INDEX ON analytics.{name} (loaded_at);"
                          for name in MODELS if name != "unindexed")
                + "CREATE UNIQUE INDEX other_unique_note ON analytics.other_unique (note);"
                "CREATE UNIQUE INDEX ON analytics.appended_with_key (id, note);"
                "CREATE UNIQUE INDEX ON analytics.plain (id, note);"
                "ALTER TABLE analytics.resized ALTER note TYPE text;"
                "ALTER TABLE analytics.numbered ADD n serial;", "small", "prod_owner")
    shop.must_dbt("parse", "--target", "prod", "--target-path", shop.folder / "parsed")
    shop.state.mkdir()
    shutil.copy(shop.folder / "parsed" / "manifest.json", shop.state)
    server.rows("ANALYZE", "small")
    server.run_file(spoke.TOP / "conf" / "roles.sql", "small", "postgres", ci="ci", owner="prod_owner", schemas="raw,analytics")
    server.rows(RAW_NEXT.format(t="events"), "small", "prod_owner")
    shop.branch("change")
    for name in MODELS:
        file = shop.project / f"models/{name}.sql"
        file.write_text(file.read_text() + "-- changed\n")
    shop.commit("change")
    return shop


def test_which_models_are_eligible(small):
    clones = small.plan("--strategy", "lazy")
    for name, (_, _, reason) in MODELS.items():
        clone = clones[name]
        if reason is None:
            assert (clone["strategy"], clone["fidelity"]) == ("lazy", "touched"), (name, clone["why"])
        else:
            assert clone["strategy"] == "copy" and f"--strategy lazy, but not lazy: {reason}" in clone["why"], (name, clone["why"])
    assert "no index on id" in clones["unindexed"]["note"] and "no index" not in clones["plain"]["note"]
    assert "same id, batch are brought in" in clones["listed_keys"]["note"]
    assert "same id, note are brought in" in clones["appended_with_key"]["note"]  # of its unique index
    assert "2 tests see these rows only" in clones["tested"]["note"]
    # auto takes it where a table is too large to be copied, and says why it does not
    clones = small.plan("--copy-most", "1B")
    assert clones["plain"]["strategy"] == "lazy" and clones["joined"]["strategy"] == "sample"
    assert "not lazy: it reads {{ this }} for more" in clones["joined"]["why"]
    assert {c["strategy"] for c in small.plan().values()} == {"copy"}


@pytest.mark.parametrize("path, text, says", [
    ("macros/mine.sql", "{% macro is_incremental() %}{{ return(true) }}{% endmacro %}", "macro.shop.is_incremental replaces dbt's own"),
    ("macros/mine.sql", "{% macro postgres__get_incremental_merge_sql(arg_dict) %}{% endmacro %}", "replaces dbt's own"),
    ("cloneci.yml", "build: {command: ['true']}", "the build command is not dbt"),
    ("dbt_project.yml", "dispatch: [{macro_namespace: dbt, search_order: [dbt, shop]}]", "dispatch in dbt_project.yml puts other macros"),
])
def test_what_makes_the_whole_project_not_eligible(small, path, text, says):
    file = small.project / path
    before = file.read_text() if file.exists() else ""
    small.write(path, before + text + "\n")
    try:
        clones = small.plan("--strategy", "lazy", *(["--dirty"] if path != "cloneci.yml" else []))
    finally:
        if before:
            file.write_text(before)
        else:
            file.unlink()
    assert {c["strategy"] for c in clones.values()} == {"copy"}
    assert says in clones["plain"]["why"]


# --- the build ---

LAZY = ("plain", "listed_keys", "with_macro", "unindexed", "tested", "appended_with_key")


def test_a_run_on_lazy_clones(small):
    shop = small
    status = shop.git("status", "--porcelain", "--ignored")
    done = shop.ask("run", "--strategy", "lazy", "--select", *LAZY, "tested,test_type:generic", "--both")
    assert done.returncode == 0, told(done)
    report = json.loads((shop.project / "target/cloneci/report.json").read_text())
    nodes = {n["name"]: n for n in report["nodes"]}
    for name in LAZY:
        assert nodes[name]["build"]["incremental"] is True and nodes[name]["clone"]["fidelity"] == "touched"
        assert nodes[name]["both"] is None and nodes[name]["build"]["rows_affected"] == (337 if name == "with_macro" else 36)
    # the keys 20 to 30 were brought in, and replaced; of the others there is the newest alone
    assert shop.rows("SELECT count(*), count(*) FILTER (WHERE batch = 1) FROM pr_7.plain") == [(37, 1)]
    # by the project's flag a merge finds the null key as well, delete+insert does not
    assert shop.rows("SELECT clone::regclass::text, brought FROM pr_7.cloneci_lazy WHERE clone IN ('pr_7.plain'::regclass,"
                     " 'pr_7.tested'::regclass) ORDER BY 1") == [("pr_7.plain", 12), ("pr_7.tested", 11)]
    assert shop.value("SELECT count(*) FROM pr_7.plain WHERE id IS NULL") == 1
    assert nodes["tested"]["clone"]["rows"] == 37 and nodes["tested"]["clone"]["of_rows"] == 301
    told_of = {n["name"]: n["text"] for n in report["advice"]["not_tested"] if n["aspect"] != "selection"}
    assert set(told_of) == {"tested", "plain"}, told_of
    assert "checked 37 of about 301 rows, those that the run touches" in told_of["tested"]
    assert "touched" in shop.cloneci("report").stdout
    # nothing of it is left in the checkout
    after = shop.git("status", "--porcelain", "--ignored")
    assert set(after.split("\n")) - set(status.split("\n")) <= {"!! target/", "!! logs/"}
    manifest = json.loads((shop.project / "target/manifest.json").read_text())
    assert not [m for m in manifest["macros"] if "cloneci" in m or m.startswith("macro.shop.postgres__")]
    head = (shop.project / "target/cloneci/head.json").read_text()
    shop.must_dbt("parse", "--profiles-dir", shop.project)
    again = json.loads((shop.project / "target/manifest.json").read_text())
    assert again["macros"].keys() == json.loads(head)["macros"].keys() == manifest["macros"].keys()


def test_dbt_changes_a_type_whatever_on_schema_change_says(small):
    """It gives a text column the length of a longer varchar: then each row of production's must fit, so all are there."""
    done = small.ask("run", "--strategy", "lazy", "--select", "resized")
    assert done.returncode == 0, told(done)
    assert small.value("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'pr_7.resized'::regclass"
                       " AND attname = 'note'") == "character varying(300)"
    # the rows that the batch replaces apart
    old = "SELECT id, note FROM {}.resized WHERE batch = 1 AND (id IS NULL OR id NOT BETWEEN 20 AND 30) ORDER BY id"
    kept = small.rows(old.format("pr_7"))
    assert len(kept) == 290 and kept == small.rows(old.format("analytics"))


def test_nobody_writes_a_lazy_clone_unprepared(small):
    """dbt by itself, in the schema that cloneci has made: it would find a table that production has not."""
    shop = small
    assert shop.ask("clone", "--strategy", "lazy", "--select", "plain", "appended_with_key").returncode == 0
    profiles = shop.folder / "by_hand"
    profiles.mkdir(exist_ok=True)
    (profiles / "profiles.yml").write_text((shop.project / "profiles.yml").read_text().replace("schema: ci", "schema: pr_7"))
    done = shop.dbt("run", "--profiles-dir", profiles, "--select", "plain", "appended_with_key", "--target-path", profiles / "target")
    assert done.returncode == 1
    assert done.stdout.count("is a lazy clone: it lacks rows of production") >= 2, told(done)


def test_production_is_rebuilt_between_clone_and_build(small):
    shop = small
    assert shop.ask("clone", "--strategy", "lazy", "--select", "listed_keys").returncode == 0
    shop.cluster.rows("BEGIN; CREATE TABLE analytics.swap (LIKE analytics.listed_keys INCLUDING ALL);"
                      "INSERT INTO analytics.swap SELECT * FROM analytics.listed_keys; DROP TABLE analytics.listed_keys;"
                      "ALTER TABLE analytics.swap RENAME TO listed_keys; COMMIT;", shop.database, "prod_owner")
    done = shop.ask("build", "--strategy", "lazy", "--select", "listed_keys")
    assert done.returncode != 0
    assert "was rebuilt since it was cloned lazily" in done.stdout + done.stderr, told(done)


def test_sql_that_the_source_does_not_show(small):
    """A variable holds it: the rows that it needs are not there, so that the run proves nothing."""
    done = small.ask("run", "--strategy", "lazy", "--select", "by_variable")
    assert done.returncode == 5, told(done)
    assert "by_variable: its compiled SQL reads rows that a lazy clone lacks: it reads {{ this }} for more" in done.stderr
    report = json.loads((small.project / "target/cloneci/report.json").read_text())
    assert "lazy_misread" in [w["code"] for w in report["warnings"]]
