#!/usr/bin/env python3
"""The whole selection process against `dbt ls`: the same project, the same selection, the same answer.

    selection.py [MODELS ..]       default 1000

Goal: at least 500 times faster than a warm `dbt ls` at 1,000 models. The selections must be equal before any time counts.
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
RUNS = 7
CHANGED = 3


def timed(argv, cwd, env):
    begin = time.perf_counter()
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    took = (time.perf_counter() - begin) * 1000
    if done.returncode:
        sys.exit(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return took, done.stdout


def measure(dbt, program, models):
    folder = TOP / "build" / "bench" / f"selection-{models}"
    shutil.rmtree(folder, ignore_errors=True)
    checkout, state = folder / "checkout", folder / "state"
    env = dict(os.environ, DBT_SEND_ANONYMOUS_USAGE_STATS="false", DBT_PROFILES_DIR=str(checkout))

    def project(*more):
        subprocess.run([sys.executable, HERE / "make_project.py", checkout, "--models", str(models), *more], check=True,
                       stderr=subprocess.DEVNULL)
    project()
    timed([dbt, "parse"], checkout, env)
    state.mkdir()
    shutil.copy(checkout / "target" / "manifest.json", state)
    project("--change", str(CHANGED))
    ask = ["--select", "state:modified+", "--state", state]
    listed = [dbt, "--quiet", "--no-use-colors", "ls", *ask, "--output", "json", "--output-keys", "unique_id"]
    timed(listed, checkout, env)
    slow, said = timed(listed, checkout, env)
    wanted = sorted(line.split('"')[3] for line in said.splitlines() if line.startswith("{"))
    ours = [program, "ls", *ask, "--output", "unique_id"]
    fast, found = [], []
    for _ in range(RUNS + 1):
        ms, text = timed(ours, checkout, env)
        fast.append(ms)
        found = text.split()
    if found != wanted or not wanted:
        sys.exit(f"selection at {models} models: {len(found)} nodes, dbt ls says {len(wanted)}")
    fast = fast[1:]
    print(f"selection {models:>6} models, {len(wanted)} nodes, equal: dbt ls warm {slow:.0f} ms, cloneci ls "
          f"min {min(fast):.1f} median {statistics.median(fast):.1f} ms: {slow / statistics.median(fast):.0f} times faster "
          f"(goal 500 at 1,000)")


def main():
    dbt = TOP / ".venv" / "bin" / "dbt"
    if not dbt.is_file():
        print("dbt: not run (make deps installs it)")
        return
    program = Path(os.environ.get("CLONECI_BIN", TOP / "build" / "cloneci"))
    for models in [int(a) for a in sys.argv[1:]] or [1000]:
        measure(dbt, program, models)


if __name__ == "__main__":
    main()
