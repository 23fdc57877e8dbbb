"""One cluster and one production for the whole session; a database of its own, copied from production, and a checkout of
its own for every test. After each test production must be exactly what it was."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import generations  # noqa: E402
import preloaded  # noqa: E402
import spoke  # noqa: E402

CI_PASSWORD = "s3cr3t-of-the-ci-role"
RIDES = 6000
# Databases are named alike, so that an artifact of one becomes another's by putting the name in its place.
DATABASE = "spoke_%04d"
PRODUCTION = DATABASE % 0


def fingerprint(cluster, database):
    """Everything of production that a careless CI could change: relations, their rows, sequences, rights, dependants."""
    rows = cluster.rows(
        "SELECT c.oid::regclass::text, c.oid, c.relfilenode, c.relkind::text, c.relowner, c.relacl::text,"
        "       obj_description(c.oid), c.relkind IN ('r', 'm', 'v', 'S')"
        "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ANY(%s) ORDER BY c.oid", database, values=[list(spoke.PRODUCTION_SCHEMAS)])
    found = {}
    for name, *facts, has_rows in rows:
        content = None
        if has_rows:
            what = "last_value, is_called" if facts[2] == "S" else "count(*), sum(hashtextextended(t::text, 0))"
            content = cluster.rows(f"SELECT {what} FROM {name} AS t", database)[0]
        found[name] = (*facts, content)
    found["schemas"] = cluster.rows(
        "SELECT oid, nspname, nspowner, nspacl::text, obj_description(oid) FROM pg_namespace"
        " WHERE nspname = ANY(%s) ORDER BY oid", database, values=[list(spoke.PRODUCTION_SCHEMAS)])
    found["default rights"] = cluster.rows(
        "SELECT d.oid, d.defaclacl::text FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace"
        " WHERE n.oid IS NULL OR n.nspname = ANY(%s) ORDER BY d.oid", database, values=[list(spoke.PRODUCTION_SCHEMAS)])
    # a production object that hangs on something of CI's could no longer be dropped or rebuilt alone
    found["depends on CI"] = cluster.rows(
        "SELECT d.classid, d.objid, d.refobjid FROM pg_depend d JOIN pg_class r ON r.oid = d.refobjid"
        "  JOIN pg_namespace rn ON rn.oid = r.relnamespace JOIN pg_class c ON c.oid = d.objid"
        "  JOIN pg_namespace cn ON cn.oid = c.relnamespace"
        " WHERE cn.nspname = ANY(%s) AND rn.nspname <> ALL(%s) AND rn.nspname NOT LIKE 'pg\\_%%'", database,
        values=[list(spoke.PRODUCTION_SCHEMAS)] * 2)
    return found


class Stage:
    """What all tests share."""

    def __init__(self, folder):
        self.folder = folder
        self.binary = spoke.program("san")
        self.cluster = spoke.Cluster(folder / "cluster", "log_line_prefix=<<%d|%u|%c>> ", "max_connections=60")
        self.state = folder / "state"
        self.template = spoke.Checkout(folder / "template", self.cluster, PRODUCTION)

    def build(self):
        spoke.make_roles(self.cluster)
        self.cluster.rows(f"CREATE ROLE by_password; CREATE ROLE ci_secret LOGIN PASSWORD '{CI_PASSWORD}' IN ROLE by_password, ci")
        self.template.create()
        spoke.build_production(self.cluster, PRODUCTION, self.template, self.state, rides=RIDES)
        # what the checkouts' own commands need
        shutil.rmtree(self.template.project / "logs", ignore_errors=True)
        self.cluster.rows("ALTER ROLE ci SET log_statement = 'all'; ALTER ROLE ci_secret SET log_statement = 'all'")
        self.untouched = fingerprint(self.cluster, PRODUCTION)


def pytest_configure(config):
    config.addinivalue_line("markers", "real_dbt: dbt's own program, where its process is what is tested: its signals, children, end")
    config.addinivalue_line("markers", "alone: run while no other test does, for its subject is signals or time")


@pytest.fixture(scope="session", autouse=True)
def preloaded_dbt():
    """A dbt that is imported once for all tests; in those that are marked real_dbt it is dbt's own program."""
    made = preloaded.Dbt(spoke.DBT, spoke.DEMO / "spoke")
    spoke.dbt = made.program
    yield made.program
    made.stop()


@pytest.fixture(autouse=True)
def dbt_of_the_test(request, preloaded_dbt):
    if request.node.get_closest_marker("real_dbt"):
        spoke.dbt = spoke.DBT
    yield
    spoke.dbt = preloaded_dbt


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    made = None
    try:
        made = Stage(tmp_path_factory.mktemp("stage"))
        made.build()
        yield made
    finally:
        if made:
            made.cluster.stop()


