"""`cloneci run` from a pull request's git diff to an honest answer, with dbt's real build."""

import json

from conftest import told

CLONED = {"pr_7.rides": "rides", "pr_7.station_hours": "station_hours", "pr_7.bike_months": "bike_months",
          "pr_7_finance.revenue_days": "revenue_days"}


def nodes(plan):
    return {n["unique_id"].split(".")[2]: n for n in plan["nodes"] if not n["unique_id"].startswith("test.")}


def verdicts(report):
    return {n["unique_id"].split(".")[2]: n for n in report["nodes"] if n.get("clone")}


def test_a_good_change_passes_and_ran_incrementally(pull):
    pull.patch("1-late-corrections")
    rides = pull.content("analytics.rides")
    done = pull.must("run")
    # only what the change touches is there: a real table of production's rows and the new hour's
    assert pull.relations() == {"pr_7.station_hours": "r", "pr_7_finance.district_league": "r"}
    assert pull.value("SELECT count(*) FROM pr_7.station_hours") > pull.value("SELECT count(*) FROM analytics.station_hours") - 1
    assert pull.content("analytics.rides") == rides
    assert pull.value("SELECT count(*) FROM pr_7.station_hours WHERE hour < now() - interval '30 days'") == \
        pull.value("SELECT count(*) FROM analytics.station_hours WHERE hour < now() - interval '30 days'")
    report = verdicts(pull.report())
    assert list(report) == ["station_hours"]
    assert report["station_hours"]["verdict"] == "ok"
    assert report["station_hours"]["build"]["incremental"] is True
    assert "station_hours" in done.stdout + done.stderr


def test_large_tables_are_copied_by_several_connections_in_parts(pull):
    pull.in_production("INSERT INTO analytics.rides SELECT ride_id + g * 10000000, bike_id, rider_id, from_station_id,"
                       " to_station_id, plan, started_at, ended_at, minutes, loaded_at"
                       "  FROM analytics.rides, generate_series(1, 120) AS g")
    pull.patch("2-rush-hours")
    pull.must("clone")
    assert pull.content("pr_7.rides") == pull.content("analytics.rides")
    assert pull.value("SELECT count(*) FROM pg_index WHERE indrelid = 'pr_7.rides'::regclass") == 2
    # each part is a short transaction of its own under one exported snapshot
    sent = "\n".join(pull.statements())
    assert "pg_export_snapshot" in sent and "SET TRANSACTION SNAPSHOT" in sent
    pull.must("clone", "--jobs", "1")
    assert pull.content("pr_7.rides") == pull.content("analytics.rides")


def test_the_false_green_is_red_and_names_the_column(pull):
    pull.patch("2-rush-hours")
    done = pull.ask("run")
    assert done.returncode == 1, told(done)
    assert "out of sync" in done.stdout + done.stderr
    # dbt stopped before it changed the clone: it still is production's, whole
    assert pull.content("pr_7.rides") == pull.content("analytics.rides")
    report = verdicts(pull.report())
    assert report["rides"]["verdict"] == "failed"
    assert {report[name]["verdict"] for name in ("station_hours", "bike_months", "revenue_days")} == {"skipped"}
    # the folder models/rides has the model's name: the advice names the model alone
    assert "dbt build --full-refresh --select spoke.rides.rides" in [n["command"] for n in pull.report()["advice"]["next"]]


def test_the_mended_change_passes_on_clones_of_all_downstream(pull):
    pull.patch("2-rush-hours")
    pull.patch("3-mended")
    pull.must("run")
    relations = pull.relations()
    assert {name: relations.get(name) for name in CLONED} == {name: "r" for name in CLONED}
    found = verdicts(pull.report())
    assert {name: found[name]["verdict"] for name in CLONED.values()} == dict.fromkeys(CLONED.values(), "ok")
    assert all(found[name]["build"]["incremental"] for name in CLONED.values())
    # old rows were kept, new and corrected ones merged: what production will hold after the merge
    assert pull.rows("SELECT count(*), count(is_rush_hour) FROM pr_7.rides") == [(7200, 1350)]
    # and the table has what production's has
    assert pull.value("SELECT count(*) FROM pg_index WHERE indrelid = 'pr_7.rides'::regclass") == 2


