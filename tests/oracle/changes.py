"""What a pull request changes. A change is a function: it changes a Project (project.py), which then is written and committed.

`on` limits it to models of these kinds; `when` to those for which it is true.
"""

import dataclasses
import random

from project import STRATEGIES, TABLES, Model, Project, make_model

QUERIES = ("incremental", "table", "view", "materialized_view", "ephemeral", "snapshot")
MODELS = ("incremental", "table", "view", "materialized_view")
ALL = {}


@dataclasses.dataclass
class Change:
    project: Project
    model: Model
    rng: random.Random
    begin: str


def change(on=QUERIES, when=lambda project, model: True):
    def register(function):
        ALL[function.__name__] = (function, on, when)
        return function
    return register


def plain(project, model):
    """Not grouped: a column is one of its input."""
    return not model.group


# --- columns ---

@change()
def column_more(c):
    c.model.columns["extra"] = "1" if c.model.group else c.rng.choice(["amount + 1", "null::text", "now()::date"])


@change()
def column_less(c):
    del c.model.columns[c.rng.choice([x for x in ("status", "amount", "customer") if not _used(c, x)] or ["status"])]


def _used(c, column):
    return any(column in str(x) for m in c.project.readers(c.model.name) for x in [*m.columns.values(), m.group])


@change()
def column_renamed(c):
    c.model.columns = {("state" if k == "status" else k): v for k, v in c.model.columns.items()}


@change()
def column_type(c):
    column, kind = c.rng.choice([("amount", "bigint"), ("amount", "text"), ("amount", "numeric"), ("id", "bigint"), ("status", "varchar(30)"),
                                 ("at", "date"), ("status", "varchar(1)")])
    c.model.columns[column] = f"({c.model.columns[column]})::{kind}"


@change()
def column_order(c):
    c.model.columns = dict(reversed(c.model.columns.items()))


@change()
def column_value(c):
    column, text = c.rng.choice([("amount", "coalesce({0}, 0) + 5"), ("status", "upper({0})"), ("amount", "100 / ({0} % 7)"),
                                 ("status", "{0} || '-long-text'"), ("amount", "nullif({0}, 100)")])
    c.model.columns[column] = text.format(c.model.columns[column])


# --- code ---

@change()
def comment(c):
    c.model.code = "-- what it is for\n"


@change()
def syntax_error(c):
    c.model.where += " and and"


@change()
def filter_more(c):
    c.model.where = c.rng.choice(["customer <> 3", "amount > 100", "status is not null", "id % 2 = 0"])


@change(on=("incremental",))
def incremental_filter(c):
    c.model.increment = c.rng.choice(["id > (select max(id) - 5 from {{ this }})", "at >= (select max(at) from {{ this }})", "true", "false",
                                      "id > (select max(line) from {{ this }})", "at > (select max(at) from {{ this }} where status = 's9')",
                                      "10 / (select count(*) - 40 from {{ this }}) <> 1"])


@change(on=MODELS)
def code_by_target(c):
    c.model.columns["amount"] = c.rng.choice([
        "{% if target.name == 'prod' %}1 / 0{% else %}1{% endif %}",
        "{% if target.name == 'prod' %}amount{% else %}amount + 1{% endif %}" if not c.model.group else "{{ 1 if target.name == 'prod' else 2 }}",
        "{% if is_incremental() and target.name == 'prod' %}'x'::int{% else %}2{% endif %}"])


@change(on=MODELS)
def code_by_environment(c):
    c.model.columns["amount"] = "{{ env_var('ORACLE_FACTOR', '1') }}"


@change(on=("incremental",))
def is_incremental_overridden(c):
    c.project.files["project/macros/is_incremental.sql"] = (
        "{% macro is_incremental() %}{{ return(" + c.rng.choice(["false", "target.name == 'prod' and false"]) + ") }}{% endmacro %}\n")


def calls(macro):
    return lambda project, model: f"{macro}(" in model.columns.get("amount", "")


@change(when=calls("money"))
def macro_of_project(c):
    c.project.files["project/macros/money.sql"] = "{% macro money(x) %}(" + c.rng.choice(["{{ x }} * 3", "{{ x }} / 0", "{{ x }} * 2.5"]) + "){% endmacro %}\n"