class Pull(spoke.Checkout):
    """A pull request: a branch in a checkout, and a database that is a copy of production's."""

    schema = "pr_7"

    def __init__(self, path, stage, database, project="."):
        self.stage = stage
        self.home = path.parent
        super().__init__(path, stage.cluster, database, project)
        self.state = path.parent / "state"
        self.untouched = stage.untouched

    def _environment(self):
        env = super()._environment()
        env["HOME"] = str(self.home)
        env["XDG_CACHE_HOME"] = str(self.home / "cache")
        env["TMPDIR"] = str(self.home)
        env["UBSAN_OPTIONS"] = "print_stacktrace=1"
        return env

    # --- cloneci ---

    def cloneci(self, command, *args, timeout=300, **env):
        return self.run([self.stage.binary, *command.split(), *args], timeout=timeout, **env)

    def ask(self, command, *args, **env):
        """A command of the main job, as a pull request's CI calls it."""
        return self.cloneci(command, "--base", "main", "--state", self.state, "--schema", self.schema, *args, **env)

    def must(self, command, *args, **env):
        done = self.ask(command, *args, **env)
        assert done.returncode == 0, told(done)
        return done

    def plan(self, *args, **env):
        return json.loads(self.must("plan", "--output", "json", *args, **env).stdout)

    @property
    def target(self):
        return self.project / "target"

    def report(self):
        return json.loads((self.target / "cloneci" / "report.json").read_text())

    def settings(self, text):
        """cloneci.yml, outside of the diff: ignored by git."""
        (self.project / "cloneci.yml").write_text(text)
        exclude = self.path / ".git" / "info" / "exclude"
        exclude.write_text(exclude.read_text() + "cloneci.yml\n")

    def build_command(self, *argv):
        """A build step that costs nothing, where dbt's own is not what is tested."""
        self.settings("build:\n  command: " + json.dumps([str(a) for a in argv]) + "\n")

    def change(self, path, old, new):
        file = self.project / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def write(self, path, text):
        file = self.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    # --- the warehouse ---

    def rows(self, sql, user="postgres", values=None):
        return self.cluster.rows(sql, self.database, user, values)

    def value(self, sql, user="postgres", values=None):
        return self.rows(sql, user, values)[0][0]

    def in_production(self, sql):
        """Something that production's owner does meanwhile; what stands afterwards is what must stay."""
        self.rows(sql, "prod_owner")
        self.untouched = fingerprint(self.cluster, self.database)

    def relations(self, like="pr\\_%"):
        """schema.name -> kind, of what stands outside of production."""
        return dict(self.rows(
            "SELECT n.nspname || '.' || c.relname, c.relkind::text FROM pg_class c"
            "  JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname LIKE %s AND c.relkind IN ('r', 'v', 'm', 'p') ORDER BY 1", values=[like]))

    def content(self, relation):
        return self.rows(f"SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {relation} AS t")[0]

    def schemas(self):
        return [s for (s,) in self.rows(
            "SELECT nspname FROM pg_namespace WHERE nspname <> ALL(%s) AND nspname NOT LIKE 'pg\\_%%'"
            "   AND nspname NOT IN ('public', 'information_schema') ORDER BY 1",
            values=[list(spoke.PRODUCTION_SCHEMAS)])]

    def statements(self, user="ci"):
        """What this user sent to this database, in order, as the server logged it."""
        text = (self.cluster.data.parent / "server.log").read_text()
        head = re.compile(r"^<<(.*?)\|(.*?)\|.*?>> (?:LOG:  (?:statement|execute [^:]*): )?", re.M)
        found = []
        for this, after in itertools.pairwise([*head.finditer(text), None]):
            end = after.start() if after else len(text)
            if this.group(1) == self.database and this.group(2) == user and "LOG:  " in this.group(0):
                found.append(text[this.end():end].rstrip("\n").replace("\n\t", "\n"))
        return found

    def assert_untouched(self):
        now = fingerprint(self.cluster, self.database)
        changed = {name: (before, now.get(name)) for name, before in self.untouched.items() if now.get(name) != before}
        changed.update({name: (None, facts) for name, facts in now.items() if name not in self.untouched})
        assert not changed, f"production was touched: {changed}"


def partitioned(table, column, *schemas):
    """SQL that makes a table of production a partitioned one, with a partition in each of the schemas: NAME_0, NAME_1 .."""
    schema, name = table.split(".")
    parts = "".join(f"CREATE TABLE {s}.{name}_{i} PARTITION OF {table} FOR VALUES WITH (MODULUS {len(schemas)}, REMAINDER {i});"
                    for i, s in enumerate(schemas))
    return (f"ALTER TABLE {table} RENAME TO plain; CREATE TABLE {table} (LIKE {schema}.plain INCLUDING ALL EXCLUDING INDEXES)"
            f" PARTITION BY HASH ({column}); {parts} INSERT INTO {table} SELECT * FROM {schema}.plain; DROP TABLE {schema}.plain;"
            f"CREATE INDEX {name}_n ON {table} ({column});")


