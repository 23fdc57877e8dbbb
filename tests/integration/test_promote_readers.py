"""Readers of every kind while production goes from one generation to the next and back: nobody sees a mix, nothing, or an error."""

import pytest

from readers import Readers

pytestmark = pytest.mark.alone


def test_readers_see_one_generation(live):
    tries = 0
    with Readers(live, ["committed", "repeatable", "view"]) as readers:
        for g in range(1, 7):
            live.stage(g)
            tries += readers.goes_live(g, live.promote)["tries"]
            back = live.listed()[0]["content"] if g % 2 == 0 else None
            if back:
                readers.goes_live(g - 1, live.rollback)
    assert readers.errors == []
    seen = readers.verdict()
    assert {**seen, "reads": seen["reads"] >= 27} == {"reads": True, "mixed": 0, "empty": 0, "stale": 0, "errors": 0}
    assert tries >= 6, tries
