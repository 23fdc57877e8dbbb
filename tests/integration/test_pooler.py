"""Behind a pooler: one that hands out connections by the session is as good as none, one by the transaction is refused."""

import pytest

from conftest import told
from pooler import Pooler


@pytest.fixture
def behind(pull, request):
    pooler = Pooler(pull.cluster, request.param, "ci")
    yaml = (pull.project / "profiles.yml").read_text()
    assert "port: 5432" in yaml
    (pull.home / "profiles").mkdir()
    (pull.home / "profiles" / "profiles.yml").write_text(yaml.replace("port: 5432", f"port: {pooler.PORT}"))
    pull.env.update(SPOKE_HOST=str(pooler.socket), DBT_PROFILES_DIR=str(pull.home / "profiles"))
    yield pull
    pooler.stop()


@pytest.mark.parametrize("behind", ["transaction"], indirect=True)
def test_by_the_transaction(behind):
    pull = behind
    pull.build_command("true")
    pull.patch("1-late-corrections")
    pull.must("plan")
    for done in (pull.ask("run"), pull.cloneci("gc"), pull.cloneci("sandbox create", "ann", "--select", "rides", "--state", pull.state)):
        assert done.returncode == 5, told(done)
        assert "connection pooler in transaction mode" in done.stderr
    assert pull.schemas() == []
    assert "BAD  pooler" in pull.cloneci("doctor", "--state", pull.state, "--base", "main", "--schema", "pr_7").stdout


@pytest.mark.parametrize("behind", ["session"], indirect=True)
def test_by_the_session(behind):
    pull = behind
    pull.build_command("true")
    pull.patch("1-late-corrections")
    pull.must("run")
    assert pull.schemas() == ["pr_7", "pr_7_finance"]
    assert "ok   pooler" in pull.cloneci("doctor", "--state", pull.state, "--base", "main", "--schema", "pr_7").stdout
