"""The outcome for those who do not read the log: metrics and a notification."""

import re
import stat


def metrics(path):
    text = path.read_text()
    labels = r'\{project="shop",target="prod"\}'
    assert all(re.fullmatch(rf"# (HELP|TYPE) cloneci_\w+ .+|cloneci_\w+{labels} \S+", line) for line in text.splitlines()), text
    return {k: float(v) for k, v in re.findall(rf"^cloneci_(\w+){labels} (\S+)$", text, re.M)}


def program(live, body):
    path = live.folder / "tell"
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (live.folder / "cloneci.yml").write_text(f"promote:\n  notify: [{path}, hello]\n")


def test_metrics_of_a_promotion_and_of_a_refusal(live):
    path = live.folder / "cloneci.prom"
    live.stage(1)
    live.promote("--metrics", path)
    seen = metrics(path)
    assert (seen["generation"], seen["content"], seen["relations"], seen["last_run_exit_code"]) == (1, 1, 4, 0)
    assert seen["lock_held_seconds"] > 0 and seen["lock_tries"] >= 1 and seen["last_run_duration_seconds"] > 0
    assert seen["last_success_timestamp_seconds"] == seen["last_run_timestamp_seconds"] > 1e9
    live.rollback("--metrics", path)
    assert (metrics(path)["generation"], metrics(path)["content"]) == (2, 0)
    # what tells that it has not succeeded for too long stays
    path.write_text(re.sub(r"(last_success_timestamp_seconds\S+) \S+", r"\1 1700000000", path.read_text()))
    live.promote("--metrics", path, code=5)
    seen = metrics(path)
    assert (seen["last_run_exit_code"], seen["last_success_timestamp_seconds"]) == (5, 1700000000) and "generation" not in seen
    path.unlink()
    live.promote("--metrics", path, code=5)
    assert "last_success_timestamp_seconds" not in metrics(path)


def test_somebody_is_told(live):
    said = live.folder / "said"
    program(live, f'echo "$1|$CLONECI_COMMAND|$CLONECI_EXIT|$CLONECI_GENERATION|$CLONECI_MESSAGE" >> {said}\n')
    live.stage(1)
    live.promote("--dry-run")
    live.promote()
    live.promote(code=5)
    first, second, *rest = said.read_text().splitlines()
    assert re.fullmatch(r"hello\|promote\|0\|1\|generation 1 is live: 4 relations, locks held for [\d.]+ ms at try \d+", first)
    assert second.startswith("hello|promote|5||generation 2 cannot be put live") and rest[-1].startswith("Fix these")


def test_what_is_printed(live):
    live.stage(1)
    said = live.cloneci("promote", "--from", "stage=prod").stdout.splitlines()
    assert said[0].startswith("generation 1 is live: 4 relations")
    assert said[1:] == ["the former generation is in prod__prev_1; cloneci rollback puts it back"]
    said = live.cloneci("rollback").stdout.splitlines()
    assert said[0].startswith("generation 2 is live with the content of generation 0: 4 relations")
    assert said[1:] == ["the former generation is in prod__bad_2, with everything that was written to it", "dropped prod__prev_1"]
    # cron sends what is printed
    live.stage(3)
    done = live.cloneci("promote", "--from", "stage=prod", "--since", note(live), "--quiet")
    assert (done.stdout, done.stderr) == ("", "")


def note(live):
    live.cloneci("promote", "--from", "stage=prod", "--note", "note.json")
    return "note.json"


def test_a_notification_that_fails_changes_nothing(live):
    program(live, "exit 3\n")
    live.stage(1)
    done = live.cloneci("promote", "--from", "stage=prod", "--metrics", "/nowhere/x.prom")
    assert "the notification failed" in done.stderr and "/nowhere/x.prom" in done.stderr
    assert live.live() == 1
