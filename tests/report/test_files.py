"""report.json against its schema, junit.xml and report.md as their readers take them."""

import json
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest
from conftest import ROOT, SAMPLES

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="session")
def validator():
    schema = json.loads((ROOT / "conf/report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def load(samples, name):
    return json.loads((samples / name / "report.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SAMPLES)
def test_json_is_valid(samples, validator, name):
    assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(load(samples, name))] == []


def test_schema_notices_what_is_wrong(samples, validator):
    """Else the test above could not fail."""
    for path, value in ((("version",), 1), (("run", "verdict"), "fine"), (("nodes", 0, "clone", "strategy"), "link"),
                        (("nodes", 0, "more"), 1), (("advice", "merge"), None)):
        doc = load(samples, "ok")
        place = doc
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        assert not validator.is_valid(doc), path
    doc = load(samples, "ok")
    del doc["nodes"][0]["reasons"]
    assert not validator.is_valid(doc)


def test_documentation_names_every_field(validator):
    text = (ROOT / "docs/report.md").read_text()

    def names(schema):
        for key, inner in schema.get("properties", {}).items():
            yield key
            yield from names(inner)
        if "items" in schema:
            yield from names(schema["items"])

    assert sorted({n for n in names(validator.schema) if f"`{n}`" not in text and f"`{n}[]`" not in text}) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_junit_adds_up(samples, name):
    root = ElementTree.parse(samples / name / "junit.xml").getroot()
    cases = root.findall(".//testcase")
    assert int(root.get("tests")) == len(cases) == len(load(samples, name)["nodes"]) + 1
    for attribute, path in (("failures", ".//failure"), ("errors", ".//error"), ("skipped", ".//skipped")):
        assert int(root.get(attribute)) == len(root.findall(path))
        assert int(root.get(attribute)) == sum(int(s.get(attribute)) for s in root.findall("testsuite"))


def test_junit_keeps_hostile_names(samples):
    root = ElementTree.parse(samples / "hostile" / "junit.xml").getroot()
    names = [c.get("name") for c in root.findall(".//testcase")]
    assert any(n.startswith(HOSTILE) for n in names)
    assert "broken_\ufffd_byte" in names


@pytest.mark.parametrize("name", SAMPLES)
def test_comment_is_short_enough_and_keyed(samples, name):
    text = (samples / name / "report.md").read_bytes()
    assert len(text) < 65536
    first = text.decode("utf-8").splitlines()[0]
    assert first.startswith("<!-- cloneci:") and first.endswith(" -->") and first.count("--") == 2
