"""A dbt project as data, so that a change is a line of Python and a smaller project is one with a model less."""

import dataclasses
import json
import random
from pathlib import Path

SCHEMA = "analytics"
TABLES = ("table", "incremental", "snapshot", "seed")
KINDS = ("incremental",) * 5 + ("table", "table", "view", "view", "snapshot", "seed", "materialized_view", "ephemeral")
COLUMNS = {"id": "int", "customer": "int", "amount": "int", "status": "text", "at": "timestamp"}

# What incremental models are like, as configuration and as the condition of their incremental run.
NEWER = "at > (select coalesce(max(at), '-infinity') from {{ this }})"
STRATEGIES = {
    "append": ({"incremental_strategy": "append"}, NEWER),
    "append_by_id": ({"incremental_strategy": "append"}, "id > (select coalesce(max(id), 0) from {{ this }})"),
    "delete+insert": ({"incremental_strategy": "delete+insert", "unique_key": "id"}, NEWER),
    "delete+insert_all": ({"incremental_strategy": "delete+insert", "unique_key": "id"}, "true"),
    "merge": ({"incremental_strategy": "merge", "unique_key": "id"}, NEWER),
    "merge_two_keys": ({"incremental_strategy": "merge", "unique_key": ["id", "customer"]}, NEWER),
    "microbatch": ({"incremental_strategy": "microbatch", "unique_key": "id", "event_time": "at", "batch_size": "day",
                    "lookback": 1}, "true"),
    "default": ({}, NEWER),
}


@dataclasses.dataclass
class Model:
    """Of any kind; `reads` is a source of the schema raw, or another model."""

    name: str
    kind: str
    reads: str = "orders"
    columns: dict = dataclasses.field(default_factory=lambda: {c: c for c in COLUMNS})
    config: dict = dataclasses.field(default_factory=dict)
    where: str = "true"
    increment: str = ""
    group: str = ""
    code: str = ""  # put before the query
    types: dict = dataclasses.field(default_factory=dict)  # of a contract, or of a seed
    properties: dict = dataclasses.field(default_factory=dict)  # of its entry in schema.yml
    tests: dict = dataclasses.field(default_factory=dict)  # column -> tests
    rows: list = dataclasses.field(default_factory=list)  # of a seed
    path: str = ""

    @property
    def alias(self):
        return self.config.get("alias", self.name)

    @property
    def table(self):
        """Where production has it."""
        schema = f"{SCHEMA}_{self.config['schema']}" if "schema" in self.config else SCHEMA
        return f"{schema}.{self.alias}"

    @property
    def strategy(self):
        return self.config.get("incremental_strategy")

    def file(self):
        if self.path:
            return self.path
        folder, end = {"snapshot": ("snapshots", "sql"), "seed": ("seeds", "csv")}.get(self.kind, ("models", "sql"))
        return f"{folder}/{self.name}.{end}"

    def text(self):
        if self.kind == "seed":
            return "".join(",".join(map(str, row)) + "\n" for row in [list(self.columns), *self.rows])
        config = dict(self.config) if self.kind == "snapshot" else {"materialized": self.kind, **self.config}
        words = ", ".join(f"{k}={v!r}" for k, v in config.items())
        columns = ",\n    ".join(x if x == name else f"{x} as {name}" for name, x in self.columns.items())
        origin = f"source('raw', '{self.reads}')" if self.reads in ("orders", "customers") else f"ref('{self.reads}')"
        query = f"{{{{ config({words}) }}}}\n{self.code}select\n    {columns}\nfrom {{{{ {origin} }}}}\nwhere {self.where}\n"
        if self.kind == "incremental" and self.increment:
            query += f"{{% if is_incremental() %}}\n  and {self.increment}\n{{% endif %}}\n"
        query += self.group and f"group by {self.group}\n"
        return f"{{% snapshot {self.name} %}}\n{query}{{% endsnapshot %}}\n" if self.kind == "snapshot" else query

    def entry(self):
        """Of schema.yml."""
        entry = {"name": self.name, **self.properties}
        names = self.types or self.tests
        columns = [{"name": c, **({"data_type": self.types[c]} if c in self.types and self.kind != "seed" else {}),
                    **({"data_tests": self.tests[c]} if c in self.tests else {})} for c in names]
        if self.kind == "seed" and self.types:
            entry["config"] = {"column_types": self.types}
        if columns:
            entry["columns"] = columns
        return entry


