"""Why what failed did: what only CI can have is not called production's; each failure is named, whatever it is of."""

from conftest import told

MODELS = {
    "denied": "{{ config(materialized='table', post_hook=\"insert into analytics.rides select * from analytics.rides limit 0\") }}\n"
              "select 1 as id\n",
    "divided": "{{ config(materialized='table') }}\nselect 1 / (ride_id - ride_id) as x from {{ ref('rides') }}\n",
    "by_day": "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='day',\n"
              "          unique_key='at', begin=(modules.datetime.datetime.utcnow() - modules.datetime.timedelta(days=1)).strftime('%Y-%m-%d')) }}\n"
              "select now() as at, 1 / 0 as x\n",
}
ON_RUN_END = """
on-run-end: ["{{ note_run() }}"]
"""
NOTE_RUN = """
{% macro note_run() %}
  {% if execute %}
    {% set last = run_query("select max(run) from " ~ target.schema ~ ".run_log") %}
    select 1
  {% endif %}
{% endmacro %}
"""


def built(report):
    return {fact["subject"]: fact for fact in report["facts"] if fact["aspect"] == "built"}


def test_each_failure_has_its_own_cause(pull):
    """A right that CI lacks, data, a batch, and a hook of the run that breaks dbt off; what the code fails at decides."""
    for name, sql in MODELS.items():
        pull.write(f"models/mine/{name}.sql", sql)
    pull.write("macros/note_run.sql", NOTE_RUN)
    project = pull.project / "dbt_project.yml"
    project.write_text(project.read_text() + ON_RUN_END)
    pull.commit("all that can fail")
    done = pull.ask("run", "--select", "path:models/mine")
    assert done.returncode == 1, told(done)
    report = pull.report()
    facts = built(report)
    assert facts["model.spoke.denied"]["cause"] == "ci"
    assert facts["model.spoke.denied"]["text"] == "CI's role lacks a right: permission denied for table rides"
    assert facts["model.spoke.divided"]["cause"] == "code"
    assert "division by zero" in facts["model.spoke.divided"]["text"]
    assert facts["model.spoke.by_day"]["text"].startswith("batch 20"), facts
    assert facts["model.spoke.by_day"]["text"].endswith("by_day: division by zero"), facts
    hook = facts["operation.spoke.spoke-on-run-end-0"]
    assert hook["cause"] == "unknown" and 'relation "pr_7.run_log" does not exist' in hook["text"]
    [node] = [n for n in report["nodes"] if n["unique_id"] == "operation.spoke.spoke-on-run-end-0"]
    assert (node["resource_type"], node["verdict"], node["because"]) == ("operation", "failed", "built")
    assert "spoke-on-run-end-0" in done.stdout and "run_log" in (pull.target / "cloneci" / "report.md").read_text()
    assert report["advice"]["merge"] == "no"
    assert any("GRANT SELECT, INSERT ON TABLE rides TO ci" in step["text"] for step in report["advice"]["next"])


def test_what_only_ci_lacks_is_not_known_of_production(pull):
    pull.write("models/mine/denied.sql", MODELS["denied"])
    pull.commit("a hook that CI may not run")
    done = pull.ask("run")
    advice = pull.report()["advice"]
    assert (done.returncode, advice["merge"]) == (1, "unknown"), told(done)
    assert "production's next run would" not in done.stdout
    assert "GRANT SELECT, INSERT ON TABLE rides TO ci" in done.stdout
    assert (pull.target / "cloneci" / "log" / "dbt.log").exists()


def test_the_users_own_log_is_left_alone(pull, tmp_path):
    """Where the log is plain text nothing is read of it, and nothing is claimed."""
    pull.write("models/mine/divided.sql", MODELS["divided"])
    pull.commit("a division")
    pull.ask("run", DBT_LOG_PATH=str(tmp_path / "own"), DBT_LOG_FORMAT_FILE="text")
    assert "division by zero" in (tmp_path / "own" / "dbt.log").read_text()
    assert not (pull.target / "cloneci" / "log").exists()
    assert built(pull.report())["model.spoke.divided"]["cause"] == "unknown"
    assert pull.report()["advice"]["merge"] == "unknown"
