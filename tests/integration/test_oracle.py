"""The oracle's fixed cases (tests/oracle/fixed.py): the answer, and what production then does with the same commit."""

import sys

import pytest
import spoke

sys.path.insert(0, str(spoke.TOP / "tests" / "oracle"))
import fixed  # noqa: E402
import judge  # noqa: E402
import oracle  # noqa: E402
import world  # noqa: E402


@pytest.fixture(scope="module")
def the_world(tmp_path_factory, preloaded_dbt):
    made = world.World(tmp_path_factory.mktemp("oracle"), spoke.program("san"), preloaded_dbt)
    oracle.warm_up(made, "0")
    yield made
    made.stop()


@pytest.mark.parametrize("one", fixed.ALL, ids=lambda one: one.case.name)
def test_the_answer_is_what_production_then_does(the_world, one):
    play = world.Play(the_world, one.case, "0", the_world.folder / "run" / "warm_0")
    try:
        play.play()
        assert play.after.passed == one.passes, play.after.log
        judged = judge.judge(play)
        assert judged.word != "wrong", f"{one.aspect}: {judged.kind}: {judged.detail}"
        assert judged.answer in one.answers, play.log
    finally:
        play.clear()
