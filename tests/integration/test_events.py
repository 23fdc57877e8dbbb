"""The log as JSON: every line is what conf/events.schema.json says, and every event of the source is in it."""

import json
import re

import jsonschema

import spoke
from conftest import told

SCHEMA = json.loads((spoke.TOP / "conf" / "events.schema.json").read_text())


def events(text):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = [json.loads(line) for line in text.splitlines()]
    for line in found:
        jsonschema.validate(line, SCHEMA)
    return [line["event"] for line in found]


def test_the_schema_names_every_event():
    sources = [p for room in ("runner", "adapters") for p in (spoke.TOP / room).rglob("*.c")]
    calls = [c for p in sources for c in re.findall(r"log_event\(\s*LOG_[A-Z]+,\s*(\S+)", p.read_text())]
    assert calls and all(re.fullmatch(r'"[a-z._]+",', c) for c in calls), "an event's name is a literal"
    assert sorted({c.strip('",') for c in calls}) == SCHEMA["properties"]["event"]["enum"]


def test_a_whole_run(pull):
    pull.patch("1-late-corrections")
    done = pull.must("run", "--log-format", "json", "--debug")
    seen = events(done.stderr)
    for event in ("git.done", "manifest.done", "parse.start", "clone.done", "build.start"):
        assert event in seen, seen
    # the report's timeline: each node began while the build step ran
    report = pull.report()
    step, = (t for t in report["timings"] if t["step"] == "build")
    starts = [n["build"]["start_ms"] for n in report["nodes"]]
    assert starts and all(step["start_ms"] <= start <= step["start_ms"] + step["ms"] for start in starts), (step, starts)


def test_an_error_is_one_too(pull):
    done = pull.cloneci("plan", "--log-format", "json", "--state", pull.home / "nowhere")
    assert done.returncode == 3, told(done)
    assert events(done.stderr)[-2:] == ["error", "error.hint"]
