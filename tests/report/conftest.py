"""Every sample document, written by the unit test's program (tests/support/report_docs.h makes them)."""

import subprocess
from pathlib import Path

import chromium
import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ("ok", "failed", "false_green", "partly", "full_refresh", "broken_twin", "empty", "refused", "unparsed", "failed_test", "hostile", "thousand")


@pytest.fixture(scope="session")
def samples(worker_id):
    folder = ROOT / "build/test/report" / worker_id
    program = ROOT / "build/san/unit/report"
    if not program.exists():
        subprocess.run(["make", "-s", "MODE=san", "unit-programs", "ROOM=report"], cwd=ROOT, check=True)
    subprocess.run([program, folder], check=True)
    return folder


@pytest.fixture(scope="session")
def browser():
    b = chromium.Browser()
    yield b
    b.close()


@pytest.fixture
def show(browser, samples):
    """Opens a sample; in the end nothing may have gone wrong in any page, nor asked for anything but the file."""
    pages = []

    def opened(name, **options):
        page = chromium.Page(browser, **options)
        pages.append(page)
        return page.open(samples / name / "report.html")

    yield opened
    for page in pages:
        assert page.complaints() == []
        assert [u for u in page.requests() if not u.startswith(("file://", "data:"))] == []
        page.close()


def pytest_terminal_summary(terminalreporter):
    """The line that tests/run.sh sums. A skipped test did not pass."""
    of = {kind: len(terminalreporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped", "xfailed")}
    failed = sum(of[kind] for kind in ("failed", "error", "skipped", "xfailed"))
    terminalreporter.write_line(f"{of['passed']} passed, {failed} failed")
