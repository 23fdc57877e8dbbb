"""--compare-production: what the pull request built beside what production has."""

from conftest import told


def test_full_and_summary(pull):
    pull.change("models/rides/station_hours.sql", "count(*) as rides", "count(*) + 1 as rides")
    pull.change("models/finance/district_league.sql", "as place", "as rank")
    pull.commit("one ride more")
    done = pull.must("run", "--compare-production", "full")
    nodes = {n["name"]: n for n in pull.report()["nodes"]}
    hours = nodes["station_hours"]["compare"]
    counts = pull.rows("""
        SELECT (SELECT count(*) FROM pr_7.station_hours), (SELECT count(*) FROM analytics.station_hours),
               count(*) FILTER (WHERE b IS NULL), count(*) FILTER (WHERE a IS NULL), count(*) FILTER (WHERE a.rides <> b.rides),
               count(*) FILTER (WHERE a::text <> b::text)
          FROM pr_7.station_hours AS a FULL JOIN analytics.station_hours AS b USING (station_id, hour)""")[0]
    assert (hours["rows"], hours["rows_production"], hours["only_here"], hours["only_production"]) == counts[:4], told(done)
    columns = {c["name"]: c for c in hours["columns"]}
    assert columns["rides"]["differing"] == counts[4] > 0 and columns["rides"]["differs"] is True
    assert hours["changed"] == counts[5]
    assert hours["key"] == ["station_id", "hour"] and hours["duplicates"] == hours["duplicates_production"] == 0
    league = nodes["district_league"]["compare"]
    assert {c["name"]: (c["here"], c["production"]) for c in league["columns"] if c["name"] in ("rank", "place")} == \
        {"rank": ("bigint", None), "place": (None, "bigint")}
    assert "Beside production" in done.stdout and "rank (new)" in done.stdout
    assert "Beside production" in (pull.target / "cloneci" / "report.md").read_text()
    # the same data: every column the same; and nothing that was not asked for
    pull.must("clone")
    pull.must("build", CLONECI_COMPARE_PRODUCTION="summary")
    summary = {n["name"]: n for n in pull.report()["nodes"]}["station_hours"]["compare"]
    assert summary["mode"] == "summary" and summary["only_here"] is None
    assert {c["name"] for c in summary["columns"] if c["differs"]} >= {"rides"}
    assert summary["rows"] == hours["rows"]


def test_clones_that_lack_rows_are_left_out(pull):
    """What a window, a sample or a shape never had would be told as lost."""
    pull.settings("clone:\n  rules: [{select: 'path:models/rides/rides.sql', strategy: shape}, {select: station_hours, strategy: sample}]\n")
    pull.patch("1-late-corrections")
    pull.must("run", "--select", "path:models/rides/rides.sql", "station_hours", "bike_months", "--compare-production", "full")
    report = pull.report()
    assert {n["name"] for n in report["nodes"] if n["compare"]} == {"bike_months"}
    left_out = [w["text"] for w in report["warnings"] if w["code"] == "not_compared"]
    assert left_out == ["rides was not compared with production: its clone has none of production's rows",
                        "station_hours was not compared with production: its clone has a part of production's rows"]


def test_the_same_and_a_part(pull):
    """Below dbt: the statements alone, on tables whose difference is known, whole and on ten of a hundred rows."""
    pull.rows("""CREATE SCHEMA pr_7; CREATE TABLE pr_7.a AS SELECT i AS id, i % 10 AS v, i / 3.0::float8 AS f, json_build_object('i', i) AS j
                   FROM generate_series(1, 20000) AS i;
                 CREATE TABLE pr_7.same AS SELECT * FROM pr_7.a ORDER BY id DESC;
                 CREATE TABLE pr_7.other AS SELECT id, CASE WHEN id % 2 = 0 THEN v + 1 ELSE v END AS v, f, j FROM pr_7.a""")

    def summary(b, percent, key='["id"]', stem="compare_summary"):
        template = pull.cloneci("sql", stem).stdout
        for name, value in {"a_schema": "pr_7", "a_name": "a", "b_schema": "pr_7", "b_name": b, "keys": key, "ignore": "[]",
                            "percent": str(percent), "p_schema": "", "p_name": ""}.items():
            template = template.replace(f":'{name}'", f"'{value}'")
        made = pull.value(template)
        return {(k, n): v for k, n, v in (row[0] for row in pull.rows(f"SELECT x::jsonb FROM ({made}) AS y (x)"))}

    whole = summary("same", 100)
    assert whole["rows_a", ""] == whole["sampled_a", ""] == "20000" and whole["duplicates", ""] == "0"
    assert {n: v for (k, n), v in whole.items() if k == "differs"} == dict.fromkeys(("id", "v", "f", "j"), "false")
    assert {n: v for (k, n), v in summary("other", 100).items() if k == "differs"} == {"id": "false", "v": "true", "f": "false", "j": "false"}
    part = summary("other", 10)
    assert part["rows_a", ""] == "20000" and part["sampled_a", ""] == part["sampled_b", ""] and 1500 < int(part["sampled_a", ""]) < 2500
    assert part["differs", "v"] == "true" and part["differs", "f"] == "false"
    # without a key: doubled rows are not told, equal rows are still sampled alike
    assert summary("same", 10, "[]")["differs", "v"] == "false"
    assert summary("same", 100, '["v"]')["duplicates", ""] == "19990"
    rows = summary("other", 10, stem="compare_sql")
    assert rows["missing", ""] == rows["extra", ""] == "0" and rows["rows_a", ""] == rows["rows_b", ""] == part["sampled_a", ""]
    assert 0 < int(rows["changed", ""]) < int(rows["rows_a", ""])
