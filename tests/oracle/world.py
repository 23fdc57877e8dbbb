"""One throwaway cluster; in it for each case a production of its own, the pull request's run, and what production then does."""

import datetime
import json
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import preloaded  # noqa: E402
import spoke  # noqa: E402

TEMPLATE = "oracle"
OBJECTS = (HERE / "objects.sql").read_text()
LATER = (HERE / "raw_later.sql").read_text()
SCHEMA = "pr_7"


class NoCase(Exception):
    """The base cannot be built: there is nothing to ask."""


class World:
    """What cases share. `folder` is emptied; stop() ends all."""

    def __init__(self, folder, binary, dbt=None):
        """dbt: a preloaded one that stands already."""
        self.folder = Path(folder).resolve()
        self.binary = binary
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        self.begin = str(datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=3))
        self.own_dbt = None if dbt else preloaded.Dbt(spoke.DBT, spoke.DEMO / "spoke")
        spoke.dbt = dbt or self.own_dbt.program
        self.cluster = None
        try:
            self.cluster = spoke.Cluster(self.folder / "cluster", "max_connections=60", "synchronous_commit=off")
            self._prepare()
        except BaseException:
            self.stop()
            raise

    def _prepare(self):
        self.cluster.rows("CREATE ROLE prod_owner LOGIN; CREATE ROLE analyst; CREATE ROLE stranger; CREATE ROLE team; GRANT team TO prod_owner")
        self.cluster.rows(f"CREATE DATABASE {TEMPLATE} OWNER prod_owner")
        self.cluster.run_file(HERE / "raw.sql", TEMPLATE, "prod_owner", begin=self.begin)
        self.cluster.run_file(spoke.TOP / "conf" / "roles.sql", TEMPLATE, "postgres", ci="ci", owner="prod_owner", schemas="analytics,raw")

    def stop(self):
        if self.cluster:
            self.cluster.stop()
        if self.own_dbt:
            self.own_dbt.stop()


class Checkout(spoke.Checkout):
    """A case's repository; the project is a folder of it, a local package stands beside."""

    def __init__(self, path, cluster, database):
        super().__init__(path, cluster, database, "project")
        self.env["HOME"] = str(self.path.parent)
        self.env["NO_COLOR"] = "1"

    def begin(self, project):
        self.path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        project.write(self.path)
        self.commit("base")


class Production:
    """A run of production's: what failed, and why; what stands where."""

    def __init__(self, target, done):
        self.code = done.returncode
        self.log = done.stdout + done.stderr
        self.failed, self.places, self.parents, self.kinds = {}, {}, {}, {}
        results, manifest = (Path(target) / name for name in ("run_results.json", "manifest.json"))
        if manifest.exists():
            nodes = json.loads(manifest.read_text())["nodes"]
            self.parents = {uid: n.get("depends_on", {}).get("nodes", []) for uid, n in nodes.items()}
            self.kinds = {uid: n["config"].get("materialized") for uid, n in nodes.items()}
            self.places = {uid: (n["schema"], n["alias"]) for uid, n in nodes.items() if n.get("relation_name")}
        if results.exists():
            for r in json.loads(results.read_text())["results"]:
                if r["status"] in ("error", "fail", "partial success", "runtime error"):
                    self.failed[r["unique_id"]] = (r["message"] or r["status"]).replace("\n", " ")

    @property
    def passed(self):
        return self.code == 0


