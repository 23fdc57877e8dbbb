"""Every incremental strategy x on_schema_change x change of columns: what cloneci tells before the build, and what its report says after
it, is what the same commit then does in production, run for real. `pytest -s` prints the matrix."""

import datetime
import shutil

import pytest
import spoke
from conftest import Pull, told

POLICIES = ("ignore", "fail", "append_new_columns", "sync_all_columns")
STRATEGIES = {
    "append": "incremental_strategy='append'",
    "delete_insert": "incremental_strategy='delete+insert', unique_key='id'",
    "merge": "incremental_strategy='merge', unique_key='id'",
    "microbatch": "incremental_strategy='microbatch', unique_key='id', event_time='loaded_at', batch_size='day', begin='%s'"
                  % (datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)),
}
COLUMNS = {"id": "id", "amount": "amount", "note": "note", "loaded_at": "loaded_at"}
CHANGES = {
    "none": {},
    "added": {"doubled": "amount * 2 as doubled"},
    "dropped": {"note": None},
    "retyped": {"amount": "amount::bigint as amount"},
}
# Where dbt, or the server, has rules of its own: only by one strategy, in the run of the change that they belong to.
ODD = {
    "array": ("added", {"parts": "array[amount] as parts"}),
    "nulls": ("added", {"nothing": "null as nothing"}),
    "numeric": ("added", {"price": "amount::numeric(12, 2) as price"}),
    "text": ("retyped", {"amount": "amount::text as amount"}),
    "wider": ("retyped", {"note": "note::varchar(20) as note"}),
    "unbounded": ("retyped", {"note": "note::text as note"}),
    "narrower": ("retyped", {"note": "note::varchar(5) as note"}),
    "time": ("retyped", {"loaded_at": "loaded_at::timestamptz as loaded_at"}),
    "two": ("dropped", {"note": None, "more": "amount + 1 as more"}),
}
MODELS = {f"{s}__{p}": (s, p) for s in STRATEGIES for p in POLICIES}
MODELS |= {f"{odd}__{p}": ("append", p) for odd in ODD for p in POLICIES}


def concerned(change):
    return [m for m in MODELS if ODD.get(m.split("__")[0], (change,))[0] == change]


NEW_ROWS = "INSERT INTO raw.facts SELECT i, i * 10, 'n' || i, now() AT TIME ZONE 'UTC' FROM generate_series(101, 120) AS i"


def model(name, change):
    strategy, policy = MODELS[name]
    columns = dict(COLUMNS)
    odd = name.split("__")[0]
    if odd in ODD:
        columns |= ODD[odd][1] if ODD[odd][0] == change else {}
    else:
        columns |= CHANGES[change]
    shown = ", ".join(c for c in columns.values() if c)
    where = ("" if strategy == "microbatch" else
             "{% if is_incremental() %} where loaded_at > (select max(loaded_at) from {{ this }}) {% endif %}")
    return (f"{{{{ config(materialized='incremental', on_schema_change='{policy}', {STRATEGIES[strategy]}) }}}}\n"
            f"select {shown} from {{{{ source('raw', 'facts') }}}} {where} -- {change}\n")


class Production:
    """Built once from main; each change has a copy of its database."""

    def __init__(self, stage, folder):
        self.stage, self.folder, self.name = stage, folder, "spoke_columns"
        stage.cluster.rows(f'CREATE DATABASE "{self.name}" OWNER prod_owner')
        pull = Pull(folder / "checkout", stage, self.name)
        pull.create()
        for part in ("models", "seeds", "snapshots", "tests", "macros"):
            shutil.rmtree(pull.project / part, ignore_errors=True)
        pull.write("dbt_project.yml", "name: spoke\nprofile: spoke\nversion: '1.0'\nconfig-version: 2\nflags:\n"
                   "  require_batched_execution_for_custom_microbatch_strategy: false\n")
        pull.write("models/sources.yml", "sources: [{name: raw, tables: [{name: facts, config: {event_time: loaded_at}}]}]\n")
        for name in MODELS:
            pull.write(f"models/{name}.sql", model(name, "none").replace("-- none", "-- main"))
        pull.commit("production")
        pull.rows("CREATE SCHEMA raw; CREATE TABLE raw.facts (id int, amount int, note varchar(10), loaded_at timestamp);"
                  "INSERT INTO raw.facts SELECT i, i * 10, 'n' || i, date_trunc('day', now() AT TIME ZONE 'UTC')"
                  "  FROM generate_series(1, 100) AS i", "prod_owner")
        pull.must_dbt("build", "--target", "prod", "--target-path", folder / "production")
        pull.rows("GRANT USAGE ON SCHEMA raw, analytics TO ci; GRANT SELECT ON ALL TABLES IN SCHEMA raw, analytics TO ci;"
                  f"ALTER DEFAULT PRIVILEGES IN SCHEMA analytics GRANT SELECT ON TABLES TO ci; {NEW_ROWS}", "prod_owner")
        self.manifest = (folder / "production" / "manifest.json").read_text()
        self.checkout = pull.path

    def pull(self, change):
        database = f"{self.name}_{change}"
        self.stage.cluster.copy_database(database, self.name)
        path = self.folder / change / "checkout"
        pull = Pull(path, self.stage, database)
        shutil.copytree(self.checkout, path, ignore=shutil.ignore_patterns("target", "logs"))
        pull.state.mkdir()
        (pull.state / "manifest.json").write_text(self.manifest.replace(f'"{self.name}"', f'"{database}"')
                                                  .replace(f'\\"{self.name}\\"', f'\\"{database}\\"'))
        pull.branch("change")
        for name in concerned(change):
            pull.write(f"models/{name}.sql", model(name, change))
        pull.commit(change)
        return pull


