#!/usr/bin/env python3
"""make demo: three pull requests against a real warehouse, judged by the usual practice, by cloneci, and by production.

Everything happens in a throwaway PostgreSQL cluster and in build/demo; the cluster is removed at the end, also on Ctrl-C.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import spoke  # noqa: E402

HOME = spoke.TOP / "build" / "demo"
INCREMENTAL = "state:modified+,config.materialized:incremental,state:old"
RIDES = "model.spoke.rides"
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def bold(text):
    return paint("1", text)


def green(text):
    return paint("32", text)


def red(text):
    return paint("31", text)


def dim(text):
    return paint("2", text)


def say(text=""):
    print(text, flush=True)


def title(text):
    say()
    say(bold(f"── {text} " + "─" * max(0, 96 - len(text))))


class Demo:
    def __init__(self, cluster):
        self.cluster = cluster
        self.state = HOME / "production"
        self.repo = spoke.Checkout(HOME / "checkout", cluster, "spoke")
        self.cloneci = spoke.program()

    def production(self):
        title("Production")
        spoke.make_roles(self.cluster)
        self.repo.create()
        begin = time.monotonic()
        spoke.build_production(self.cluster, "spoke", self.repo, self.state)
        models = self.cluster.rows(
            "SELECT n.nspname, c.relname, pg_size_pretty(pg_total_relation_size(c.oid)), c.oid::regclass::text"
            "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname IN ('analytics', 'finance') AND c.relkind = 'r'"
            " ORDER BY pg_total_relation_size(c.oid) DESC LIMIT 5", "spoke")
        for schema, name, size, relation in models:
            count = self.cluster.value(f"SELECT count(*) FROM {relation}", "spoke")
            say(f"  {schema + '.' + name:28} {count:>9,} rows {size:>9}")
        say(dim(f"  built by dbt as prod_owner in {time.monotonic() - begin:.1f} s;"
                " since then another hour of rides has arrived"))

    def show_change(self, number, subject):
        title(f"Pull request {number}: {subject}")
        for line in self.repo.git("diff", "-U0", "main", "--", "models").splitlines():
            if line.startswith(("+++ ", "--- ", "diff ", "index ", "@@")):
                if line.startswith("+++ "):
                    say(f"  {line[6:]}")
                continue
            say("    " + (green(line) if line.startswith("+") else red(line)))
        say()

    def usual_practice(self, number):
        """`dbt clone`, then `dbt build`, as dbt's documentation has it; in a schema of its own."""
        say(bold("  the usual practice"))
        schema = f"pr_{number}_usual"
        profiles = HOME / f"profiles-{number}"
        profiles.mkdir()
        text = (self.repo.project / "profiles.yml").read_text().replace("schema: ci\n", f"schema: {schema}\n")
        (profiles / "profiles.yml").write_text(text)
        target = HOME / f"target-{number}"
        common = ["--state", self.state, "--profiles-dir", profiles, "--target-path", target]
        say(dim(f"  $ dbt clone --select {INCREMENTAL} --state production"))
        cloned = self.repo.must_dbt("clone", "--select", INCREMENTAL, *common)
        say("  " + last_line(cloned.stdout))
        kind = self.cluster.value("SELECT relkind::text FROM pg_class WHERE oid = %s::regclass", "spoke",
                                  values=[f"{schema}.rides"])
        say(dim("  $ dbt build --select state:modified+ --defer --state production"))
        built = self.repo.dbt("build", "--select", "state:modified+", "--defer", *common)
        say("  " + last_line(built.stdout))
        status, rows, _ = spoke.results(target)[RIDES]
        say()
        return {"made": {"v": "a view of production's", "r": "a table"}[kind],
                "did": f"rebuilt: {rows:,} rows" if status == "success" else "stopped", "ok": built.returncode == 0}

    def by_cloneci(self, number):
        """`cloneci run`, its output as it comes."""
        target = HOME / f"pull-request-{number}"
        argv = [self.cloneci, "run", "--base", "main", "--state", self.state, "--schema", f"pr_{number}",
                "--target-path", target]
        say(bold("  cloneci"))
        say(dim(f"  $ DBT_QUIET=1 cloneci run --base main --state production --schema pr_{number}"))
        done = subprocess.run([str(a) for a in argv], cwd=self.repo.project, check=False, stdin=subprocess.DEVNULL,
                              env=dict(self.repo.env, DBT_QUIET="1", XDG_CACHE_HOME=str(HOME / "cache")))
        say()
        return done.returncode, target

    def in_production(self, number, select):
        """The same commit, merged and run for real: on a copy of production, as its owner."""
        say(bold("  and production?"))
        database = f"production_copy_{number}"
        self.cluster.copy_database(database, "spoke")
        target = HOME / f"target-production-{number}"
        say(dim(f"  $ dbt build --target prod --select {select}        (on a copy of production's database)"))
        done = self.repo.dbt("build", "--target", "prod", "--select", select, "--target-path", target,
                             SPOKE_DATABASE=database)
        say("  " + last_line(done.stdout))
        status, rows, message = spoke.results(target)[f"model.spoke.{select[:-1]}"]
        if status != "success":
            wanted = [line.strip() for line in message.splitlines() if "out of sync" in line or "not in target" in line]
            for line in wanted:
                columns = re.sub(r"PostgresColumn\(column='(\w+)', dtype='([^']*)'[^)]*\)", r"\1 \2", line)
                say("  " + red(columns))
        self.cluster.drop_database(database)
        say()
        return {"did": f"upserted {rows:,} rows" if status == "success" else "stopped", "ok": done.returncode == 0}

    def kind_of_clone(self, number):
        return self.cluster.value(
            "SELECT count(*) FROM pg_class WHERE oid = to_regclass(%s) AND relkind = 'r'", "spoke",
            values=[f"pr_{number}.rides"])