class Play:
    """A case that is played. Those that are played at the same time need stages of different names. A stage's folder and database have
    the same name for each case, and dbt begins with what it has parsed of its own macros before (`warm`)."""

    def __init__(self, world, case, stage="0", warm=None):
        self.world, self.case, self.cluster = world, case, world.cluster
        self.name = f"stage_{stage}"
        self.warm = warm
        self.folder = world.folder / "run" / self.name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.databases = []
        self.by_hand = {}  # object -> (decoration, model)
        self.sql = []
        self.checkout = Checkout(self.folder / "repository", self.cluster, self.name)
        self.after = self.report = self.code = None

    def play(self):
        """Production as it stands, the pull request's run, production's next run with the same commit in a copy."""
        self._make_production()
        self.copy("after")
        self.checkout.branch("change")
        self.head = self.case.head()
        self.head.write(self.checkout.path)
        self.checkout.git("add", "-A")
        self.checkout.git("commit", "-q", "--allow-empty", "-m", self.case.change[0])
        self._run_cloneci()
        self.after = self.produce("after")
        return self

    def _warm(self, target, name):
        """What was parsed of a project that has next to nothing; dbt reads the rest anew."""
        target.mkdir(parents=True, exist_ok=True)
        if self.warm and (self.warm / name).exists():
            shutil.copy(self.warm / name, target / "partial_parse.msgpack")

    def keep_warm(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, target in (("prod", self.folder / "state"), ("ci", self.checkout.project / "target")):
            if (target / "partial_parse.msgpack").exists():
                shutil.copy(target / "partial_parse.msgpack", folder / name)

    def copy(self, end):
        self.cluster.rows(f'CREATE DATABASE "{self.name}_{end}" TEMPLATE "{self.name}" OWNER prod_owner')
        self.databases.append(f"{self.name}_{end}")

    def objects(self, end=""):
        return set(self.cluster.rows(OBJECTS, self.name + end))

    def _make_production(self):
        self.cluster.drop_database(self.name)
        self.cluster.copy_database(self.name, TEMPLATE)
        self.databases.append(self.name)
        self.checkout.begin(self.case.base())
        built = self.produce("", target="state")
        if not built.passed:
            raise NoCase(built.log[-3000:])
        connection = self.cluster.connect(self.name)
        cursor = connection.cursor()
        cursor.execute("SET ROLE prod_owner")
        cursor.execute(OBJECTS)
        before = set(cursor.fetchall())
        for decoration, model, sql in self.case.decorate():
            try:
                cursor.execute(sql)
            except spoke.psycopg2.Error as error:
                self.sql.append(f"-- {decoration} on {model}: refused: {str(error).splitlines()[0]}")
                cursor.execute("SET ROLE prod_owner")
                continue
            self.sql.append(f"-- {decoration} on {model}\n{sql};")
            cursor.execute(OBJECTS)
            now = set(cursor.fetchall())
            self.by_hand.update(dict.fromkeys(now - before, (decoration, model)))
            before = now
        self.by_hand = {found: by for found, by in self.by_hand.items() if found in before}
        cursor.execute(LATER)
        connection.close()

    def _run_cloneci(self):
        words, env = self.case.words()
        argv = [self.world.binary, "run", "--base", "main", "--state", "../../state", "--schema", SCHEMA, *words]
        self._warm(self.checkout.project / "target", "ci")
        done = self.checkout.run(argv, **env)
        self.code, self.log = done.returncode, done.stdout + done.stderr
        found = self.checkout.project / "target" / "cloneci" / "report.json"
        self.report = json.loads(found.read_text()) if found.exists() else None
        self.argv = " ".join(f"{k}={v}" for k, v in env.items()) + " cloneci " + " ".join(map(str, argv[1:]))

    def produce(self, end, *words, target=None, command="build"):
        """What production does with what is checked out, in the copy of that name, which is called as production is for the while."""
        target = self.folder / (target or f"target_{end or 'first'}")
        shutil.rmtree(target, ignore_errors=True)
        self._warm(target, "prod")
        if end:
            self._rename("", "_aside")
            self._rename(f"_{end}", "")
        try:
            done = self.checkout.dbt(*command.split(), "--target", "prod", "--target-path", target, *words)
        finally:
            if end:
                self._rename("", f"_{end}")
                self._rename("_aside", "")
        return Production(target, done)

    def _rename(self, before, after):
        self.cluster.rows(f'ALTER DATABASE "{self.name}{before}" RENAME TO "{self.name}{after}"')

    def produce_base(self, *words, end="base"):
        """What production's next run does without the change."""
        self.copy(end)
        self.cluster.rows(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE", f"{self.name}_{end}")
        self.checkout.git("checkout", "-q", "main")
        try:
            return self.produce(end, *words)
        finally:
            self.checkout.git("checkout", "-q", "change")

    def produce_whole(self):
        """What the changed code makes of the sources from nothing."""
        self.copy("whole")
        return self.produce("whole", "--full-refresh")

    def relation(self, schema, name, end="", columns=None):
        """Its columns, sorted, and its rows as texts; None: it does not stand."""
        database = f"{self.name}_{end}" if end else self.name
        found = [c for (c,) in self.cluster.rows(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(format('%%I.%%I', %s::text, %s::text))"
            " AND attnum > 0 AND NOT attisdropped ORDER BY 1", database, values=[schema, name])]
        if not found:
            return None
        columns = [c for c in found if not columns or c in columns]
        words = ", ".join(f'"{c}"::text' for c in columns)
        return columns, self.cluster.rows(f'SELECT {words} FROM "{schema}"."{name}"', database)

    def stateless(self, uid):
        """What it reads of the project is built by the pull request's run as well, or has no rows of its own."""
        built = {n["unique_id"] for n in self.report["nodes"]}
        parents = self.after.parents.get(uid, [])
        return all((p in built or self.after.kinds.get(p) in ("view", "ephemeral")) and self.stateless(p)
                   for p in parents if not p.startswith("source."))

    def clear(self):
        for database in self.databases:
            self.cluster.drop_database(database)
