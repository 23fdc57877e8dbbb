"""Bad input of every kind: the exit code says whose fault it is, the message names the thing and the place, and a line
below it says what to do."""

import json
import os
import shutil

import pytest

import spoke
from conftest import told

USAGE, INPUT, WAREHOUSE, REFUSED = 2, 3, 4, 5


def refused(done, code, *words):
    """The command ended with this code and an error that holds these words, and with a remedy."""
    assert done.returncode == code, told(done)
    for word in words:
        assert str(word) in done.stderr, f"{word!r} is missing: {told(done)}"
    assert "\n  -> " in done.stderr, f"no remedy: {told(done)}"
    assert "AddressSanitizer" not in done.stderr and "runtime error" not in done.stderr


@pytest.fixture
def changed(pull):
    pull.patch("1-late-corrections")
    return pull


# --- configuration ---


def test_broken_project_file(changed):
    changed.write("dbt_project.yml", "name: spoke\nprofile: [spoke\nmodels: {}\n")
    refused(changed.ask("plan"), USAGE, "dbt_project.yml", "3")


def test_what_is_no_regular_file(changed):
    """A pipe that nobody writes, a device that never ends, a file of 8 GB: each is refused at once, and nothing is read of it."""
    shutil.copytree(changed.state, changed.home / "odd")
    for name, code in [("profiles.yml", USAGE), ("dbt_project.yml", USAGE), ("cloneci.yml", USAGE), ("manifest.json", INPUT)]:
        path = (changed.home / "odd" if name == "manifest.json" else changed.project) / name
        before = path.read_bytes() if path.exists() else None
        for make, word in [(os.mkfifo, "is a pipe, not a file"), (lambda p: p.symlink_to("/dev/zero"), "is a device, not a file"),
                           (lambda p: os.truncate(os.open(p, os.O_CREAT | os.O_WRONLY), 8 << 30), "")]:
            path.unlink(missing_ok=True)
            make(path)
            done = changed.cloneci("plan", "--base", "main", "--state", changed.home / "odd", "--schema", "pr_7", timeout=60)
            if word:
                refused(done, code, name, word)
            else:
                assert done.returncode == code, told(done)
        path.unlink()
        if before is not None:
            path.write_bytes(before)


def test_no_project(changed):
    done = changed.run([changed.stage.binary, "plan", "--project-dir", changed.home])
    refused(done, USAGE, "dbt_project.yml")


def test_broken_profiles(changed):
    changed.write("profiles.yml", "spoke:\n  target: ci\n  outputs:\n    ci: {type: postgres\n    prod: 1\n")
    refused(changed.ask("plan"), USAGE, "profiles.yml", "5")


def test_jinja_that_is_not_env_var(changed):
    changed.change("profiles.yml", "user: \"{{ env_var('SPOKE_CI_USER', 'ci') }}\"", "user: \"{{ target.name ~ 'x' }}\"")
    line = (changed.project / "profiles.yml").read_text().splitlines().index("      user: \"{{ target.name ~ 'x' }}\"") + 1
    refused(changed.ask("plan"), USAGE, f"profiles.yml:{line}", "env_var")


def test_environment_variable_missing(changed):
    del changed.env["SPOKE_HOST"]
    refused(changed.ask("plan"), USAGE, "profiles.yml", "SPOKE_HOST")


def test_unknown_target(changed):
    refused(changed.ask("plan", "--target", "staging"), USAGE, "staging", "prod")


def test_broken_settings(changed):
    changed.settings("build:\n  timeout: [10\n")
    refused(changed.ask("plan"), USAGE, "cloneci.yml", "3")


def test_unknown_setting(changed):
    changed.settings("build:\n  tmeout: 10m\n")
    refused(changed.ask("plan"), USAGE, "cloneci.yml:2", "tmeout", "timeout")


def test_unknown_option(changed):
    refused(changed.ask("plan", "--sellect", "rides"), USAGE, "--sellect", "--select")


def test_unknown_command(changed):
    refused(changed.cloneci("runn"), USAGE, "runn", "run")


def test_unknown_selection_method(changed):
    refused(changed.ask("plan", "--select", "stat:modified"), USAGE, "stat")


# --- production's manifest ---


def manifest(pull, change):
    path = pull.state / "manifest.json"
    data = path.read_bytes()
    path.write_bytes(change(data))


def metadata(pull, **changes):
    def change(data):
        document = json.loads(data)
        document["metadata"].update(changes)
        return json.dumps(document).encode()

    manifest(pull, change)


def test_no_state(changed):
    refused(changed.cloneci("plan", "--base", "main", "--schema", "pr_7"), USAGE, "--state")


def test_missing_manifest(changed):
    (changed.state / "manifest.json").unlink()
    refused(changed.ask("plan"), INPUT, changed.state, "manifest.json")


