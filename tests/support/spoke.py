"""Real parts for the demo and the integration tests: a throwaway PostgreSQL cluster, production built by real dbt, and
checkouts of the project in git."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import psycopg2

TOP = Path(__file__).resolve().parents[2]
DEMO = TOP / "tests" / "demo"
CLUSTER = TOP / "tests" / "support" / "cluster.sh"
# dbt's own program; what checkouts run may be one that has been started already (tests/support/preloaded)
DBT = dbt = TOP / ".venv" / "bin" / "dbt"
PRODUCTION_SCHEMAS = ("raw", "analytics", "finance")


class Failed(Exception):
    """A command that had to succeed did not; holds what it said."""


def must(argv, **options):
    """Runs a command that has to succeed; its standard output."""
    done = subprocess.run([str(a) for a in argv], text=True, capture_output=True, check=False, **options)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise Failed(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{said}")
    return done.stdout


class Cluster:
    """Started by making it; stop() ends it and removes every file."""

    def __init__(self, folder, *settings, primary=None):
        self.folder = Path(folder)
        # what a run that was killed left behind
        must(["sh", CLUSTER, "stop", self.folder, "immediate"])
        kind = ["start", self.folder] if primary is None else ["standby", self.folder, primary.folder]
        self.socket = must(["sh", CLUSTER, *kind, *settings]).strip()
        self.data = Path((self.folder / "location").read_text().strip()) / "data"

    def standby(self, folder, *settings):
        """A cluster that streams from this one."""
        return Cluster(folder, *settings, primary=self)

    def stop(self):
        must(["sh", CLUSTER, "stop", self.folder, "immediate"])

    def crash(self):
        must(["sh", CLUSTER, "crash", self.folder])

    def connect(self, database="postgres", user="postgres", **more):
        connection = psycopg2.connect(host=self.socket, port=5432, dbname=database, user=user, **more)
        connection.autocommit = True
        return connection

    def rows(self, sql, database="postgres", user="postgres", values=None):
        connection = self.connect(database, user)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def value(self, sql, database="postgres", user="postgres", values=None):
        return self.rows(sql, database, user, values)[0][0]

    def run_file(self, path, database, user, **variables):
        """A file of SQL, run by psql."""
        given = [f"--set={name}={value}" for name, value in variables.items()]
        must(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *given, "-h", self.socket, "-U", user,
              "-d", database, "-f", path])

    def copy_database(self, name, template):
        self.rows(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER prod_owner')
        self.rows(f'GRANT CREATE ON DATABASE "{name}" TO ci')

    def drop_database(self, name):
        self.rows(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Checkout:
    """A dbt project in a git repository, pointed at one database of a cluster."""

    def __init__(self, path, cluster, database, project="."):
        self.path = Path(path)
        self.project = self.path / project
        self.cluster = cluster
        self.database = database
        self.env = self._environment()

    def _environment(self):
        mine = ("PG", "DBT_", "CLONECI_", "GITHUB_", "GITLAB_", "BITBUCKET_", "BUILD_", "JENKINS_", "CHANGE_", "GIT_")
        env = {k: v for k, v in os.environ.items() if not k.startswith(mine) and k not in ("CI", "TF_BUILD")}
        env["PATH"] = f"{dbt.parent}:{DBT.parent}:{env['PATH']}"
        env["SPOKE_HOST"] = self.cluster.socket
        env["SPOKE_DATABASE"] = self.database
        env["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
        for who in ("AUTHOR", "COMMITTER"):
            env[f"GIT_{who}_NAME"] = "Spoke"
            env[f"GIT_{who}_EMAIL"] = "data@spoke.example"
        # the user's own git configuration must not change what is tested
        env["GIT_CONFIG_GLOBAL"] = env["GIT_CONFIG_SYSTEM"] = os.devnull
        return env

    def git(self, *args):
        return must(["git", *args], cwd=self.path, env=self.env).strip()

    def create(self):
        """The project's files, committed on main."""
        shutil.copytree(DEMO / "spoke", self.project)
        self.git("init", "-q", "-b", "main")
        self.commit("Spoke's warehouse")
        return self

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name, start="main"):
        self.git("checkout", "-q", "-b", name, start)

    def patch(self, name):
        """Applies tests/demo/pulls/<name>.patch and commits it."""
        inside = self.project.relative_to(self.path)
        options = [] if inside == Path(".") else [f"--directory={inside}"]
        self.git("apply", *options, DEMO / "pulls" / f"{name}.patch")
        return self.commit(name)

    def run(self, argv, timeout=300, **more):
        """Runs a command in the project; never raises on its exit code."""
        env = dict(self.env, **more)
        return subprocess.run([str(a) for a in argv], cwd=self.project, env=env, text=True, capture_output=True,
                              check=False, timeout=timeout, stdin=subprocess.DEVNULL)

    def dbt(self, *args, **more):
        return self.run(["dbt", "--no-use-colors", *args], **more)

    def must_dbt(self, *args, **more):
        done = self.dbt(*args, **more)
        if done.returncode:
            raise Failed(f"dbt {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done


def make_roles(cluster):
    """The owner of production, and CI's role; conf/roles.sql gives it what it needs and no more."""
    cluster.rows("CREATE ROLE prod_owner LOGIN; CREATE ROLE ci LOGIN")


def build_production(cluster, database, checkout, state, rides=300000):
    """Fills the sources, has dbt build production as its owner, keeps its artifacts in `state`, and lets another hour of
    source rows arrive."""
    cluster.rows(f'CREATE DATABASE "{database}" OWNER prod_owner')
    cluster.run_file(DEMO / "raw.sql", database, "prod_owner", rides=rides)
    target = Path(state).parent / "production-target"
    done = checkout.must_dbt("build", "--target", "prod", "--target-path", target)
    Path(state).mkdir(parents=True)
    for artifact in ("manifest.json", "run_results.json"):
        shutil.copy(target / artifact, state)
    shutil.rmtree(target)
    cluster.rows("ANALYZE", database)
    cluster.run_file(TOP / "conf" / "roles.sql", database, "postgres", ci="ci", owner="prod_owner",
                     schemas=",".join(PRODUCTION_SCHEMAS))
    cluster.run_file(DEMO / "raw_next_hour.sql", database, "prod_owner")
    return done


def results(target):
    """dbt's run results: unique id -> (status, rows affected, message)."""
    document = json.loads((Path(target) / "run_results.json").read_text())
    return {r["unique_id"]: (r["status"], r["adapter_response"].get("rows_affected"), r["message"])
            for r in document["results"]}


def program(build="release"):
    """The cloneci to run: CLONECI_BIN, or the one that make built."""
    found = Path(os.environ.get("CLONECI_BIN", TOP / "build" / build / "cloneci"))
    if not found.is_file():
        raise Failed(f"{found} is missing: run make first")
    return found
