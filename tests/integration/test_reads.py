"""What dbt reads decides, wherever it stands: local packages, folders outside of the project's, links."""

import shutil

import spoke
from conftest import told

PACKAGE = "name: {0}\nversion: '1.0'\nconfig-version: 2\n"
PLACES = [  # what changes, whose difference it makes, its file as the diff names it
    ("shared/macros/km.sql", "stations_km", "../../shared/macros/km.sql"),
    ("shared/models/cal.sql", "cal", "../../shared/models/cal.sql"),
    ("lib/models/far.sql", "far", "../../lib/models/far.sql"),
    ("lib/linked/behind.sql", "behind", "../../lib/linked/behind.sql"),
    ("lib/one.sql", "one", "../../lib/one.sql"),
    ("lib/macros/feet.sql", "far", "../../lib/macros/feet.sql"),
]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_what_dbt_reads_outside_of_the_projects_folder(new_pull):
    pull = new_pull(project="warehouse/spoke")
    top = pull.path
    pull.git("checkout", "-q", "main")
    for package in ("shared", "beside"):
        write(top / package / "dbt_project.yml", PACKAGE.format(package))
    write(top / "shared/packages.yml", "packages: [{local: ../../beside}]\n")
    write(top / "beside/macros/b.sql", "{% macro b() %}1{% endmacro %}\n")
    write(top / "shared/macros/km.sql", "{% macro km(c) %}{{ c }} * 0.62{% endmacro %}\n")
    write(top / "shared/models/cal.sql", "select 1 as d\n")
    write(top / "shared/README.md", "words\n")
    write(top / "lib/models/far.sql", "select {{ feet() }} as a\n")
    write(top / "lib/macros/feet.sql", "{% macro feet() %}3{% endmacro %}\n")
    write(top / "lib/linked/behind.sql", "select 3 as a\n")
    write(top / "lib/one.sql", "select 4 as a\n")
    pull.write("packages.yml", "packages: [{local: ../../shared}]\n")
    pull.change("dbt_project.yml", "name: spoke\n", "name: spoke\nmodel-paths: [models, linked, ../../lib/models]\n"
                "macro-paths: [macros, ../../lib/macros]\n")
    pull.write("models/stations_km.sql", "select {{ shared.km('1') }} as a\n")
    (pull.project / "linked").symlink_to("../../lib/linked")
    (pull.project / "models/one.sql").symlink_to("../../../lib/one.sql")
    spoke.must([spoke.dbt, "deps"], cwd=pull.project, env=pull.env)
    pull.commit("packages, folders and links")
    head = pull.git("rev-parse", "HEAD")
    pull.must_dbt("parse", "--target", "prod", DBT_ENV_CUSTOM_ENV_GIT_SHA=head)
    shutil.move(pull.target / "manifest.json", pull.state / "manifest.json")
    pull.git("checkout", "-q", "-B", "change")
    # an empty diff, and a file that dbt does not read
    write(top / "shared/README.md", "other words\n")
    pull.commit("words")
    assert "Nothing to do" in pull.must("plan").stdout
    for path, _, _ in PLACES:
        text = (top / path).read_text()
        write(top / path, text.replace("select ", "select 7 as more, ").replace("0.62", "0.6214").replace("3{", "3.3{"))
    pull.commit("all of them")
    plan = pull.plan("--scope", "pr")
    reasons = {n["unique_id"].split(".")[2]: [(r["origin"], r["file"]) for r in n["reasons"]] for n in plan["nodes"]}
    for _, name, file in PLACES:
        assert ("pr", file) in reasons[name], reasons
    manifest = pull.target / "manifest.json"
    for _, name, file in PLACES:
        done = pull.ask("explain", name, "--manifest", manifest)
        assert f"file   {file}\n      from   this pull request" in done.stdout, told(done)


def test_an_empty_diff_alone_proves_nothing(pull):
    """Production's manifest does not say what it was built from: it is compared, and here it differs."""
    pull.git("checkout", "-q", "main")
    pull.change("models/rides/station_hours.sql", "'3 hours'", "'6 hours'")
    pull.commit("merged, and not yet built in production")
    pull.git("checkout", "-q", "-B", "change")
    assert "station_hours" in pull.must("plan").stdout