@change(when=calls("net"))
def macro_outside(c):
    c.project.files["shared/macros/net.sql"] = "{% macro net(x) %}(" + c.rng.choice(["{{ x }} - 2", "{{ x }} || 'x'", "{{ x }} / 0"]) + "){% endmacro %}\n"


@change()
def macro_outside_unused(c):
    c.project.files["shared/macros/other.sql"] = "{% macro other() %}1{% endmacro %}\n"


# --- configuration ---

@change(on=("incremental",))
def strategy(c):
    config, c.model.increment = STRATEGIES[c.rng.choice(sorted(set(STRATEGIES) - {"microbatch"}))]
    kept = {k: v for k, v in c.model.config.items() if k == "on_schema_change"}
    c.model.config = {**config, **kept}


@change(on=("incremental", "snapshot"))
def key(c):
    c.model.config["unique_key"] = c.rng.choice(["customer", ["id", "at"], "status", "missing"])


@change(on=("incremental",))
def key_gone(c):
    c.model.config.pop("unique_key", None)


@change(on=("incremental",))
def on_schema_change(c):
    c.model.config["on_schema_change"] = c.rng.choice(["fail", "append_new_columns", "sync_all_columns"])
    if c.rng.random() < 0.7:
        c.model.columns["extra"] = "1"


@change(on=("incremental",))
def full_refresh_config(c):
    c.model.config["full_refresh"] = c.rng.choice([True, False])


@change(on=MODELS)
def materialization(c):
    c.model.kind = c.rng.choice([k for k in (*MODELS, "ephemeral") if k != c.model.kind])
    for name in ("incremental_strategy", "unique_key", "event_time", "batch_size", "begin", "lookback"):
        c.model.config.pop(name, None)
    c.model.increment = ""


@change(on=("table", "view", "materialized_view"))
def becomes_incremental(c):
    name = c.rng.choice(["merge", "append", "delete+insert"])
    config, c.model.increment = STRATEGIES[name]
    c.model.kind, c.model.config = "incremental", {**c.model.config, **config}


@change(on=("materialized_view",))
def materialized_view_sql(c):
    c.model.where = "amount > 50"
    c.model.config["on_configuration_change"] = c.rng.choice(["apply", "fail", "continue"])


@change(on=("table", "incremental", "materialized_view"))
def index(c):
    c.model.config["indexes"] = [{"columns": ["id"], "unique": c.rng.random() < 0.3}]


@change(on=("table", "incremental", "view"))
def grants(c):
    c.model.config["grants"] = {"select": [c.rng.choice(["analyst", "ci", "nobody_there"])]}


@change(on=("incremental", "table", "view"))
def contract(c):
    right = {"id": "int", "customer": "int", "amount": "int", "status": "text", "at": "timestamp"}
    if c.rng.random() < 0.3:
        right["amount"] = "text"
    c.model.types = {k: right.get(k, "int") for k in c.model.columns}
    c.model.properties["config"] = {"contract": {"enforced": True}}
    if c.model.kind == "incremental":
        c.model.config["on_schema_change"] = c.rng.choice(["append_new_columns", "fail"])
    if c.rng.random() < 0.5 and c.model.kind != "view":
        c.model.properties["constraints"] = [c.rng.choice([
            {"type": "check", "expression": "amount < 400"}, {"type": "primary_key", "columns": ["id"]},
            {"type": "foreign_key", "columns": ["customer"], "expression": "raw.customers (id)"},
            {"type": "unique", "columns": ["customer"]}])]


@change(on=("incremental", "table"))
def hook(c):
    c.model.config[c.rng.choice(["pre_hook", "post_hook"])] = c.rng.choice([
        "select 1", "alter table {{ this }} add column if not exists by_hook int", "insert into app.runs values (1)",
        "{% if target.name == 'prod' %}select 1 / 0{% endif %}", "drop view if exists app.{{ this.name }}_seen", "create index on {{ this }} (amount)",
        "delete from {{ this }} where id = 1"])


