"""What production's relations have and carry that clones have not: a pull request is run, and then the same commit in production. What
fails there failed here, and what is gone there was named."""

import shutil

import spoke
from conftest import Pull, told

RAW = """
CREATE SCHEMA raw; CREATE SCHEMA bi;
CREATE TABLE raw.groups AS SELECT i AS id FROM generate_series(0, 9) AS i; ALTER TABLE raw.groups ADD PRIMARY KEY (id);
CREATE TABLE raw.facts (id int, grp int, amount int, note text);
INSERT INTO raw.facts SELECT i, i % 10, i * 10, 'n' || i FROM generate_series(1, 50) AS i;
"""
# Other people's, after production's last run.
DECORATIONS = """
ALTER TABLE analytics.keyed ADD CONSTRAINT keyed_group FOREIGN KEY (grp) REFERENCES raw.groups (id);
CREATE FUNCTION bi.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER noted BEFORE INSERT ON analytics.triggered FOR EACH ROW EXECUTE FUNCTION bi.note();
CREATE VIEW bi.amounts AS SELECT id, amount FROM analytics.retyped; CREATE VIEW bi.top AS SELECT max(amount) FROM bi.amounts;
CREATE FUNCTION bi.count_top() RETURNS bigint LANGUAGE sql BEGIN ATOMIC; SELECT count(*) FROM bi.top; END;
CREATE INDEX retyped_amount ON analytics.retyped (amount);
CREATE VIEW bi.of_rebuilt AS SELECT id FROM analytics.rebuilt;
GRANT SELECT (id, note) ON analytics.rebuilt TO PUBLIC; CREATE STATISTICS analytics.rebuilt_pair ON id, note FROM analytics.rebuilt;
CREATE FUNCTION bi.notes() RETURNS bigint LANGUAGE sql AS 'SELECT count(note) FROM analytics.rebuilt';
ALTER TABLE analytics.was_kept ADD CONSTRAINT was_kept_id UNIQUE (id);
ALTER TABLE analytics.referred ADD PRIMARY KEY (id);
CREATE TABLE bi.child (id int REFERENCES analytics.referred (id)); INSERT INTO bi.child VALUES (1);
GRANT SELECT ON bi.child TO ci;
DROP TABLE analytics.parted; CREATE TABLE analytics.parted (id int) PARTITION BY RANGE (id);
CREATE TABLE analytics.parted_1 PARTITION OF analytics.parted FOR VALUES FROM (0) TO (53); GRANT SELECT ON analytics.parted, analytics.parted_1 TO ci;
INSERT INTO analytics.parted SELECT id FROM raw.facts;
DELETE FROM raw.facts WHERE id = 7;
INSERT INTO raw.facts SELECT i, i, i * 10, 'n' || i FROM generate_series(51, 55) AS i;
"""
NEW = "{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}"


def incremental(body, more="incremental_strategy='append'"):
    return f"{{{{ config(materialized='incremental', {more}) }}}}\nselect {body} {NEW}\n"


def model(materialized, body):
    return f"{{{{ config(materialized='{materialized}') }}}}\nselect {body}\n"