def columns_of(pull, schema="analytics"):
    found = {name: {} for name in MODELS}
    for table, column, kind in pull.rows(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped", values=[schema]):
        found[table][column] = kind
    return found


def applied(before, told_of):
    """Production's columns with what the report says becomes of them."""
    after = dict(before)
    for column in told_of:
        after.pop(column["name"], None)
        if column["result"]:
            after[column["name"]] = column["result"]
    return after


class Seen:
    """One change: before the build, after it on the clones, and in production."""

    def __init__(self, production, change):
        pull = production.pull(change)
        self.before = columns_of(pull)
        self.done = pull.ask("run", "--forecast", "--threads", "4")
        report = pull.report()
        self.nodes = {n["name"]: n for n in report["nodes"]}
        self.faces = self.done.stdout + (pull.target / "cloneci" / "report.md").read_text()
        assert set(self.nodes) == set(concerned(change)), told(self.done)
        pull.assert_untouched = lambda: None
        target = pull.home / "production"
        pull.dbt("build", "--target", "prod", "--target-path", target, "--threads", "4", "--select", *concerned(change))
        self.status = {u.split(".")[-1]: s for u, (s, _, _) in spoke.results(target).items()}
        self.after = columns_of(pull)
        production.stage.cluster.drop_database(pull.database)

    def production(self, name):
        return ("runs" if self.status[name] == "success" else "fails", self.after[name])

    def forecast(self, name):
        told_of = self.nodes[name]["forecast"]
        return told_of["outcome"], applied(self.before[name], told_of["columns"])

    def report(self, name):
        node = self.nodes[name]
        return "runs" if node["verdict"] == "ok" else "fails", applied(self.before[name], node["columns"])


@pytest.fixture(scope="module")
def seen(stage, tmp_path_factory):
    production = Production(stage, tmp_path_factory.mktemp("columns"))
    yield {change: Seen(production, change) for change in CHANGES}
    stage.cluster.drop_database(production.name)


def shown(outcome, columns, before):
    changed = [f"{c}: {before.get(c, '-')} -> {columns.get(c, '-')}" for c in {**before, **columns} if before.get(c) != columns.get(c)]
    return f"{outcome}" + (f" ({', '.join(changed)})" if changed else "")


def test_the_matrix(seen, capsys):
    lines, wrong = [], []
    for change, run in seen.items():
        for name in concerned(change):
            real = run.production(name)
            line = f"{change:8} {name:34} {shown(*real, run.before[name])}"
            for kind in ("forecast", "report"):
                said = getattr(run, kind)(name)
                if said != real:
                    wrong.append(f"{line}\n    the {kind} says {shown(*said, run.before[name])}: {run.nodes[name]['columns_text']}\n"
                                 f"    {run.nodes[name]['build']['message']}")
            lines.append(line)
    with capsys.disabled():
        print("\nwhat production does, and forecast and report say alike:\n  " + "\n  ".join(lines))
    assert not wrong, "\n".join(wrong)
    assert sum(1 for line in lines if line.split()[1].split("__")[0] in STRATEGIES) == 64


def test_the_faces_tell_of_columns(seen):
    added = seen["added"]
    assert "Columns of production's tables, after the merge" in added.faces
    assert added.nodes["merge__ignore"]["columns_text"] == "doubled (integer) does not come (on_schema_change: ignore)"
    assert added.nodes["merge__append_new_columns"]["columns_text"].startswith("doubled (integer) is added")
    assert "merge__fail" in added.faces and "on_schema_change is 'fail'" in added.faces
    assert seen["none"].nodes["merge__fail"]["columns_text"] is None


def test_forecast_costs_nothing_that_was_not_asked_for(pull):
    pull.patch("2-rush-hours")
    done = pull.ask("run")
    node = next(n for n in pull.report()["nodes"] if n["name"] == "rides")
    assert node["forecast"] is None and node["on_schema_change"] == "fail"
    assert [c["effect"] for c in node["columns"]] == ["fails"], told(done)


def test_what_hangs_on_a_column_in_production_is_seen(pull):
    """A clone has no views on it; production's table has one, at which dbt's ALTER would fail."""
    pull.change("models/rides/dock_events.sql", "    dock,\n", "")
    pull.change("models/rides/dock_events.sql", "config(", "config(on_schema_change='sync_all_columns', ")
    pull.commit("without dock")
    pull.in_production("CREATE VIEW analytics.docks AS SELECT dock FROM analytics.dock_events")
    done = pull.ask("run", "--select", "dock_events")
    node = next(n for n in pull.report()["nodes"] if n["name"] == "dock_events")
    assert node["build"]["status"] == "success" and node["verdict"] == "failed", told(done)
    assert done.returncode == 1 and "analytics.docks" in node["columns_text"]
    assert "would fail in production" in done.stdout + done.stderr
    pull.dbt("build", "--target", "prod", "--select", "dock_events", "--target-path", pull.home / "production")
    status, _, message = spoke.results(pull.home / "production")["model.spoke.dock_events"]
    assert status == "error" and "depend" in message