def test_each_run_starts_clean(pull):
    pull.patch("2-rush-hours")
    pull.patch("3-mended")
    pull.must("run")
    first = pull.content("pr_7.rides")
    # the next push takes the column back; nothing of the first push may be left
    pull.git("revert", "--no-edit", "HEAD", "HEAD~1")
    pull.patch("1-late-corrections")
    pull.must("run")
    assert pull.relations() == {"pr_7.station_hours": "r", "pr_7_finance.district_league": "r"}
    pull.git("revert", "--no-edit", "HEAD")
    pull.patch("2-rush-hours")
    pull.patch("3-mended")
    pull.must("run")
    assert pull.content("pr_7.rides") == first
    assert not [s for s in pull.schemas() if s.startswith("cloneci_")]


def test_new_models_and_snapshots(pull):
    pull.write("models/rides/rider_days.sql",
               "{{ config(unique_key=['rider_id', 'day'], incremental_strategy='delete+insert') }}\n"
               "select rider_id, started_at::date as day, count(*) as rides from {{ ref('rides') }}\n"
               "{% if is_incremental() %} where started_at::date >= (select max(day) from {{ this }}) {% endif %}\n"
               "group by 1, 2\n")
    pull.change("models/staging/stg_bikes.sql", "    updated_at\n", "    updated_at\n    -- as the workshop enters it\n")
    pull.change("models/staging/stg_bikes.sql", "    electric,", "    electric and true as electric,")
    pull.commit("rider days")
    plan = nodes(pull.plan())
    assert plan["rider_days"]["clone"] is None
    assert plan["rider_days"]["skipped_because"] == "new: will run as a full refresh"
    assert plan["rider_days"]["new"] is True
    assert plan["bikes_history"]["clone"]["to"] == '"pr_7"."bikes_history"'
    done = pull.must("run")
    assert "new: will run as a full refresh" in done.stdout
    # the snapshot went on from production's: its rows, and one version more of the repaired bicycle
    assert pull.value("SELECT count(*) FROM analytics.bikes_history") == 400
    assert pull.value("SELECT count(*) FROM pr_7.bikes_history") == 401
    assert pull.value("SELECT count(*) FROM pr_7.bikes_history WHERE bike_id = 37") == 2
    assert pull.value("SELECT count(*) FROM pr_7.rider_days") > 0


def test_names_follow_the_projects_own_macro(pull):
    """generate_schema_name: `finance` in production, `<target>_finance` elsewhere."""
    pull.change("models/finance/revenue_days.sql", "count(*) as rides", "count(r.ride_id) as rides")
    pull.commit("count rides")
    plan = nodes(pull.plan())
    assert plan["revenue_days"]["clone"]["from"] == '"finance"."revenue_days"'
    assert plan["revenue_days"]["clone"]["to"] == '"pr_7_finance"."revenue_days"'
    pull.must("run")
    assert pull.relations() == {"pr_7_finance.revenue_days": "r"}


def test_a_project_in_a_subfolder(new_pull):
    pull = new_pull(project="warehouse/spoke")
    (pull.path / "README").write_text("beside the project\n")
    pull.commit("a file outside of the project")
    done = pull.must("run")
    assert "nothing to do" in (done.stdout + done.stderr).lower()
    pull.patch("1-late-corrections")
    pull.must("run")
    assert pull.relations() == {"pr_7.station_hours": "r", "pr_7_finance.district_league": "r"}
    # from the repository's root, as a CI job would call it
    done = pull.run([pull.stage.binary, "plan", "--project-dir", pull.project, "--profiles-dir", pull.project, "--base", "main",
                     "--state", pull.state, "--schema", "pr_7", "--output", "json"])
    assert done.returncode == 0, told(done)
    assert nodes(json.loads(done.stdout))["station_hours"]["clone"]


def test_uncommitted_work_counts_but_in_a_ci(pull):
    pull.change("models/rides/station_hours.sql", "'3 hours'", "'6 hours'")
    for committed_alone in (pull.must("plan", "--no-dirty", "--scope", "pr"), pull.must("plan", "--scope", "pr", CI="true")):
        assert "nothing to do" in committed_alone.stdout.lower()
    # dbt reads the checkout all the same: what differs there from production is built, and is not called the pull request's
    reasons = nodes(pull.plan(CI="true"))["station_hours"]["reasons"]
    assert [(r["kind"], r["origin"]) for r in reasons] == [("body", "upstream_merge")]
    for plan in (pull.plan(), pull.plan("--dirty", CI="true")):
        station_hours = nodes(plan)["station_hours"]
        assert station_hours["clone"]
        assert [(r["kind"], r["origin"], r["file"]) for r in station_hours["reasons"]] == [
            ("body", "pr", "models/rides/station_hours.sql")]