FACTS = "from {{ source('raw', 'facts') }}"
SYNC = "incremental_strategy='append', on_schema_change='sync_all_columns'"
BASE = {
    "keyed": incremental(f"id, grp {FACTS}"),
    "triggered": incremental(f"id {FACTS}"),
    "known": incremental(f"id {FACTS}"),
    "parted": incremental(f"id {FACTS}"),
    "retyped": incremental(f"id, amount {FACTS}", SYNC),
    "swept": incremental(f"id, amount {FACTS}", SYNC),
    "sweeper": model("view", "id, amount from {{ ref('swept') }}"),
    "rebuilt": model("table", f"id, note {FACTS}"),
    "was_kept": incremental(f"id {FACTS}"),
    "referred": incremental(f"id, amount {FACTS}", "incremental_strategy='delete+insert', unique_key='id'"),
    "stage": model("view", f"id, amount {FACTS}"),
    "below": incremental("id, amount from {{ ref('stage') }}"),
    "summary": model("materialized_view", f"grp, count(*) as n {FACTS} group by grp"),
    "by_target": model("table", f"id {FACTS} {{% if target.name == 'prod' %}} limit 3 {{% endif %}}"),
    "by_type": model("table", f"id {FACTS} {{% if target.type == 'oracle' %}} limit 3 {{% endif %}}"),
    "owned": incremental(f"id {FACTS}", "incremental_strategy='append', on_schema_change='append_new_columns'"),
    "first_name": incremental(f"id, grp as first {FACTS}"),
}
CHANGED = {
    "keyed": BASE["keyed"].replace("id, grp", "id, grp + 0 as grp"),
    "triggered": BASE["triggered"] + "-- more\n",
    "parted": BASE["parted"] + "-- more\n",
    "retyped": BASE["retyped"].replace("amount", "amount::text as amount"),
    "swept": BASE["swept"].replace("amount", "amount::text as amount"),
    "rebuilt": BASE["rebuilt"].replace(", note", ""),
    "was_kept": model("view", f"id {FACTS}"),
    "referred": BASE["referred"] + "-- more\n",
    "by_target": BASE["by_target"] + "-- more\n",
    "by_type": BASE["by_type"] + "-- more\n",
    "owned": BASE["owned"].replace("select id", "select id, grp"),
    "stage": BASE["stage"].replace("amount", "amount * 2 as amount"),
    "summary": BASE["summary"].replace("count(*)", "count(id)"),
}
GONE = "SELECT to_regclass('bi.amounts') IS NULL, to_regclass('bi.top') IS NULL, to_regprocedure('bi.count_top()') IS NULL," \
    " to_regclass('analytics.retyped_amount') IS NULL, to_regclass('bi.of_rebuilt') IS NULL, to_regprocedure('bi.notes()') IS NULL"


def prepare(pull):
    for part in ("models", "seeds", "snapshots", "tests", "macros"):
        shutil.rmtree(pull.project / part, ignore_errors=True)
    pull.write("dbt_project.yml", "name: spoke\nprofile: spoke\nversion: '1.0'\nconfig-version: 2\n")
    pull.write("models/sources.yml", "sources: [{name: raw, tables: [{name: facts}]}]\n")
    pull.write("seeds/codes.csv", "id,name\n1,one\n")
    pull.write("tests/all_known.sql", "select id from {{ ref('triggered') }} except select id from {{ ref('known') }}\n")
    for name, sql in BASE.items():
        pull.write(f"models/{name}.sql", sql)
    pull.commit("production")
    pull.rows(RAW, "prod_owner")
    pull.must_dbt("build", "--target", "prod", "--target-path", pull.home / "before", "--threads", "4")
    pull.rows("GRANT USAGE ON SCHEMA raw, analytics, bi TO ci; GRANT SELECT ON ALL TABLES IN SCHEMA raw, analytics, bi TO ci;"
              + DECORATIONS, "prod_owner")
    pull.state.mkdir()
    shutil.copy(pull.home / "before" / "manifest.json", pull.state / "manifest.json")
    # another role's, which production's run may write to and not alter
    pull.rows("CREATE ROLE attached_other; GRANT CREATE ON SCHEMA analytics TO attached_other; ALTER TABLE analytics.owned OWNER TO"
              " attached_other; GRANT SELECT, INSERT ON analytics.owned TO prod_owner, ci")
    pull.branch("change")
    pull.write("seeds/codes.csv", "id,name,long_name\n1,one,the one\n")
    for name, sql in CHANGED.items():
        pull.write(f"models/{name}.sql", sql)
    (pull.project / "models" / "first_name.sql").unlink()
    pull.write("models/second_name.sql", BASE["first_name"].replace("materialized=", "alias='first_name', materialized="))
    pull.commit("all at once")


def said(report, name, aspect):
    return [(f["status"], f["effect"], f["text"]) for f in report["facts"]
            if f["subject"] and f["subject"].endswith(f".spoke.{name}") and f["aspect"] == aspect and f["effect"] != "advice"]


