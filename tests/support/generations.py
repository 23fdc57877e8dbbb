"""A production made by plain SQL, for the tests of promote and rollback: no dbt, a database and a small project each."""

import itertools
import json
import os
import re
import subprocess

import spoke

# Every relation carries the generation that it is of; whoever reads two different ones has seen a mix.
GENERATION = """
CREATE TABLE {s}.orders (id integer PRIMARY KEY, gen integer NOT NULL, amount numeric(10,2));
INSERT INTO {s}.orders SELECT i, {g}, i FROM generate_series(1, 200) AS i;
CREATE TABLE {s}.customers (id integer, gen integer NOT NULL, name varchar(20));
INSERT INTO {s}.customers SELECT i, {g}, 'c' || i FROM generate_series(1, 50) AS i;
CREATE VIEW {s}.totals AS SELECT o.gen, count(*) AS n FROM {s}.orders AS o GROUP BY o.gen;
CREATE MATERIALIZED VIEW {s}.top AS SELECT gen, max(amount) AS most FROM {s}.orders GROUP BY gen;
"""
_numbers = itertools.count(1)


def start(folder, *settings):
    cluster = spoke.Cluster(folder, "max_connections=60", "autovacuum_naptime=1", "log_lock_waits=on", "wal_level=logical", "max_prepared_transactions=4", *settings)
    cluster.rows("CREATE ROLE prod_owner LOGIN; GRANT pg_read_all_stats TO prod_owner; CREATE ROLE reader LOGIN; CREATE ROLE other LOGIN")
    return cluster


class Live:
    """One production; `cloneci` runs in its project as prod_owner."""

    def __init__(self, folder, cluster, binary=None):
        self.cluster = cluster
        self.folder = folder
        self.database = f"live_{next(_numbers):03d}"
        self.binary = binary or spoke.program("san")
        cluster.rows(f'CREATE DATABASE "{self.database}" OWNER prod_owner')
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "dbt_project.yml").write_text("name: shop\nprofile: shop\nversion: '1.0'\nconfig-version: 2\n")
        self.profile()
        self.run("CREATE SCHEMA prod; GRANT USAGE ON SCHEMA prod TO reader; CREATE SCHEMA bi; GRANT USAGE ON SCHEMA bi TO reader")
        self.generation("prod", 0)
        # each in a transaction of its own: together they and autovacuum would wait for each other
        self.run("GRANT SELECT ON ALL TABLES IN SCHEMA prod TO reader")
        self.run("COMMENT ON TABLE prod.orders IS 'all orders'")
        self.run("COMMENT ON COLUMN prod.orders.amount IS 'in euro'")
        self.run("CREATE VIEW bi.report WITH (security_barrier=true) AS SELECT o.gen AS a, c.gen AS b FROM prod.orders o, prod.customers c"
                 " WHERE o.id = c.id; GRANT SELECT ON bi.report TO reader")

    def profile(self, host=None):
        (self.folder / "profiles.yml").write_text(
            "shop:\n  target: prod\n  outputs:\n    prod:\n      type: postgres\n      user: prod_owner\n      password: not-asked-for-here\n      port: 5432\n"
            f"      host: {host or self.cluster.socket}\n      dbname: {self.database}\n      schema: prod\n      threads: 1\n")

    def run(self, sql, user="prod_owner", values=None):
        return self.cluster.rows(sql, self.database, user, values)

    def value(self, sql, user="prod_owner"):
        return self.run(sql, user)[0][0]

    def connect(self, user="reader"):
        return self.cluster.connect(self.database, user)

    def generation(self, schema, number):
        self.run(GENERATION.format(s=schema, g=number))

    def stage(self, number, schema="stage", extra=""):
        """Builds a generation beside the live one."""
        self.run(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
        self.generation(schema, number)
        if extra:
            self.run(extra)

    def environment(self, **env):
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "DBT_", "CLONECI_"))}
        return {**keep, "HOME": str(self.folder), "UBSAN_OPTIONS": "print_stacktrace=1", **env}

    def popen(self, *args, **env):
        return subprocess.Popen([str(self.binary), *map(str, args)], cwd=self.folder, env=self.environment(**env), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def cloneci(self, *args, code=0, timeout=120, **env):
        done = subprocess.run([str(self.binary), *map(str, args)], cwd=self.folder, env=self.environment(**env), text=True,
                              capture_output=True, check=False, timeout=timeout, stdin=subprocess.DEVNULL)
        assert code is None or done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def promote(self, *args, code=0, **env):
        done = self.cloneci("promote", "--from", "stage=prod", "--output", "json", *args, code=code, **env)
        return json.loads(done.stdout) if code == 0 else done

    def rollback(self, *args, code=0, **env):
        done = self.cloneci("rollback", "--output", "json", *args, code=code, **env)
        return json.loads(done.stdout) if code == 0 else done

    def listed(self):
        return json.loads(self.cloneci("promote", "--list", "--output", "json").stdout)

    def live(self, user="reader"):
        """The generation that every relation of production shows; one number, or there is a mix."""
        seen = {name: self.run(f"SELECT DISTINCT {what} FROM {name}", user)
                for name, what in (("prod.orders", "gen"), ("prod.customers", "gen"), ("prod.totals", "gen"), ("prod.top", "gen"),
                                   ("bi.report", "a"), ("bi.report ", "b"))}
        assert len({str(v) for v in seen.values()}) == 1, seen
        return seen["prod.orders"][0][0]

    def schemas(self, like="%"):
        return [s for (s,) in self.run("SELECT nspname FROM pg_namespace WHERE nspname LIKE %s AND nspname NOT LIKE 'pg\\_%%'"
                                       " AND nspname NOT IN ('public', 'information_schema') ORDER BY 1", values=[like])]

    def picture(self):
        """All that a promotion touches, by OID: equal before and after means that nothing was changed."""
        return self.run(
            "SELECT n.nspname, c.relname, c.oid, c.relfilenode, c.relacl::text, pg_get_viewdef(c.oid)::text, obj_description(c.oid)"
            "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname NOT LIKE 'pg\\_%%' AND n.nspname NOT IN ('information_schema', 'cloneci') AND c.relkind IN ('r', 'v', 'm', 'S')"
            " ORDER BY 1, 2", "postgres")

    def drop(self):
        self.cluster.drop_database(self.database)


def refusals(done):
    """The lines that a refusal names."""
    return [line.strip() for line in re.findall(r"^  (?!->).*$", done.stderr, re.M)]