def last_line(text):
    lines = [line for line in text.splitlines() if "Done." in line]
    return lines[-1].split("  ", 1)[-1].strip() if lines else text.strip().splitlines()[-1]


def side_by_side(columns, rows):
    say("  " + " " * 24 + "".join(bold(f"{c:<28}") for c in columns))
    for name, cells in rows:
        painted = "".join(paint_cell(c) + " " * max(0, 28 - len(c)) for c in cells)
        say(f"  {name:<24}{painted}")


def paint_cell(text):
    return {"passes": green, "fails": red}.get(text, str)(text)


def word(ok):
    return "passes" if ok else "fails"


def main():
    begin = time.monotonic()
    say("cloneci's demo: Spoke rents bicycles by the minute; its warehouse is built by dbt on PostgreSQL.")
    cluster = spoke.Cluster(HOME / "cluster")
    try:
        for old in HOME.iterdir():
            if old.name != "cluster":
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        honest = tell(Demo(cluster))
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        cluster.stop()
    say(dim(f"The demo took {time.monotonic() - begin:.0f} s; its cluster is removed, the rest is in {HOME}"))
    return 0 if honest else 1


def tell(demo):
    demo.production()

    demo.repo.branch("late-corrections")
    demo.repo.patch("1-late-corrections")
    demo.show_change(1, "rides are corrected up to six hours late")
    first, _ = demo.by_cloneci(1)
    good = demo.in_production(1, "station_hours+")

    demo.repo.branch("rush-hours")
    demo.repo.patch("2-rush-hours")
    demo.show_change(2, "a new column, where the model says on_schema_change: fail")
    usual = demo.usual_practice(2)
    second, report = demo.by_cloneci(2)
    table = demo.kind_of_clone(2)
    real = demo.in_production(2, "rides+")
    side_by_side(["dbt clone + dbt build", "cloneci run", "production, for real"], [
        ("rides before the build", [usual["made"], "a table, copied" if table else "not there", "a table"]),
        ("what the build did", [usual["did"], "stopped" if second else "passed", real["did"]]),
        ("the pull request", [word(usual["ok"]), word(second == 0), word(real["ok"])])])
    agreed = first == 0 and good["ok"] and usual["ok"] and second != 0 and not real["ok"]
    if agreed:
        say("\n  " + bold("A green light that was false: ") + "the view made is_incremental() untrue, so the model was rebuilt"
            "\n  and on_schema_change never asked. On a real copy it is asked, in CI, as it would be in production.")

    demo.repo.patch("3-mended")
    demo.show_change(3, "the same, mended: on_schema_change: append_new_columns")
    third, _ = demo.by_cloneci(3)
    mended = demo.in_production(3, "rides+")

    title("What was found")
    agreed = agreed and third == 0 and mended["ok"]
    side_by_side(["cloneci", "production"], [
        ("1 late corrections", [word(first == 0), word(good["ok"])]),
        ("2 rush hours", [word(second == 0), word(real["ok"])]),
        ("3 mended", [word(third == 0), word(mended["ok"])])])
    say()
    pages = sorted((report / "cloneci").glob("report.*"))
    page = next((p for p in pages if p.suffix == ".html"), next((p for p in pages if p.suffix == ".md"), None))
    if page is None:
        say(red("cloneci left no report"))
        return False
    say(f"The report of pull request 2, to open: {bold(str(page))}")
    if not agreed:
        say(red("This is not what the demo should show; see the output above."))
    return agreed


def stop(number, _frame):
    raise SystemExit(128 + number)


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("\nstopped; the cluster is removed")
        sys.exit(130)
    except spoke.Failed as failed:
        say(red(str(failed)))
        sys.exit(1)