class Project:
    """Models by name, and the files and settings that are none."""

    def __init__(self, models):
        self.models = {m.name: m for m in models}
        self.settings = {"name": "shop", "profile": "shop", "config-version": 2, "flags": {"send_anonymous_usage_stats": False}}
        self.files = {
            "project/packages.yml": "packages: [{local: ../shared}]\n",
            "project/macros/money.sql": "{% macro money(x) %}({{ x }} * 2){% endmacro %}\n",
            "shared/dbt_project.yml": "name: shared\nconfig-version: 2\n",
            "shared/macros/net.sql": "{% macro net(x) %}({{ x }} - 1){% endmacro %}\n",
            ".gitignore": "target/\nlogs/\ndbt_packages/\n.user.yml\ncloneci.yml\n",
        }

    def readers(self, name):
        return [m for m in self.models.values() if m.reads == name]

    def written(self):
        """Path in the repository -> text."""
        files = dict(self.files)
        lists = {"models": [], "seeds": [], "snapshots": []}
        for m in self.models.values():
            files["project/" + m.file()] = m.text()
            lists[m.file().split("/")[0]].append(m.entry())
        sources = [{"name": "raw", "tables": [{"name": "orders", "config": {"event_time": "at"}}, {"name": "customers"}]}]
        files["project/models/schema.yml"] = json.dumps({"sources": sources, **lists}, indent=1)
        files["project/dbt_project.yml"] = json.dumps(self.settings, indent=1)
        outputs = {target: {"type": "postgres", "host": "{{ env_var('SPOKE_HOST') }}", "port": 5432, "user": user, "password": "none",
                            "dbname": "{{ env_var('SPOKE_DATABASE') }}", "schema": schema, "threads": 2}
                   for target, user, schema in (("prod", "prod_owner", SCHEMA), ("ci", "ci", "ci"))}
        files["project/profiles.yml"] = json.dumps({"shop": {"target": "ci", "outputs": outputs}}, indent=1)
        return files

    def write(self, folder):
        """Also what `dbt deps` would make of a local package."""
        folder = Path(folder)
        files = self.written()
        for old in folder.rglob("*"):
            inside = str(old.relative_to(folder))
            if old.is_file() and inside not in files and not inside.startswith((".git/", "project/dbt_packages", "project/target", "project/logs")):
                old.unlink()
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        packages = folder / "project" / "dbt_packages"
        packages.mkdir(exist_ok=True)
        if not (packages / "shared").is_symlink():
            (packages / "shared").symlink_to("../../shared")


# --- what is drawn ---

def seed_rows(day):
    return [[i, i % 5 + 1, i * 10, f"s{i % 3}", f"{day} 0{i}:00:00"] for i in range(1, 6)]


def make_model(name, kind, reads, strategy="default", shape="rows", begin="2026-01-01"):
    """A model of a kind, as the base has it."""
    m = Model(name, kind, reads)
    if kind == "seed":
        m.reads, m.rows = "", seed_rows(begin)
        m.types = {"at": "timestamp"}
    elif kind == "snapshot":
        m.config = {"strategy": "timestamp", "unique_key": "id", "updated_at": "at"}
        if strategy == "check":
            m.config = {"strategy": "check", "unique_key": "id", "check_cols": ["amount", "status"]}
    elif kind == "incremental":
        m.config, m.increment = dict(STRATEGIES[strategy][0]), STRATEGIES[strategy][1]
        if strategy == "microbatch":
            m.config["begin"] = begin
    if shape == "sums" and strategy != "microbatch":
        m.columns = {"id": "customer", "customer": "customer", "amount": "sum(amount)::int", "status": "max(status)", "at": "max(at)"}
        m.group = "customer"
    return m


def draw_model(rng, number, before, begin):
    kind = rng.choice(KINDS)
    reads = rng.choice(["orders", *(m.name for m in before)])
    strategy = rng.choice(list(STRATEGIES)) if kind == "incremental" else rng.choice(["timestamp", "check"])
    m = make_model(f"m{number}", kind, reads, strategy, "sums" if rng.random() < 0.25 else "rows", begin)
    if kind == "incremental":
        choice = rng.choice(["ignore", "fail", "append_new_columns", "sync_all_columns", None])
        if choice:
            m.config["on_schema_change"] = choice
    if rng.random() < 0.25 and kind in TABLES:
        m.tests = {"id": rng.choice([["unique", "not_null"], ["not_null"]])}
    if rng.random() < 0.3 and kind != "seed":
        m.columns["amount"] = m.columns["amount"].replace("amount", rng.choice(["{{ money('amount') }}", "{{ shared.net('amount') }}"]))
    return m


def draw_models(rng: random.Random, begin):
    models = []
    for number in range(1, rng.choice([1, 1, 2, 2, 3, 4, 5, 6]) + 1):
        models.append(draw_model(rng, number, models, begin))
    if all(m.kind in ("ephemeral", "view") for m in models):
        models.append(make_model(f"m{len(models) + 1}", "incremental", models[-1].name, "merge"))
    return models
