"""Lazy clones against copies: one merge model over a table of 1 GB, 1,000 keys of which the run touches, half of them old.

How long until the clone is ready, as cloneci's own report says, and how long dbt then takes for the model; each the median of
ROUNDS. With production's indexes on the key and on the watermark, and without any."""

import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import spoke  # noqa: E402

ROWS = int(os.environ.get("BENCH_ROWS", 8_000_000))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 5))
TOUCHED = 1000
MODEL = """{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}
select id, kind, amount, note, loaded_at from {{ source('raw', 'events') }}
{% if is_incremental() %}where loaded_at > (select max(loaded_at) from {{ this }}){% endif %}
"""
PRODUCTION = """
CREATE SCHEMA raw; CREATE SCHEMA analytics;
CREATE TABLE analytics.%(name)s AS SELECT i::bigint AS id, i %% 7 AS kind, i * 1.5::numeric(12,2) AS amount, repeat(md5(i::text), 2) AS note,
       timestamp '2026-01-01' + i * interval '1 second' AS loaded_at FROM generate_series(1, %(rows)s) AS i;
CREATE TABLE raw.events AS SELECT CASE WHEN i %% 2 = 0 THEN %(rows)s + i ELSE (i * %(rows)s::bigint / 1000) END::bigint AS id, 1 AS kind,
       2::numeric(12,2) AS amount, 'new' AS note, timestamp '2027-01-01' + i * interval '1 second' AS loaded_at FROM generate_series(1, %(touched)s) AS i;
"""
INDEXES = "CREATE UNIQUE INDEX ON analytics.{0} (id); CREATE INDEX ON analytics.{0} (loaded_at);"


class Project(spoke.Checkout):
    def __init__(self, folder, cluster):
        self.folder = folder
        super().__init__(folder / "checkout", cluster, "bench")

    def _environment(self):
        return {**super()._environment(), "HOME": str(self.folder)}

    def write(self, path, text):
        (self.project / path).parent.mkdir(parents=True, exist_ok=True)
        (self.project / path).write_text(text)

    def create(self, rows):
        output = ("type: postgres, host: \"{{ env_var('SPOKE_HOST') }}\", port: 5432, user: %s, password: '', dbname: bench, schema: %s, threads: 1")
        self.write("dbt_project.yml", "name: shop\nversion: '1.0'\nprofile: shop\n")
        self.write("profiles.yml", f"shop:\n  target: ci\n  outputs:\n    prod: {{{output % ('prod_owner', 'analytics')}}}\n    ci: {{{output % ('ci', 'ci')}}}\n")
        self.write("models/sources.yml", "sources: [{name: raw, tables: [{name: events}]}]\n")
        self.write("models/events_kept.sql", MODEL)
        self.write(".gitignore", "target/\nlogs/\n")
        self.git("init", "-q", "-b", "main")
        self.commit("before")
        self.cluster.rows('CREATE DATABASE "bench" OWNER prod_owner')
        self.cluster.rows(PRODUCTION % {"name": "events_kept", "rows": rows, "touched": TOUCHED}, "bench", "prod_owner")
        self.must_dbt("parse", "--target", "prod", "--target-path", self.folder / "prod")
        (self.folder / "state").mkdir()
        shutil.copy(self.folder / "prod" / "manifest.json", self.folder / "state")
        self.cluster.run_file(spoke.TOP / "conf" / "roles.sql", "bench", "postgres", ci="ci", owner="prod_owner", schemas="raw,analytics")
        self.branch("change")
        self.write("models/events_kept.sql", MODEL + "-- changed\n")
        self.commit("change")

    def measure(self, strategy):
        """Milliseconds of the clone and of the model on it, and the rows that it touched. What the round before left to be
        dropped or written out is done with first."""
        self.cluster.rows("DROP SCHEMA IF EXISTS pr_1 CASCADE", "bench")
        self.cluster.rows("CHECKPOINT", "bench")
        done = self.run([spoke.program(), "run", "--base", "main", "--state", self.folder / "state", "--schema", "pr_1", "--strategy", strategy], timeout=1800)
        if done.returncode:
            raise spoke.Failed(done.stdout + done.stderr)
        report = json.loads((self.project / "target/cloneci/report.json").read_text())
        (node,) = [n for n in report["nodes"] if n["unique_id"] == "model.shop.events_kept"]
        step = next(s["ms"] for s in report["timings"] if s["step"] == "clone")
        assert node["clone"]["strategy"] == strategy and node["build"]["incremental"]
        return step, node["build"]["ms"], node["build"]["rows_affected"]


def compare(project, title):
    print(f"\n{title}\n{'':10}{'clone ms':>12}{'ratio':>8}{'model ms':>12}{'ratio':>8}{'rows':>8}")
    found = {s: [] for s in ("copy", "lazy")}
    for _ in range(ROUNDS):
        for strategy, runs in found.items():
            runs.append(project.measure(strategy))
    of = {s: [statistics.median(r[i] for r in runs) for i in range(3)] for s, runs in found.items()}
    for strategy, (clone, model, rows) in of.items():
        print(f"{strategy:10}{clone:12.0f}{clone / of['copy'][0]:8.3f}{model:12.0f}{model / of['copy'][1]:8.2f}{rows:8.0f}")
    assert of["copy"][2] == of["lazy"][2] == TOUCHED
    return of["lazy"][0] / of["copy"][0], of["lazy"][1] / of["copy"][1]


def main():
    folder = Path(tempfile.mkdtemp(prefix="cloneci-lazy-"))
    cluster = spoke.Cluster(folder / "cluster", "shared_buffers=256MB", "max_wal_size=8GB", "maintenance_work_mem=128MB")
    noise = 1.05  # both take dbt's own 0.2 s, which vary by more than what they differ in
    try:
        spoke.make_roles(cluster)
        project = Project(folder, cluster)
        project.create(ROWS)
        size = cluster.value("SELECT pg_size_pretty(pg_table_size('analytics.events_kept'))", "bench")
        cluster.rows("VACUUM ANALYZE", "bench")
        compare(project, f"events_kept, {size}, {ROWS:,} rows; {TOUCHED:,} touched; no index")
        cluster.rows(INDEXES.format("events_kept"), "bench", "prod_owner")
        cluster.rows("VACUUM ANALYZE", "bench")
        clone, model = compare(project, f"events_kept, {size}, {ROWS:,} rows; {TOUCHED:,} touched; production's indexes on key and watermark")
        print(f"\ngoal: ready in at most 0.05x of the copy: {'met' if clone <= 0.05 else 'MISSED'} ({clone:.3f}x);"
              f" the model no slower than on the copy: {'met' if model <= noise else 'MISSED'} ({model:.2f}x)")
        return 0 if clone <= 0.05 and model <= noise else 1
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