def test_truncated_manifest(changed):
    manifest(changed, lambda data: data[:len(data) // 2])
    refused(changed.ask("plan"), INPUT, changed.state / "manifest.json")


def test_empty_manifest(changed):
    manifest(changed, lambda data: b"")
    refused(changed.ask("plan"), INPUT, changed.state / "manifest.json")


def test_broken_manifest(changed):
    manifest(changed, lambda data: data.replace(b'"nodes": {', b'"nodes": {,', 1).replace(b'"nodes":{', b'"nodes":{,', 1))
    refused(changed.ask("plan"), INPUT, changed.state / "manifest.json")


def test_manifest_that_is_not_utf8(changed):
    manifest(changed, lambda data: data.replace(b"One row a ride", b"One row a r\xffde", 1))
    refused(changed.ask("plan"), INPUT, changed.state / "manifest.json", "UTF-8")


def test_manifest_nested_1001_deep(changed):
    deep = b"[" * 1001 + b"]" * 1001
    manifest(changed, lambda data: data.replace(b'"nodes": {', b'"deep": ' + deep + b', "nodes": {', 1)
             .replace(b'"nodes":{', b'"deep":' + deep + b',"nodes":{', 1))
    refused(changed.ask("plan"), INPUT, changed.state / "manifest.json", "1,000", "deep")


def test_manifest_of_another_schema_version(changed):
    metadata(changed, dbt_schema_version="https://schemas.getdbt.com/dbt/manifest/v99.json")
    refused(changed.ask("plan"), INPUT, changed.state / "manifest.json", "v99", "v12")


def test_something_else_than_a_manifest(changed):
    shutil.copy(changed.state / "run_results.json", changed.state / "manifest.json")
    refused(changed.ask("plan"), INPUT, changed.state / "manifest.json")


def test_manifest_of_another_adapter(changed):
    metadata(changed, adapter_type="snowflake")
    refused(changed.ask("plan"), REFUSED, "snowflake", "postgres")


def test_manifest_of_another_project(changed):
    metadata(changed, project_name="jolly")
    refused(changed.ask("plan"), REFUSED, "jolly", "spoke")


def test_own_manifest_as_state(changed):
    changed.must("plan")
    refused(changed.ask("plan", "--state", changed.target), REFUSED, changed.target / "manifest.json")


def test_copy_of_the_own_manifest_as_state(changed):
    changed.must("plan")
    shutil.copy(changed.target / "manifest.json", changed.state)
    refused(changed.ask("plan"), REFUSED, changed.state / "manifest.json")


def test_manifest_of_a_pull_request_as_state(changed):
    changed.must("plan")
    shutil.copy(changed.target / "manifest.json", changed.state)
    shutil.rmtree(changed.target)
    refused(changed.ask("plan"), REFUSED, changed.state / "manifest.json", "pr_7")


def test_state_check_runs_the_guards_alone(changed):
    good = changed.cloneci("state check", "--state", changed.state)
    assert good.returncode == 0, told(good)
    metadata(changed, project_name="jolly")
    refused(changed.cloneci("state check", "--state", changed.state), REFUSED, "jolly")


def test_a_manifest_of_another_run_is_not_taken_for_this_ones(changed):
    """dbt writes none, and an earlier run's is still there."""
    changed.write("target/manifest.json", "{}")
    done = changed.ask("plan", DBT_WRITE_JSON="false")
    refused(done, INPUT, changed.target / "manifest.json", "another run's", "DBT_WRITE_JSON keeps dbt from it")


# --- git ---


def test_empty_diff_is_nothing_to_do(pull):
    done = pull.must("run")
    assert "nothing to do" in done.stdout.lower()
    assert pull.schemas() == []


def test_a_misspelt_selection_is_not_taken_for_nothing_changed(pull):
    pull.patch("1-late-corrections")
    for command in ("plan", "run"):
        done = pull.ask(command, "--select", "state:modified,station_hour")
        refused(done, USAGE, "no node of the project matches station_hour", "station_hours for station_hour")
    for words in (["--select", "tag:hourlyy"], ["--select", "rides", "--exclude", "rides"]):
        refused(pull.ask("plan", *words), USAGE, "--allow-empty-selection")
    assert "Nothing to do" in pull.must("plan", "--select", "tag:hourlyy", "--allow-empty-selection").stdout
    # that nothing changed is an answer
    assert "Nothing to do" in pull.must("plan", "--select", "state:modified,stations").stdout
    done = pull.cloneci("ls", "--state", pull.state, "--manifest", pull.state / "manifest.json", "--select", "rids", "rides")
    assert "no node matches rids; did you mean rides" in done.stderr and "spoke.rides.rides" in done.stdout


def test_only_a_readme_changed(pull):
    pull.write("README.md", "words\n")
    pull.commit("words")
    assert "nothing to do" in pull.must("run").stdout.lower()


def test_unborn_head(changed):
    shutil.rmtree(changed.path / ".git")
    changed.git("init", "-q", "-b", "main")
    refused(changed.ask("plan"), INPUT, "commit")


def test_no_repository(changed):
    shutil.rmtree(changed.path / ".git")
    refused(changed.ask("plan"), INPUT, changed.path)


def test_shallow_clone_without_the_merge_base(changed):
    shallow = changed.home / "shallow"
    origin = f"file://{changed.path}"
    changed.write("README", "more\n")
    changed.commit("two commits above main")
    spoke.must(["git", "clone", "-q", "--depth=1", "--no-single-branch", "--branch=change", origin, shallow], env=changed.env)
    done = changed.run([changed.stage.binary, "plan", "--project-dir", shallow, "--base", "origin/main", "--state", changed.state,
                        "--schema", "pr_7"])
    refused(done, INPUT, "shallow", "git fetch")


def test_unknown_base(changed):
    refused(changed.ask("plan", "--base", "mian"), INPUT, "mian")


def test_detached_head_needs_a_schema(changed):
    changed.git("checkout", "-q", "--detach")
    refused(changed.cloneci("plan", "--base", "main", "--state", changed.state), USAGE, "--schema")
    changed.must("plan")


# --- dbt ---


def test_dbt_missing(changed):
    refused(changed.ask("plan", "--dbt", "/nowhere/dbt"), USAGE, "/nowhere/dbt")


def test_dbt_missing_in_the_path(changed):
    refused(changed.ask("plan", PATH="/nowhere"), USAGE, "dbt")


def test_dbt_failing_to_parse(pull):
    pull.change("models/rides/rides.sql", "{% endif %}", "{% endfi %}")
    pull.commit("a slip")
    refused(pull.ask("plan"), INPUT, "dbt parse", "endfi", "models/rides/rides.sql")


# --- the warehouse ---


def test_unreachable_server(changed):
    refused(changed.ask("plan", SPOKE_HOST="/nowhere"), WAREHOUSE, "/nowhere")


def test_unknown_database(changed):
    refused(changed.ask("plan", SPOKE_DATABASE="nowhere"), WAREHOUSE, "nowhere")


def test_select_is_missing(changed):
    changed.in_production("REVOKE SELECT ON analytics.station_hours FROM ci")
    refused(changed.ask("plan"), WAREHOUSE, "station_hours", "GRANT SELECT")


def test_usage_is_missing(changed):
    changed.in_production("REVOKE USAGE ON SCHEMA analytics FROM ci")
    refused(changed.ask("plan"), WAREHOUSE, "analytics", "GRANT USAGE")


def test_create_is_missing(changed):
    changed.rows(f'REVOKE CREATE ON DATABASE "{changed.database}" FROM ci')
    refused(changed.ask("run"), WAREHOUSE, changed.database, "GRANT CREATE ON DATABASE")
    # the report shows what happened, not what was planned
    nodes = {n["name"]: n for n in changed.report()["nodes"]}
    assert nodes["station_hours"]["clone"] is None
    assert nodes["station_hours"]["skipped_because"] == "the run ended before it was cloned"
    assert "Clones of production  none" in changed.cloneci("report").stdout


def test_schema_name_of_63_and_of_64_bytes(pull):
    pull.schema = "p" * 63
    pull.change("models/rides/dock_events.sql", "loaded_at\n", "loaded_at + interval '0' as loaded_at\n")
    pull.commit("shifted")
    pull.must("clone")
    assert pull.relations("ppp%") == {"p" * 63 + ".dock_events": "r"}
    refused(pull.ask("plan", "--schema", "p" * 64), USAGE, "p" * 64, "63")
    # counted in bytes, as the server counts
    refused(pull.ask("plan", "--schema", "ü" * 32), USAGE, "63")


def test_a_custom_schema_that_grows_too_long(changed):
    # its downstream district_league belongs to <schema>_finance
    refused(changed.ask("plan", "--schema", "p" * 60), USAGE, "_finance", "63")


@pytest.mark.parametrize("schema", ["it's \"PR\" 7.a", "ünï–☃", "--x\\y", '"; drop schema analytics cascade; --'])
def test_schema_names_that_need_quotes(changed, schema):
    for _ in range(2):  # the second run clears what the first one made
        changed.must("clone", f"--schema={schema}")
        assert set(changed.relations("%")) >= {f"{schema}.station_hours"}
        assert changed.schemas() == sorted([schema, f"{schema}_finance"])


def test_production_relation_is_missing(changed):
    changed.in_production("DROP TABLE analytics.station_hours")
    node = next(n for n in changed.plan()["nodes"] if n["unique_id"] == "model.spoke.station_hours")
    assert node["clone"] is None
    assert "station_hours" in node["skipped_because"] or "not" in node["skipped_because"]


def test_a_relation_that_is_deferred_to_is_missing(changed):
    changed.in_production("DROP TABLE analytics.stations")
    refused(changed.ask("plan"), WAREHOUSE, "stations", "district_league")


# --- the disk ---


@pytest.fixture
def full_disk(pull, full_disk_for):
    return full_disk_for(pull)


def test_no_space_left(pull, full_disk):
    pull.build_command("true")
    pull.patch("2-rush-hours")
    pull.must("run")
    first = {name: pull.content(name) for name in pull.relations()}
    full_disk.touch()
    refused(pull.ask("run"), WAREHOUSE, "No space left on device", "cloning model.spoke.")
    full_disk.unlink()
    # what stood still stands, whole; and the next run is as good as the first
    assert {name: pull.content(name) for name in pull.relations()} == first
    pull.must("run")
    assert {name: pull.content(name) for name in pull.relations()} == first
    assert pull.schemas() == ["pr_7", "pr_7_finance"]
