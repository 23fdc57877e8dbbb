#!/usr/bin/env python3
"""A sandbox of 200 relations out of a project of 1,000 models, on a real server: cloneci's own time, which is its processor
time; all but the copying, with what it asks of the catalog and the notes of production's rows; and the copying. Goal: under 1 s of
its own.

    sandbox.py [MODELS:RELATIONS ..]       default 1000:200
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(TOP / "tests" / "support"))
import overhead  # noqa: E402
import spoke  # noqa: E402

RUNS = 5


def measure(program, cluster, models, relations):
    folder = TOP / "build" / "bench" / f"sandbox-{models}"
    shutil.rmtree(folder, ignore_errors=True)
    checkout, state = overhead.make(folder, models, 1)
    manifest = json.loads((state / "manifest.json").read_text())
    overhead.production(cluster, manifest)
    names = sorted(n["name"] for n in manifest["nodes"].values() if n["resource_type"] == "model")[:relations]
    env = dict(os.environ, PGHOST=cluster.socket, PGUSER="postgres", GIT_CONFIG_GLOBAL=os.devnull)

    def ask(*args):
        done = subprocess.run([program, "sandbox", *args, "--target", "pr", "--quiet"], cwd=checkout, env=env, capture_output=True,
                              text=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            sys.exit(f"sandbox {args[0]}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr}")
        return done.stdout

    def processor_ms():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (used.ru_utime + used.ru_stime) * 1000

    own, ours, copying, fresh = [], [], [], []
    for _ in range(RUNS + 1):
        before = processor_ms()
        made = json.loads(ask("create", "bench", "--state", state, "--output", "json", "--select", *names))
        own.append(processor_ms() - before)
        assert made["made"] == relations, made["made"]
        ours.append(made["ms"] - made["copying_ms"])
        copying.append(made["copying_ms"])
        fresh.append(json.loads(ask("refresh", "bench", "--state", state, "--output", "json"))["ms"])
        ask("drop", "bench")
    print(f"sandbox {relations} relations of {models} models: {statistics.median(own[1:]):.0f} ms of cloneci's own, min {min(ours[1:]):.0f} median "
          f"{statistics.median(ours[1:]):.0f} ms with what it asks of the server, and {statistics.median(copying[1:]):.0f} ms of copying; "
          f"a refresh with nothing to do {statistics.median(fresh[1:]):.0f} ms")


def main():
    cases = [tuple(map(int, a.split(":"))) for a in sys.argv[1:]] or [(1000, 200)]
    home = TOP / "build" / "bench"
    home.mkdir(parents=True, exist_ok=True)
    cluster = spoke.Cluster(home / "cluster")
    try:
        for models, relations in cases:
            measure(spoke.program(), cluster, models, relations)
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
