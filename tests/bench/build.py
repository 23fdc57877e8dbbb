#!/usr/bin/env python3
"""End to end, with real dbt: cloneci run against what people do without it, one model of MODELS changed.

    build.py [MODELS]       default 1000

    bare    dbt build --defer: no clone, so that modified incremental models are built from scratch
    clone   dbt clone of the modified incremental models, then the same dbt build
    ours    cloneci run

Each in a fresh schema, once as in a fresh checkout (nothing parsed before) and once with the partial parse that the last push
left. The three take turns; what counts is the fastest of the runs. Goals: at most 1.01 times bare, 0.75 times clone and build.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(TOP / "tests" / "support"))
import spoke  # noqa: E402

RUNS = 3
GOALS = {"bare": 1.01, "clone": 0.75}
SELECT = ["--select", "state:modified+"]
INCREMENTAL = ["--select", "state:modified+,config.materialized:incremental,state:old"]


def call(argv, cwd, env):
    begin = time.perf_counter()
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env=env, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)
    took = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return took


def make(folder, cluster, models, env):
    """Production, built by dbt from where the branch begins; a checkout for each way, at the pull request."""
    first, state = folder / "checkout", folder / "state"
    subprocess.run([sys.executable, HERE / "make_project.py", first, "--models", str(models), "--git", "50", "--change", "1"],
                   check=True, stderr=subprocess.DEVNULL)
    database = "postgres"
    cluster.run_file(first / "setup.sql", database, "postgres")
    head = subprocess.run(["git", "merge-base", "main", "pr"], cwd=first, check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run(["git", "checkout", "-q", head], cwd=first, check=True)
    call([spoke.DBT, "run", "--target", "prod"], first, dict(env, DBT_ENV_CUSTOM_ENV_GIT_SHA=head))
    state.mkdir()
    for name in ("manifest.json", "run_results.json"):
        shutil.copy(first / "target" / name, state)
    for left in ("target", "logs"):
        shutil.rmtree(first / left)
    subprocess.run(["git", "checkout", "-q", "pr"], cwd=first, check=True)
    for way in ("bare", "clone", "ours"):
        shutil.copytree(first, folder / way)
    return state


def commands(state):
    deferred = ["--defer", "--state", state, "--target", "pr"]
    build = [spoke.DBT, "build", *SELECT, *deferred]
    return {
        "bare": [build],
        "clone": [[spoke.DBT, "clone", *INCREMENTAL, "--state", state, "--target", "pr"], build],
        "ours": [[spoke.program(), "run", "--base", "main", "--state", state, "--schema", "pr_1", "--target", "pr"]],
    }


def once(way, argvs, folder, cluster, env, cold):
    cluster.rows("DROP SCHEMA IF EXISTS pr_1 CASCADE", "postgres")
    if cold:
        shutil.rmtree(folder / way / "target", ignore_errors=True)
    return sum(call(argv, folder / way, env) for argv in argvs)


def main():
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    if not spoke.DBT.is_file():
        sys.exit(f"{spoke.DBT} is missing: make deps installs it")
    folder = TOP / "build" / "bench" / f"build-{models}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    cluster = spoke.Cluster(TOP / "build" / "bench" / "cluster")
    env = dict(os.environ, CI="true", PGHOST=cluster.socket, PGUSER="postgres", GIT_CONFIG_GLOBAL=os.devnull,
               DBT_SEND_ANONYMOUS_USAGE_STATS="false", PATH=f"{spoke.DBT.parent}:{os.environ['PATH']}")
    try:
        state = make(folder, cluster, models, env)
        for cold in (True, False):
            took = {way: [] for way in ("bare", "clone", "ours")}
            for _ in range(RUNS):
                for way, argvs in commands(state).items():
                    took[way].append(once(way, argvs, folder, cluster, env, cold))
            best = {way: min(all_of) for way, all_of in took.items()}
            times = "; ".join(f"{way} {best[way]:.2f} s (median {statistics.median(all_of):.2f})" for way, all_of in took.items())
            print(f"build {models:>6} models, one changed, {'fresh checkout' if cold else 'parsed before'}: {times}; "
                  + ", ".join(f"{best['ours'] / best[way]:.3f} of {way} (goal {goal})" for way, goal in GOALS.items()), flush=True)
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