@change()
def hook_of_run(c):
    c.project.settings[c.rng.choice(["on-run-start", "on-run-end"])] = c.rng.choice([
        "select 1", "insert into app.runs values (1)", "select 1 / 0", "{% if target.name == 'prod' %}select * from nowhere{% endif %}",
        "create table if not exists {{ target.schema }}.runs (n int)"])


@change(on=("incremental", "table", "view", "snapshot"))
def alias(c):
    c.model.config["alias"] = f"{c.model.name}_new"


@change(on=("incremental", "table", "view"))
def schema(c):
    c.model.config["schema"] = "more"


@change(on=("incremental", "table", "view"))
def rename(c):
    """The file; the relation keeps its name, or not."""
    m = c.model
    del c.project.models[m.name]
    for reader in c.project.readers(m.name):
        reader.reads = f"{m.name}_new"
    if c.rng.random() < 0.5:
        m.config["alias"] = m.alias
    m.name = f"{m.name}_new"
    c.project.models[m.name] = m


@change(on=("incremental", "table", "view"))
def moved(c):
    c.model.path = f"models/deep/{c.model.name}.sql"


@change(on=(*QUERIES, "seed"), when=lambda project, model: not project.readers(model.name) and len(project.models) > 1)
def deleted(c):
    del c.project.models[c.model.name]


@change(on=(*QUERIES, "seed"))
def new_model(c):
    kind = c.rng.choice(["incremental", "table", "view", "snapshot"])
    made = make_model(f"{c.model.name}_new", kind, c.model.name, "merge")
    c.project.models[made.name] = made


@change(on=("incremental", "table"))
def tests(c):
    c.model.tests = {c.rng.choice(["id", "customer"]): ["unique", "not_null"],
                     "status": [{"accepted_values": {"arguments": {"values": c.rng.choice([["s0", "s1", "s2"], ["s0"]])}}}]}


# --- what it reads ---

@change(on=("view", "table", "ephemeral"), when=lambda project, model: bool(project.readers(model.name)))
def upstream_value(c):
    c.model.columns["amount"] = f"({c.model.columns['amount']}) + 1000"


@change(on=("view", "table", "incremental", "ephemeral"), when=lambda project, model: bool(project.readers(model.name)))
def upstream_type(c):
    column, kind = c.rng.choice([("amount", "bigint"), ("amount", "text"), ("customer", "text"), ("status", "varchar(3)")])
    c.model.columns[column] = f"({c.model.columns[column]})::{kind}"


@change(on=("incremental", "table", "view"), when=plain)
def join(c):
    c.model.columns["status"] = "(select max(name) from {{ source('raw', 'customers') }} k where k.id = customer)"


@change(on=("incremental", "table", "view"), when=plain)
def unreadable_source(c):
    """A table that production's role may read and CI's may not."""
    c.model.columns["status"] = "(select max(secret) from app.secrets)"


# --- seeds and snapshots ---

@change(on=("seed",))
def seed_column(c):
    c.model.columns["more"] = "more"
    c.model.rows = [[*row, 1] for row in c.model.rows]


@change(on=("seed",))
def seed_value(c):
    c.model.rows[0][c.rng.choice([2, 3])] = c.rng.choice(["7", "text", ""])


@change(on=("seed",))
def seed_type(c):
    c.model.types = {**c.model.types, "amount": c.rng.choice(["bigint", "text", "varchar(1)"])}


@change(on=("snapshot",))
def snapshot_strategy(c):
    m = c.model
    m.config = ({"strategy": "check", "unique_key": "id", "check_cols": c.rng.choice([["amount"], "all", ["missing"]])}
                if m.config["strategy"] == "timestamp" else {"strategy": "timestamp", "unique_key": "id", "updated_at": "at"})


@change(on=("snapshot",))
def snapshot_deletes(c):
    c.model.config["hard_deletes"] = c.rng.choice(["invalidate", "new_record"])


def applicable(project, name):
    """Models of a project that a change is for."""
    _, on, when = ALL[name]
    return [m.name for m in project.models.values() if m.kind in on and when(project, m)]


__all__ = ["ALL", "TABLES", "Change", "applicable"]
