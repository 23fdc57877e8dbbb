"""The outcome for those who do not read the log: metrics and a notification."""

import re
import stat


def metrics(path):
    text = path.read_text()
    assert all(re.fullmatch(r"# (HELP|TYPE) cloneci_\w+ .+|cloneci_\w+ \S+", line) for line in text.splitlines()), text
    return {k: float(v) for k, v in re.findall(r"^cloneci_(\w+) (\S+)$", text, re.M)}


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
    assert seen["lock_held_seconds"] > 0 and seen["lock_tries"] >= 1 and seen["last_run_timestamp_seconds"] > 1e9
    live.rollback("--metrics", path)
    assert (metrics(path)["generation"], metrics(path)["content"]) == (2, 0)
    live.promote("--metrics", path, code=5)
    assert metrics(path)["last_run_exit_code"] == 5 and "generation" not in metrics(path)


def test_somebody_is_told(live):
    said = live.folder / "said"
    program(live, f'echo "$1|$CLONECI_COMMAND|$CLONECI_EXIT|$CLONECI_GENERATION|$CLONECI_MESSAGE" >> {said}\n')
    live.stage(1)
    live.promote("--dry-run")
    live.promote()
    live.promote(code=5)
    first, second, *_ = said.read_text().splitlines()
    assert first == "hello|promote|0|1|"
    assert second.startswith("hello|promote|5||generation 2 cannot be put live")


def test_a_notification_that_fails_changes_nothing(live):
    program(live, "exit 3\n")
    live.stage(1)
    done = live.cloneci("promote", "--from", "stage=prod", "--metrics", "/nowhere/x.prom")
    assert "the notification failed" in done.stderr and "/nowhere/x.prom" in done.stderr
    assert live.live() == 1
