"""A small dbt project in git, its production built by real dbt in a database of its own: for tests whose subject is what the
server does with a few models."""

import json
import shutil

import spoke

PASSWORD = "pw-7Qz-example"


class Shop(spoke.Checkout):
    """`raw` and `later` are SQL of production's owner: before production is built, and after."""

    def __init__(self, folder, cluster, database, models, properties):
        super().__init__(folder / "checkout", cluster, database)
        self.state = folder / "state"
        (self.path / "models").mkdir(parents=True)
        who = {"type": "postgres", "host": "{{ env_var('SPOKE_HOST') }}", "port": 5432, "password": PASSWORD, "dbname": database,
               "threads": 2}
        (self.path / "profiles.yml").write_text(json.dumps({"shop": {"target": "ci", "outputs": {
            "prod": {**who, "user": "prod_owner", "schema": "analytics"}, "ci": {**who, "user": "ci", "schema": "ci"}}}}))
        (self.path / "dbt_project.yml").write_text("name: shop\nprofile: shop\nversion: '1.0'\nconfig-version: 2\n")
        (self.path / ".gitignore").write_text("target/\nlogs/\n")
        (self.path / "models" / "s.yml").write_text(json.dumps(properties))
        for name, sql in models.items():
            (self.path / "models" / f"{name}.sql").write_text(sql)
        self.git("init", "-q", "-b", "main")
        self.commit("shop")

    def produce(self, raw, after=""):
        spoke.make_roles(self.cluster)
        self.cluster.rows(f"CREATE DATABASE {self.database} OWNER prod_owner")
        self.rows(raw, "prod_owner")
        self.must_dbt("build", "--target", "prod", "--target-path", self.state)
        if after:
            self.rows(after, "prod_owner")
        self.cluster.run_file(spoke.TOP / "conf" / "roles.sql", self.database, "postgres", ci="ci", owner="prod_owner",
                              schemas="raw,analytics")
        return self

    def pull(self, name, *changes):
        """A branch with changes of models: (model, old text, new text)."""
        self.git("checkout", "-q", "-f", "-B", name, "main")
        shutil.rmtree(self.path / "target", ignore_errors=True)
        for model, old, new in changes:
            file = self.path / "models" / f"{model}.sql"
            assert old in file.read_text()
            file.write_text(file.read_text().replace(old, new))
        self.commit(name)

    def cloneci(self, command, schema, *args):
        return self.run([spoke.program("san"), command, "--base", "main", "--state", self.state, "--schema", schema, *args])

    def report(self):
        return json.loads((self.path / "target" / "cloneci" / "report.json").read_text())

    def rows(self, sql, user="postgres"):
        return self.cluster.rows(sql, self.database, user)
