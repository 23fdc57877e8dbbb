"""Every command that README.md and docs/ show is run, as it stands, and has to succeed: in a pull request's checkout with
production's artifacts in prod-artifacts, a store and a forge on loopback, and productions for promote and rollback. Those
within sentences are at least ones that cloneci understands."""

import re
import shlex
import shutil
import subprocess

import pytest

import spoke
import stores
from conftest import told
from test_clone_database import Template
from test_report_post import KEY, TOKEN, Forge

DOCS = [spoke.TOP / "README.md", spoke.TOP / "CONTRIBUTING.md", *sorted((spoke.TOP / "docs").glob("*.md"))]
# What the tests are themselves, or what changes the machine that they run on.
NOT_HERE = ("make", "sudo ")
# Some need what others leave; the rest follows in the order of the documents.
ORDER = ("psql", "dbt parse", "cloneci init", "cloneci doctor", "cloneci plan", "cloneci ls", "cloneci explain", "cloneci clone",
         "cloneci build --state", "cloneci build --retry", "cloneci run", "cloneci report", "cloneci state check", "cloneci sandbox create",
         "cloneci sandbox list", "cloneci sandbox refresh", "cloneci sandbox", "cloneci state push",
         "cloneci state pull", "cloneci gc", "cloneci", "")


def shown():
    """The commands of the console blocks, and cloneci's own of the scripts, each once."""
    found = {}
    for file in DOCS:
        for kind, block in re.findall(r"^ *```(console|sh)\n(.*?)^ *```", file.read_text(), re.M | re.S):
            for line in block.splitlines():
                line = line.strip()
                if kind == "console" and line.startswith("$ "):
                    found.setdefault(shlex.join(shlex.split(line[2:], comments=True)), file.name)
                elif kind == "sh" and line.startswith("cloneci "):
                    found.setdefault(shlex.join(shlex.split(line, comments=True)), file.name)
    here = {command: name for command, name in found.items() if not command.startswith(NOT_HERE)}
    elsewhere = ("sudo apt-get install ", "sudo cp conf/schedule/", "sudo systemctl enable ")
    assert len(here) > 25 and set(found) - set(here) <= {"make demo", "make test", "make", "sudo make install",
                                                        *(c for c in found if c.startswith(elsewhere))}
    return sorted(here, key=lambda c: next(i for i, start in enumerate(ORDER) if c.startswith(start) or not start))


COMMANDS = shown()
# what moves production's relations: those of a real project, and those that others have built
WHOLE = ("cloneci promote --target", "cloneci rollback --target")
BUILT = ("cloneci promote --from", "cloneci rollback")


@pytest.fixture
def checkout(pull):
    """As the documents have it: branch `change`, target ci; artifacts of production will be in prod-artifacts."""
    pull.patch("1-late-corrections")
    for person in ("ann", "bob"):  # whom sandboxes are for
        pull.rows(f"DO $$ BEGIN CREATE ROLE {person} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    pull.cluster.rows("GRANT pg_read_all_stats TO prod_owner")  # a promotion looks for old snapshots
    shutil.rmtree(pull.target, ignore_errors=True)
    exclude = pull.path / ".git" / "info" / "exclude"
    exclude.write_text(exclude.read_text() + "cloneci.yml\nprod-artifacts/\n.github/\n")
    return pull


def test_every_command_that_is_shown_succeeds(checkout, tmp_path):
    pull, server, forge = checkout, stores.S3(), Forge("github")
    nginx, idle = stores.Nginx(), Template(checkout)
    forge.PATHS = {"github": ("/repos/acme/dbt/issues/12/comments", "/repos/acme/dbt/issues/comments/{id}", "PATCH")}
    elsewhere = {"+orders": "+rides", "+stg_orders": "+stg_rides", "/srv/dbt": str(tmp_path / "srv"),
                 "warehouse_idle": idle.name, "https://ci.acme.example/dbt": nginx.url("dbt"),
                 "/usr/local/share/doc/cloneci/roles.sql": str(spoke.TOP / "conf" / "roles.sql"),
                 "psql -d warehouse": f"psql -q -h {pull.cluster.socket} -U postgres -d {pull.database}", "ci=cloneci_ci": "ci=ci",
                 "owner=dbt_prod": "owner=prod_owner", "schemas=analytics,raw": "schemas=analytics,finance,raw"}
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "cloneci").symlink_to(pull.stage.binary)
    env = {"PATH": f"{bin}:{pull.env['PATH']}", **server.env(server.production), "GITHUB_ACTIONS": "true",
           "GITHUB_REPOSITORY": "acme/dbt", "GITHUB_REF": "refs/pull/12/merge", "GITHUB_API_URL": forge.url,
           "GITHUB_TOKEN": TOKEN, "GITHUB_BASE_REF": "main"}
    ran = 0
    try:
        for command in COMMANDS:
            if command.startswith(WHOLE + BUILT):
                continue
            if command.startswith("cloneci init"):
                (pull.project / "cloneci.yml").unlink(missing_ok=True)
            for there, here in elsewhere.items():
                command = command.replace(there, here)
            if command.startswith("cloneci sandbox create"):  # each document begins anew
                pull.run(["cloneci", "sandbox", "drop", *shlex.split(command)[3:4]], **env)
            if command.startswith("cloneci state push"):  # in the production job's checkout
                shutil.rmtree(pull.target)
                shutil.copytree(pull.project / "prod-artifacts", pull.target)
            if command.startswith("dbt parse"):  # production's artifacts are those of its branch
                pull.git("checkout", "-q", "main")
            done = pull.run(shlex.split(command), **env)
            pull.git("checkout", "-q", "change")
            assert done.returncode == 0, f"$ {command}\n{told(done)}"
            if command.startswith("psql"):  # the rights that it gives are what stands from now on
                pull.in_production("SELECT 1")
            ran += 1
    finally:
        idle.drop()
        server.stop()
        forge.stop()
        nginx.stop()
    assert ran > 20
    comment, = forge.comments.values()
    assert comment.startswith(KEY.replace(":pr ", ":ci ")), comment[:200]


