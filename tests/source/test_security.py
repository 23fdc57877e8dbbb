"""SECURITY.md names a test for each threat: they are there."""

import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]


def test_each_test_that_is_named_is_there():
    named = re.findall(r"`((?:unit|integration|report|fuzz)/[^`]+)`", (TOP / "SECURITY.md").read_text())
    assert len(named) > 15
    for name in named:
        path, _, function = name.partition("::")
        text = (TOP / "tests" / path).read_text()
        assert not function or f"def {function}(" in text, name