def test_the_checkout_is_not_the_head(pull):
    """dbt reads the work tree: where it is not the pull request's own head, the diff alone proves nothing."""
    (pull.project / "macros" / "generate_schema_name.sql").unlink()
    pull.commit("schemas by dbt's own macro")
    pull.git("branch", "-f", "main")
    pull.must_dbt("parse", "--target", "prod", DBT_ENV_CUSTOM_ENV_GIT_SHA=pull.git("rev-parse", "HEAD"))
    (pull.project / "target" / "manifest.json").rename(pull.state / "manifest.json")
    pull.change("models/rides/station_hours.sql", "'3 hours'", "'6 hours'")
    pull.commit("change")
    plan = pull.ask("plan", CI="true")
    assert "dbt parse" not in plan.stderr and plan.returncode == 0, told(plan)
    pull.change("models/rides/bike_months.sql", "select", "select -- other words\n")
    plan = pull.ask("plan", "--output", "json", CI="true")
    assert "dbt parse: models/rides/bike_months.sql in the checkout" in plan.stderr, told(plan)
    assert nodes(json.loads(plan.stdout)).keys() >= {"station_hours", "bike_months"}


def test_clone_then_build_is_run_in_two_steps(pull):
    pull.patch("1-late-corrections")
    refused = pull.ask("build")
    assert refused.returncode == 3, told(refused)
    assert "cloneci clone" in refused.stderr
    pull.must("clone")
    assert pull.relations() == {"pr_7.station_hours": "r"}
    assert pull.content("pr_7.station_hours") == pull.content("analytics.station_hours")
    pull.must("build")
    built = verdicts(pull.report())["station_hours"]
    assert built["verdict"] == "ok" and built["build"]["incremental"] is True and built["build"]["rows_affected"] > 0
    # a second build on used clones would not be the truth; on fresh ones it is
    pull.must("clone")
    pull.must("build")


def test_a_rebuilt_clone_is_a_false_green(pull):
    """A macro that switches is_incremental() off lets dbt rebuild the clone and pass."""
    pull.patch("2-rush-hours")
    pull.write("macros/never.sql", "{% macro is_incremental() %}{{ return(false) }}{% endmacro %}\n"
               "{% macro should_full_refresh() %}{{ return(true) }}{% endmacro %}\n")
    pull.commit("always rebuild")
    done = pull.ask("run")
    assert done.returncode == 5, told(done)
    assert "false green" in done.stderr and "rides" in done.stderr
    assert verdicts(pull.report())["rides"]["verdict"] == "false_green"


def test_a_pointer_view_is_said_not_to_be_tested(pull):
    pull.patch("2-rush-hours")
    done = pull.ask("run", "--strategy", "view")
    assert verdicts(pull.report())["rides"]["verdict"] == "not_tested", told(done)


def test_the_shape_shows_the_error_without_a_row(pull):
    pull.patch("2-rush-hours")
    done = pull.ask("run", "--strategy", "shape")
    assert done.returncode == 1, told(done)
    assert "out of sync" in done.stdout + done.stderr
    assert pull.content("pr_7.rides") == (0, None)
    assert verdicts(pull.report())["rides"]["clone"]["rows"] == 0


def test_reports_hold_what_happened(pull):
    pull.patch("1-late-corrections")
    pull.must("run")
    report = pull.report()
    assert report["version"] == 2
    assert report["run"]["exit_code"] == 0 and report["run"]["verdict"] == "ok"
    node = verdicts(report)["station_hours"]
    assert node["clone"]["ms"] > 0
    assert (pull.target / "cloneci" / "plan.json").is_file()
    text = (pull.target / "cloneci" / "report.md").read_text()
    assert "station_hours" in text
    assert "station_hours" in (pull.target / "cloneci" / "junit.xml").read_text()


def test_json_output_keeps_stdout_pure(pull):
    pull.patch("1-late-corrections")
    done = pull.must("run", "--output", "json")
    assert json.loads(done.stdout)["version"] == 2


def test_scope_pr_leaves_out_what_this_branch_did_not_change(pull):
    pull.patch("1-late-corrections")
    # somebody else's merge: production was built from another text of a model that this branch does not touch
    manifest = pull.state / "manifest.json"
    document = json.loads(manifest.read_text())
    document["nodes"]["model.spoke.bike_months"]["raw_code"] += "\n-- merged meanwhile"
    manifest.write_text(json.dumps(document))
    everything = nodes(pull.plan())
    assert {"station_hours", "bike_months"} <= set(everything)
    assert [r["origin"] for r in everything["bike_months"]["reasons"]] == ["upstream_merge"]
    assert [r["origin"] for r in everything["station_hours"]["reasons"]] == ["pr"]
    ours = nodes(pull.plan("--scope", "pr"))
    assert "station_hours" in ours and "bike_months" not in ours