def test_every_promotion_that_is_shown_succeeds(pull):
    pull.cluster.rows("GRANT pg_read_all_stats TO prod_owner")  # a promotion looks for old snapshots
    commands = [c for c in COMMANDS if c.startswith(WHOLE)]
    assert len(commands) >= 5
    for command in commands:
        done = pull.cloneci(*shlex.split(command)[1:])
        assert done.returncode == 0, f"$ {command}\n{told(done)}"
    pull.in_production("SELECT 1")


def test_every_promotion_of_what_was_built_elsewhere_succeeds(live):
    live.run("".join(f"CREATE SCHEMA {s};" for s in ("analytics", "finance")))
    for schema in ("analytics", "finance"):
        live.generation(schema, 0)
    commands = [c for c in COMMANDS if c.startswith(BUILT) and not c.startswith(WHOLE)]
    assert len(commands) >= 3
    live.stage(1)
    live.cloneci("promote", "--from", "stage=analytics")
    for command in commands:
        live.stage(1, "stage")
        live.stage(1, "stage_finance")
        live.cloneci(*shlex.split(command)[1:])


def test_the_scripts_for_a_git_ref_work(checkout, tmp_path):
    """Both jobs of docs/artifacts.md, with their git commands, in one checkout."""
    pull = checkout
    script, = [b for b in re.findall(r"^```sh\n(.*?)^```", (spoke.TOP / "docs" / "artifacts.md").read_text(), re.M | re.S) if "git fetch" in b]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "cloneci").symlink_to(pull.stage.binary)
    pull.git("init", "-q", "--bare", tmp_path / "origin")
    pull.git("remote", "add", "origin", tmp_path / "origin")
    shutil.copytree(pull.state, pull.target)
    done = pull.run(["sh", "-e", "-c", script], PATH=f"{tmp_path}/bin:{pull.env['PATH']}")
    assert done.returncode == 0 and (pull.project / "prod-artifacts" / "manifest.json").exists(), told(done)


def in_sentences():
    return sorted({c for file in DOCS for c in re.findall(r"`(cloneci [a-z][^`]*)`", " ".join(file.read_text().split()))})


def test_every_command_in_a_sentence_is_one():
    """`--help` is answered only after all words before it were understood."""
    binary, wrong = spoke.program("san"), []
    for command in in_sentences():
        words = shlex.split(command)[1:]
        at = words.index("--") if "--" in words else len(words)
        if words[0] == "help":
            words = [w.replace("COMMAND", "run") for w in words]
        else:
            words.insert(at, "--help")
        done = subprocess.run([binary, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            wrong.append(f"{command}: {done.stderr}")
    assert len(in_sentences()) > 30 and not wrong, "\n".join(wrong)