def test_what_hangs_on_production(stage, tmp_path):
    stage.cluster.rows("CREATE DATABASE spoke_attached OWNER prod_owner")
    stage.cluster.rows("GRANT CREATE ON DATABASE spoke_attached TO ci")
    pull = Pull(tmp_path / "checkout", stage, "spoke_attached")
    pull.create()
    prepare(pull)
    done = pull.ask("run", "--threads", "4", "--partitions", "flatten")
    report = pull.report()
    assert report["advice"]["merge"] == "no" and done.returncode == 1, told(done)

    # rows that production refuses: by a key that the clone has, and by partitions that it has not
    [keyed] = [f for f in report["facts"] if (f["subject"], f["aspect"]) == ("model.spoke.keyed", "built")]
    assert (keyed["status"], keyed["cause"]) == ("fails", "code") and "keyed_group" in keyed["text"], keyed
    [(status, effect, text)] = said(report, "parted", "parts")
    assert (status, effect) == ("fails", "merge") and text.startswith("3 rows fit none of production's partitions, such as (53)"), text
    # a test that reads what production's next run brings first
    [test] = [f for f in report["facts"] if (f["subject"], f["aspect"]) == ("test.spoke.all_known", "built")]
    assert (test["status"], test["cause"]) == ("fails", "unknown") and "reads known as production's last run left it" in test["text"]
    # what cannot be counted
    assert [s for s, _, _ in said(report, "triggered", "parts")] == ["unproven"]
    assert "trigger noted" in said(report, "triggered", "parts")[0][2]
    # a table elsewhere that refers to it: its keys refer to the clone
    assert [s for s, _, _ in said(report, "referred", "parts")] == ["holds"]
    # what goes, one by one, through what
    goes = "\n".join(text for status, effect, text in said(report, "retyped", "dependants") if (status, effect) == ("fails", "after"))
    for what in ("view bi.amounts", "view bi.top (through view bi.amounts)", "function bi.count_top() (through view bi.top)",
                 "index retyped_amount"):
        assert what in goes, (what, goes)
    # a view of the project goes with the column, and the run fails at it
    assert ("fails", "merge") in [(s, e) for s, e, text in said(report, "swept", "dependants") if "analytics.sweeper" in text]
    rebuilt = said(report, "rebuilt", "dependants")
    assert any("view bi.of_rebuilt goes" in text for _, _, text in rebuilt), rebuilt
    assert [s for s, _, text in rebuilt if "bi.notes()" in text] == ["unproven"], rebuilt
    for what in ("grant SELECT (id, note) to PUBLIC", "statistics rebuilt_pair"):
        assert any(f"{what} goes" in text for _, _, text in rebuilt), (what, rebuilt)
    kept = "\n".join(text for _, _, text in said(report, "was_kept", "dependants"))
    assert "key was_kept_id" in kept and "1 of its rows go" in kept, kept
    # rows from before
    [(status, effect, text)] = said(report, "below", "existing_rows")
    assert (status, effect) == ("unproven", "merge") and "stage" in text and "dbt build --full-refresh --select below" in text
    assert [(s, e) for s, e, _ in said(report, "summary", "existing_rows")] == [("fails", "after")]
    # what dbt does not make again, or may not alter
    [(status, effect, text)] = said(report, "codes", "columns")
    assert (status, effect) == ("fails", "merge") and "no column long_name" in text, text
    [(status, effect, text)] = said(report, "owned", "parts")
    assert (status, effect) == ("fails", "merge") and "attached_other" in text and "prod_owner" in text, text
    # code that takes another way in production
    assert [(s, e) for s, e, text in said(report, "by_target", "inputs") if "its code reads target" in text] == [("unproven", "merge")]
    assert not said(report, "by_type", "inputs")
    # another file, the same relation
    [renamed] = [n for n in report["nodes"] if n["name"] == "second_name"]
    assert renamed["clone"]["from"].endswith('"first_name"') and renamed["build"]["incremental"] is True and not renamed["new"]
    for name in ("below", "second_name"):
        assert not said(report, name, "dependants"), name

    target = pull.home / "after"
    pull.dbt("build", "--target", "prod", "--target-path", target, "--threads", "4")
    status = {u.split(".")[-1]: s for u, (s, _, _) in spoke.results(target).items()}
    assert {name for name, s in status.items() if s in ("error", "fail")} == {"keyed", "parted", "sweeper", "codes", "owned"}, status
    assert pull.rows(GONE) == [(True, True, True, True, True, False)]
    stage.cluster.drop_database(pull.database)
    stage.cluster.rows("DROP ROLE attached_other")
