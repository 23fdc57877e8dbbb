"""Set-up, the demo's end and the container's beginning."""

import os
import re
import select
import shutil
import signal
import subprocess
from pathlib import Path

import yaml

import spoke

SETUP = spoke.TOP / "tests" / "support" / "setup.sh"


def test_a_second_set_up_does_nothing():
    ready = spoke.TOP / ".venv" / "ready"
    before = ready.stat().st_mtime_ns
    done = subprocess.run(["bash", SETUP, "test"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert ready.stat().st_mtime_ns == before


def bare_path(folder, without):
    """A PATH with everything that is in ours but these programs."""
    folder.mkdir()
    for directory in os.environ["PATH"].split(":"):
        for program in Path(directory).glob("*"):
            link = folder / program.name
            if program.name not in without and not link.exists() and os.access(program, os.X_OK):
                link.symlink_to(program)
    return str(folder)


def test_set_up_names_what_it_cannot_install(tmp_path):
    env = dict(os.environ, PATH=bare_path(tmp_path / "bin", {"apt-get", "shellcheck"}), PKG_CONFIG_LIBDIR="/nowhere")
    done = subprocess.run(["bash", SETUP, "test"], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 2
    for package in ("libpq-dev", "libcjson-dev", "libgit2-dev", "libtalloc-dev", "libyaml-dev", "libssl-dev",
                    "libcurl4-openssl-dev", "libcmocka-dev", "shellcheck"):
        assert package in done.stderr
    assert "postgresql" not in done.stderr
    assert "apt-get" in done.stderr


def test_set_up_refuses_an_old_python(tmp_path):
    pythons = {p.name for d in os.environ["PATH"].split(":") for p in Path(d).glob("python3*")}
    path = bare_path(tmp_path / "bin", pythons)
    old = Path(path) / "python3"
    # as Python 3.9 would: has venv and ensurepip, and says that it is older than 3.10
    old.write_text("#!/bin/sh\ncase $2 in *version_info*) exit 1 ;; esac\n[ \"$1\" = -V ] && echo Python 3.9.2\nexit 0\n")
    old.chmod(0o755)
    done = subprocess.run(["bash", SETUP, "test"], capture_output=True, text=True, check=False,
                          env=dict(os.environ, PATH=path))
    assert done.returncode == 2
    assert "Python 3.9.2" in done.stderr and "3.10" in done.stderr


def test_the_demo_removes_its_cluster_on_ctrl_c(stage, tmp_path):
    """Stopped as soon as it has told where its cluster is."""
    copy = tmp_path / "cloneci"
    shutil.copytree(spoke.TOP / "tests", copy / "tests", ignore=shutil.ignore_patterns("golden", "__pycache__"))
    (copy / ".venv").symlink_to(spoke.TOP / ".venv")
    demo = subprocess.Popen([spoke.DBT.parent / "python", "-u", copy / "tests" / "demo" / "demo.py"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                            env=dict(os.environ, CLONECI_BIN=str(stage.binary)))
    for line in demo.stdout:
        if "Production" in line:
            break
    base = Path((copy / "build" / "demo" / "cluster" / "location").read_text().strip())
    postmaster = os.pidfd_open(int((base / "data" / "postmaster.pid").read_text().split()[0]))
    os.killpg(demo.pid, signal.SIGINT)
    said = demo.communicate(timeout=60)[0]
    assert demo.returncode == 130, said
    assert not base.exists()
    assert select.select([postmaster], [], [], 60)[0], "the server still runs"
    os.close(postmaster)


def test_the_container_begins_as_the_demo_does(stage):
    """The compose file's mounts exist, its first script fills a real server, its health check passes there."""
    service = yaml.safe_load((spoke.TOP / "docker-compose.yml").read_text())["services"]["postgres"]
    sources = [spoke.TOP / volume.split(":")[0] for volume in service["volumes"]]
    assert all(source.is_file() for source in sources)
    script = next(s for s in sources if s.suffix == ".sh")
    cluster = spoke.Cluster(stage.folder / "container")
    try:
        env = dict(os.environ, PGHOST=cluster.socket, SPOKE_RAW=str(spoke.DEMO / "raw.sql"))
        spoke.must(["bash", script], env=env)
        check = [word if word != "127.0.0.1" else cluster.socket for word in service["healthcheck"]["test"][1:]]
        spoke.must(check, env=env)
        assert cluster.value("SELECT count(*) FROM raw.ride_messages", "spoke") == 300000
        assert re.fullmatch(r"postgres:\d+", service["image"])
    finally:
        cluster.stop()
