#!/usr/bin/env python3
"""What cloneci itself takes before the build starts: a whole run with `true` as the build step, on a real server.

    overhead.py [MODELS:FILES ..]       default 1000:1 5000:10

As in a CI, where only what is committed counts. Production is one small table a model, so that the server's part is small; it is printed apart, and dbt parse is not in it: the
head's manifest is given. Both manifests are read and compared. Goal: 40 ms at 1,000 models, 60 ms at 5,000 with 10 files.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(TOP / "tests" / "support"))
import spoke  # noqa: E402

RUNS = 7


def production(cluster, manifest):
    """A small table, or a view, for every relation that the manifest says stands."""
    cluster.rows("DROP SCHEMA IF EXISTS analytics CASCADE", "postgres")
    statements = ["CREATE SCHEMA analytics"]
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed"):
            name = f'"{node["schema"]}"."{node["alias"]}"'
            statements.append(f"CREATE VIEW {name} AS SELECT 1 AS id" if node["config"]["materialized"] == "view"
                              else f"CREATE TABLE {name} (id integer, updated_at timestamp)")
    for i in range(0, len(statements), 500):
        cluster.rows("; ".join(statements[i:i + 500]), "postgres")


def make(folder, models, files):
    def project(*args):
        subprocess.run([sys.executable, HERE / "make_project.py", *args], check=True, stderr=subprocess.DEVNULL)
    checkout, state = folder / "checkout", folder / "state"
    state.mkdir(parents=True)
    project(checkout, "--models", str(models), "--git", "200", "--change", str(files))
    project(folder / "unused", "--models", str(models), "--manifest-only", "--manifest", state / "manifest.json")
    head = folder / "head.json"
    project(folder / "unused", "--models", str(models), "--change", str(files), "--manifest-only", "--manifest", head)
    # as dbt parse writes it for the pull request's target
    head.write_text(head.read_text().replace('"analytics"', '"pr_1"').replace('\\"analytics\\"', '\\"pr_1\\"'))
    (checkout / "cloneci.yml").write_text('build:\n  command: ["true"]\n')
    return checkout, state


def measure(program, cluster, models, files):
    folder = TOP / "build" / "bench" / f"overhead-{models}"
    shutil.rmtree(folder, ignore_errors=True)
    checkout, state = make(folder, models, files)
    production(cluster, json.loads((state / "manifest.json").read_text()))
    env = dict(os.environ, CI="true", PGHOST=cluster.socket, PGUSER="postgres", GIT_CONFIG_GLOBAL=os.devnull)
    ours, server, parts = [], [], {}
    for _ in range(RUNS + 1):
        done = subprocess.run([program, "run", "--manifest", folder / "head.json", "--base", "main", "--state", state, "--schema", "pr_1", "--target", "pr",
                               "--quiet", "--output", "json"], cwd=checkout, env=env, capture_output=True, text=True,
                              check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            sys.exit(f"overhead at {models} models: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr}")
        report = json.loads(done.stdout)
        steps = {s["step"]: s["ms"] for s in report["timings"]}
        before = next(s["start_ms"] for s in report["timings"] if s["step"] == "build")
        at_server = sum(steps.get(s, 0) for s in ("connect", "catalog", "receipt", "clone"))
        ours.append(before - at_server)
        server.append(at_server)
        for step, ms in steps.items():
            parts.setdefault(step, []).append(ms)
    clones = sum(1 for n in report["nodes"] if n["clone"])
    shown = "  ".join(f"{step} {statistics.median(ms[1:]):.1f}" for step, ms in parts.items() if step != "build")
    print(f"overhead {models:>6} models, {files} files, {clones} clones: "
          f"min {min(ours[1:]):.1f} median {statistics.median(ours[1:]):.1f} ms of our own before the build; "
          f"connection, catalog and clones {statistics.median(server[1:]):.1f} ms\n  by step: {shown}")


def main():
    cases = [tuple(map(int, a.split(":"))) for a in sys.argv[1:]] or [(1000, 1), (5000, 10)]
    home = TOP / "build" / "bench"
    home.mkdir(parents=True, exist_ok=True)
    cluster = spoke.Cluster(home / "cluster")
    try:
        for models, files in cases:
            measure(spoke.program(), cluster, models, files)
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
