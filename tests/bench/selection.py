#!/usr/bin/env python3
"""The whole selection process against `dbt ls`: the same project, the same selection, the same answer.

    selection.py [MODELS ..]       default 1000 5000 20000

Goals: at least 500 times faster than a warm `dbt ls` at 1,000 models, 1,000 times at 5,000. The selections must be equal before
any time counts. Beyond 5,000 models dbt is not asked (it takes ten minutes and more): there the answer must be that of a walk
over the graph.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
RUNS = 7
CHANGED = 3
DBT_MOST = 5000
GOALS = {1000: 500, 5000: 1000}


def timed(argv, cwd, env):
    begin = time.perf_counter()
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    took = (time.perf_counter() - begin) * 1000
    if done.returncode:
        sys.exit(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return took, done.stdout


def changed_and_after(old, new):
    """state:modified+ where bodies alone changed: a walk over the graph."""
    old, new = (json.loads(path.read_text()) for path in (old, new))
    todo = [i for i, n in new["nodes"].items() if n.get("checksum") != old["nodes"][i].get("checksum")]
    found = set(todo)
    while todo:
        for child in new["child_map"].get(todo.pop(), []):
            if child not in found:
                found.add(child)
                todo.append(child)
    return sorted(found)


def ask_dbt(dbt, project, checkout, state, ask, env):
    """What dbt ls says, and how long it takes when it has its partial parse."""
    project()
    timed([dbt, "parse"], checkout, env)
    shutil.copy(checkout / "target" / "manifest.json", state)
    project("--change", str(CHANGED))
    listed = [dbt, "--quiet", "--no-use-colors", "ls", *ask, "--output", "json", "--output-keys", "unique_id"]
    timed(listed, checkout, env)
    slow, said = timed(listed, checkout, env)
    return slow, sorted(line.split('"')[3] for line in said.splitlines() if line.startswith("{"))


def measure(dbt, program, models):
    folder = TOP / "build" / "bench" / f"selection-{models}"
    shutil.rmtree(folder, ignore_errors=True)
    checkout, state = folder / "checkout", folder / "state"
    head = checkout / "target" / "manifest.json"
    head.parent.mkdir(parents=True)
    state.mkdir()
    env = dict(os.environ, DBT_SEND_ANONYMOUS_USAGE_STATS="false", DBT_PROFILES_DIR=str(checkout))

    def project(*more):
        subprocess.run([sys.executable, HERE / "make_project.py", checkout, "--models", str(models), *more], check=True,
                       stderr=subprocess.DEVNULL)
    ask = ["--select", "state:modified+", "--state", state]
    slow = None
    if dbt.is_file() and models <= DBT_MOST:
        slow, wanted = ask_dbt(dbt, project, checkout, state, ask, env)
    else:
        project("--manifest", state / "manifest.json")
        project("--change", str(CHANGED), "--manifest", head)
        wanted = changed_and_after(state / "manifest.json", head)
    ours = [program, "ls", *ask, "--output", "unique_id"]
    fast, found = [], []
    for _ in range(RUNS + 1):
        ms, text = timed(ours, checkout, env)
        fast.append(ms)
        found = text.split()
    if found != wanted or not wanted:
        sys.exit(f"selection at {models} models: {len(found)} nodes, expected {len(wanted)}")
    fast = fast[1:]
    median = statistics.median(fast)
    goal = f" (goal {GOALS[models]})" if models in GOALS else ""
    against = f"dbt ls warm {slow:.0f} ms: {slow / median:.0f} times faster{goal}" if slow else "dbt: not run"
    print(f"selection {models:>6} models, {len(wanted)} nodes, equal: cloneci ls min {min(fast):.1f} median {median:.1f} ms; {against}",
          flush=True)


def main():
    dbt = TOP / ".venv" / "bin" / "dbt"
    program = Path(os.environ.get("CLONECI_BIN", TOP / "build" / "cloneci"))
    for models in [int(a) for a in sys.argv[1:]] or [1000, 5000, 20000]:
        measure(dbt, program, models)


if __name__ == "__main__":
    main()
