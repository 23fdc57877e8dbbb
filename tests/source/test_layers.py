"""tools/layers.py on a tree of two wings and three rooms: it passes as it is, and fails on each fault that it looks for."""

import pathlib
import subprocess
import sys

import pytest

LAYERS = pathlib.Path(__file__).resolve().parents[2] / "tools/layers.py"
TREE = {
    "ARCHITECTURE.md": "| wing | room | what it does | may know |\n|---|---|---|---|\n| `base` | `base` | all | `base` |\n"
                       "| `adapters` | `adapters` | SQL | |\n| `act` | `clone` | clones | |\n| `act` | `build` | builds | `clone` |\n",
    "sql/postgres/drop_it.sql": "DROP TABLE it;\n",
    "adapters/warehouse.h": "int drop_it(void);\n",
    "runner/base/base.h": "int base_one(void);\nint base_two(void);\n",
    "runner/base/one.c": '#include "base/base.h"\n\nint\nbase_one(void)\n{\n    return base_two();\n}\n',
    "runner/base/two.c": '#include "base/base.h"\n\nint\nbase_two(void)\n{\n    return 2; /* as postgres has it: pg_, oid, 63 */\n}\n',
    "runner/act/clone/clone.h": "int clone_it(void);\n",
    "runner/act/clone/clone.c": '#include "clone/clone.h"\n#include "base/base.h"\n\nint\nclone_it(void)\n{\n    return base_one();\n}\n',
    "runner/act/build/build.c": '#include "clone/clone.h"\n\nint\nbuild_it(void)\n{\n    return clone_it();\n}\n',
    "runner/act/build/build.h": "int build_it(void);\n",
}
WORDS = {
    "template": '"drop_it"', "sqlstate": "sqlstate", "oid": "old_oid", "pg_": '"pg_class"', "postgres": '"PostgreSQL"',
    "dbt_postgres": "dbt_postgres", "quoted names": r'"\"%s\".\"%s\""', "63": "63",
}


def check(folder, **changes):
    """Writes the tree with some files changed, compiles it and checks it: (exit code, what was printed)."""
    for name, text in {**TREE, **{n.replace("__", "/").replace("_c", ".c").replace("_h", ".h"): t for n, t in changes.items()}}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for source in folder.rglob("*.c"):
        target = folder / "build/san" / source.relative_to(folder).with_suffix(".o")
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-w", f"-I{folder}/runner", f"-I{folder}/runner/act", f"-I{folder}", "-c", "-o", target, source], check=True)
    subprocess.run(["git", "init", "-q", folder], check=True)
    done = subprocess.run([sys.executable, LAYERS, folder], text=True, capture_output=True)
    return done.returncode, done.stdout


def test_a_sound_tree_passes(tmp_path):
    assert check(tmp_path)[0] == 0


def test_an_arrow_up(tmp_path):
    code, said = check(tmp_path, runner__base__two_c='#include "clone/clone.h"\n' + TREE["runner/base/two.c"])
    assert code == 1 and "'base' may not know 'clone'" in said


def test_a_room_of_the_same_wing_that_the_table_does_not_name(tmp_path):
    code, said = check(tmp_path, runner__act__clone__clone_c='#include "build/build.h"\n' + TREE["runner/act/clone/clone.c"])
    assert code == 1 and "'clone' may not know 'build'" in said


def test_another_room_by_a_side_door(tmp_path):
    code, said = check(tmp_path, runner__act__clone__inside_h="int inside;\n",
                       runner__act__build__build_c='#include "clone/inside.h"\n' + TREE["runner/act/build/build.c"])
    assert code == 1 and "only clone/clone.h is open" in said


def test_a_circle_of_files(tmp_path):
    code, said = check(tmp_path, runner__base__two_c='#include "base/base.h"\n\nint\nbase_two(void)\n{\n    return base_one();\n}\n')
    assert code == 1 and "a circle of files: runner/base/one.c runner/base/two.c" in said
    assert "runner/base/two.c uses base_one of runner/base/one.c" in said


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_a_warehouse(tmp_path, word):
    text = TREE["runner/base/two.c"].replace("return 2;", f"return sizeof({WORDS[word]});" if '"' in WORDS[word] else
                                             f"int {WORDS[word]} = 2; return 2;" if word != "63" else "return 63;")
    code, said = check(tmp_path, runner__base__two_c=text)
    assert code == 1 and f"layers: {word}: 1 found" in said


def test_lengths(tmp_path):
    long = "int\nlong_one(void)\n{\n" + "    ;\n" * 58 + "}\n"
    code, said = check(tmp_path, runner__base__three_c=long + "\n" * 439)
    assert code == 1 and "long_one has 61 lines" in said and "three.c: 501 lines" in said
