"""CONTRIBUTING's worked example, an adapter, carried out: the warehouse in memory of the tests becomes one of the program,
and no file outside of adapters/ and sql/ changes."""

import json
import shutil

import spoke

ROW = """-- The rows of a relation, counted.
select count(*) from :"schema".:"name";
"""
# what the plan of pull request 2 needs of production
STORED = {"rides": "TABLE", "stations": "TABLE", "tariffs": "TABLE", "stg_rides": "VIEW", "stg_bikes": "VIEW"}


def edit(path, *changes):
    text = path.read_text()
    for old, new in changes:
        assert text.count(old) == 1, (path, old)
        text = text.replace(old, new)
    path.write_text(text)


def renamed(source, target):
    target.write_text(source.read_text().replace("fake", "toy").replace("FAKE", "TOY"))


def copy_of_the_program(folder):
    """The source as it stands, with what is built of it, so that only what changes is built again."""
    for name in spoke.must(["git", "ls-files", "-co", "--exclude-standard"], cwd=spoke.TOP).splitlines():
        if (spoke.TOP / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(spoke.TOP / name, folder / name)
    for built in ("adapters", "runner", "lib", "gen"):
        shutil.copytree(spoke.TOP / "build/san" / built, folder / "build/san" / built)
    for words in (["init", "-q"], ["add", "-A"],
                  ["-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "-qm", "before"]):
        spoke.must(["git", *words], cwd=folder)


def carry_out(folder, database):
    """The steps of CONTRIBUTING, in its order."""
    support, toy = folder / "tests/support", folder / "adapters/toy"
    toy.mkdir()
    for source in sorted(support.glob("fake_*.[ch]")):
        renamed(source, toy / source.name.replace("fake", "toy"))
    # What it holds, since it forgets all when the program ends.
    edit(toy / "toy_warehouse.c",
         ("    *out = mem_new(ctx, struct warehouse);\n", "".join(
             '    toy_add(&(struct toy_relation){.at = {NULL, "analytics", "%s"}, .kind = RELATION_%s,\n'
             "                                   .rows = 1000, .bytes = 8192});\n" % one for one in STORED.items())
          + "    *out = mem_new(ctx, struct warehouse);\n"),
         ('.database = "shop"', f'.database = "{database}"'),
         ('strcmp(at->database, "shop")', f'strcmp(at->database, "{database}")'))
    edit(folder / "adapters/registry.h", ("extern const struct warehouse_ops postgres_ops;",
                                          "extern const struct warehouse_ops postgres_ops, toy_ops;"))
    edit(folder / "adapters/registry.c", ("{&postgres_ops}", "{&postgres_ops, &toy_ops}"))
    edit(folder / "adapters/dbt.c",
         ('static const char *const bigquery[]', 'static const char *const toy[] = {"toy", NULL};\n'
                                                 'static const char *const bigquery[]'),
         ("    {.enforced = by_default},", "    {.types = toy},\n    {.enforced = by_default},"))
    (folder / "sql/toy").mkdir()
    (folder / "sql/toy/rows_counted.sql").write_text(ROW)


def test_an_adapter_is_added_in_adapters_and_sql_alone(rush_hours, tmp_path):
    pull = rush_hours
    folder = tmp_path / "program"
    folder.mkdir()
    copy_of_the_program(folder)
    carry_out(folder, pull.database)
    changed = spoke.must(["git", "status", "--porcelain", "-uall"], cwd=folder).splitlines()
    assert len(changed) > 5
    assert {line[3:].split("/")[0] for line in changed} == {"adapters", "sql"}
    make = ["make", "-s", "-j2", "MODE=san", "DEVELOPER=1"]
    spoke.must([*make, "build/san/cloneci"], cwd=folder)
    spoke.must(["python3", "tools/layers.py"], cwd=folder)

    # its contract
    contract = folder / "tests/unit/adapters_toy.c"
    renamed(folder / "tests/unit/adapters_fake.c", contract)
    edit(contract, ("        .unregistered = true,\n", ""), ('"toy_warehouse.h"', '"adapters/toy/toy_warehouse.h"'))
    spoke.must([*make, "build/san/unit/adapters_toy"], cwd=folder)
    assert "test(s) run" in spoke.must([folder / "build/san/unit/adapters_toy"], cwd=folder)

    # and a user with a profile of that type
    program = folder / "build/san/cloneci"
    assert spoke.must([program, "sql", "rows_counted"]) == ROW
    for path in (pull.head, pull.state / "manifest.json"):
        manifest = json.loads(path.read_text())
        manifest["metadata"]["adapter_type"] = "toy"
        path.write_text(json.dumps(manifest))
    profiles = pull.project / "profiles.yml"
    profiles.write_text(profiles.read_text().replace("type: postgres", "type: toy"))
    plan = json.loads(spoke.must([program, "plan", "--manifest", pull.head, "--state", pull.state, "--output", "json"],
                                 cwd=pull.project, env=pull.env))
    clones = {node["unique_id"]: node["clone"] for node in plan["nodes"] if node["clone"]}
    assert "model.spoke.rides" in clones
    assert clones["model.spoke.rides"]["strategy"] == "copy"
    assert all(json.loads(statement)[0] for clone in clones.values() for statement in clone["sql"])