def told(done):
    return f"exit {done.returncode}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"


def moved_artifact(source, destination, database):
    """An artifact of dbt's, as it would have been made in another database of ours."""
    destination.write_text(re.sub(DATABASE.replace("%04d", r"\d{4}"), database, source.read_text()))


_numbers = itertools.count(1)


@pytest.fixture
def new_pull(stage, tmp_path):
    """Makes pull requests; with project='a/b' the project is in a subfolder of the repository."""
    made = []

    def make(project="."):
        number = next(_numbers)
        database = DATABASE % number
        stage.cluster.copy_database(database, PRODUCTION)
        path = tmp_path / str(number) / "checkout"
        pull = Pull(path, stage, database, project)
        made.append(pull)
        if project == ".":
            shutil.copytree(stage.template.path, path)
        else:
            pull.create()
        pull.state.mkdir()
        for artifact in stage.state.iterdir():
            moved_artifact(artifact, pull.state / artifact.name, database)
        pull.branch("change")
        return pull

    yield make
    for pull in made:
        try:
            pull.assert_untouched()
        finally:
            stage.cluster.drop_database(pull.database)


@pytest.fixture
def pull(new_pull):
    return new_pull()


@pytest.fixture
def own_server():
    """Moves a pull request's warehouse to a server of its own, which may be stopped, or has `environment`."""
    folder = Path(tempfile.mkdtemp(prefix="cloneci-own-"))
    folder.chmod(0o755)
    moved = []

    def move(pull, **environment):
        os.environ.update(environment)
        try:
            cluster = spoke.Cluster(folder / "cluster")
        finally:
            for name in environment:
                del os.environ[name]
        moved.append((pull, pull.cluster, cluster))
        spoke.make_roles(cluster)
        cluster.rows(f'CREATE DATABASE "{pull.database}" OWNER prod_owner')
        cluster.rows(f'GRANT CREATE ON DATABASE "{pull.database}" TO ci')
        dump = subprocess.run(["pg_dump", "-h", pull.cluster.socket, "-U", "postgres", pull.database], check=True,
                              capture_output=True)
        subprocess.run(["psql", "-X", "-q", "-h", cluster.socket, "-U", "postgres", "-d", pull.database], check=True,
                       input=dump.stdout, capture_output=True)
        pull.cluster = cluster
        pull.env["SPOKE_HOST"] = cluster.socket
        return cluster

    try:
        yield move
    finally:
        for pull, whole, cluster in moved:
            pull.cluster = whole
            pull.env["SPOKE_HOST"] = whole.socket
            cluster.stop()
        shutil.rmtree(folder)


@pytest.fixture
def full_disk_for(own_server):
    """Moves a pull request's warehouse to a server of its own, whose disk is full while the file exists that comes back."""
    folder = Path(tempfile.mkdtemp(prefix="cloneci-disk-"))
    folder.chmod(0o755)
    library = folder / "disk_full.so"

    def move(pull):
        spoke.must(["gcc", "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-o", library,
                    spoke.TOP / "tests" / "support" / "disk_full.c", "-ldl"])
        own_server(pull, LD_PRELOAD=str(library), DISK_FULL=str(folder / "full"))
        return folder / "full"

    yield move
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def head_manifest(stage, tmp_path_factory):
    """The head's manifest of pull request 2, parsed once for all."""
    return tmp_path_factory.mktemp("head") / "manifest.json"


@pytest.fixture
def rush_hours(pull, head_manifest):
    """Pull request 2: rides is modified, three more incremental models come with it. `head` is its manifest, for
    --manifest; the build step costs nothing."""
    pull.build_command("true")
    pull.patch("2-rush-hours")
    pull.head = pull.home / "head.json"
    if not head_manifest.exists():
        pull.must("plan")
        moved_artifact(pull.target / "manifest.json", head_manifest, pull.database)
    moved_artifact(head_manifest, pull.head, pull.database)
    return pull


@pytest.fixture(scope="session")
def generations_cluster(tmp_path_factory):
    made = generations.start(tmp_path_factory.mktemp("generations") / "cluster")
    yield made
    made.stop()


@pytest.fixture
def live(generations_cluster, tmp_path):
    """A small production to promote to; see generations.Live."""
    made = generations.Live(tmp_path / "project", generations_cluster)
    yield made
    made.drop()


def pytest_terminal_summary(terminalreporter):
    """The line that tests/run.sh sums. A skipped test did not pass."""
    of = {kind: len(terminalreporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")}
    failed = sum(of[kind] for kind in ("failed", "error", "skipped", "xfailed"))
    terminalreporter.write_line(f"{of['passed'] + of['xpassed']} passed, {failed} failed")
