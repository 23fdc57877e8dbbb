"""Production's artifacts through every kind of store, with real servers: what is pushed is what is pulled, whoever is
killed meanwhile."""

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import spoke
import stores
from conftest import told

USAGE, INPUT, REFUSED = 2, 3, 5
NAMES = ("manifest.json", "run_results.json", "sources.json", "partial_parse.msgpack")
# long ago, so that no clock is near; one second each
TIMES = [(datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=i)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
         for i in range(60)]


@pytest.fixture(scope="module")
def nginx():
    server = stores.Nginx()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def s3():
    server = stores.S3()
    yield server
    server.stop()


class Project:
    """A repository with a dbt project; `env` has nothing of the tester's CI."""

    def __init__(self, path):
        self.path = path
        path.mkdir(parents=True)
        (path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
        (path / ".gitignore").write_text("target*\nprod*\n")
        self.program = spoke.program("san")
        ours = ("PATH", "LD_LIBRARY_PATH", "LANG")
        self.env = {k: v for k, v in os.environ.items() if k in ours}
        self.env.update(HOME=str(path.parent), TMPDIR=str(path.parent), GIT_CONFIG_GLOBAL=os.devnull,
                        GIT_CONFIG_SYSTEM=os.devnull, UBSAN_OPTIONS="print_stacktrace=1",
                        # libgit2 1.5 leaks in its own use of regular expressions
                        LSAN_OPTIONS="suppressions=" + str(path.parent / "lsan"))
        (path.parent / "lsan").write_text("leak:libpcre2\n")
        for who in ("AUTHOR", "COMMITTER"):
            self.env[f"GIT_{who}_NAME"] = "Shop"
            self.env[f"GIT_{who}_EMAIL"] = "shop@example.com"
        self.git("init", "-q", "-b", "main")
        self.commits = [self.commit("first")]

    def git(self, *args):
        return spoke.must(["git", *args], cwd=self.path, env=self.env).strip()

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def build(self, at, target="target", filler=200_000, names=NAMES, sha=None, failed=(), project="shop"):
        """What a dbt build leaves: a manifest made at this time, and its companions. Returns the contents."""
        folder = self.path / target
        folder.mkdir(exist_ok=True)
        seed = random.Random(at)
        invocation = f"invocation-{at}"
        manifest = {
            "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
                         "dbt_version": "1.11.16", "generated_at": at, "invocation_id": invocation,
                         "adapter_type": "postgres", "project_name": project, "env": {"GIT_SHA": sha} if sha else {}},
            "docs": {"filler": seed.randbytes(filler // 2).hex()}, "nodes": {}, "sources": {}, "macros": {},
            "exposures": {}, "metrics": {}, "groups": {}, "selectors": {}, "disabled": {}, "parent_map": {},
            "child_map": {}, "semantic_models": {}, "saved_queries": {}, "unit_tests": {}}
        results = [{"unique_id": f"model.shop.m{i}", "status": "success"} for i in range(3)]
        results += [{"unique_id": node, "status": status} for node, status in failed]
        content = {
            "manifest.json": json.dumps(manifest).encode(),
            "run_results.json": json.dumps({"metadata": {"invocation_id": invocation}, "results": results,
                                            "args": {"vars": {"b": 1, "a": "x"}, "target": "prod"}}).encode(),
            "sources.json": json.dumps({"metadata": {"invocation_id": invocation}, "results": []}).encode(),
            "partial_parse.msgpack": seed.randbytes(5000)}
        for name in NAMES:
            (folder / name).unlink(missing_ok=True)
            if name in names:
                (folder / name).write_bytes(content[name])
        return {name: content[name] for name in names}

    def argv(self, command, store, *args):
        return [str(a) for a in (self.program, "state", command, "--store", store.url, *args)]

    def run(self, command, store, *args, **env):
        done = subprocess.run(self.argv(command, store, *args), cwd=self.path, env={**self.env, **store.env, **env},
                              text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=600)
        assert "AddressSanitizer" not in done.stderr and "runtime error" not in done.stderr, told(done)
        return done

    def push(self, store, *args, **env):
        done = self.run("push", store, "--output", "json", *args, **env)
        assert done.returncode == 0, told(done)
        return json.loads(done.stdout)

    def pull(self, store, *args, state="prod", **env):
        done = self.run("pull", store, "--state", state, "--output", "json", *args, **env)
        assert done.returncode == 0, told(done)
        return json.loads(done.stdout)

    def state(self, name="manifest.json", folder="prod"):
        return (self.path / folder / name).read_bytes()

    def state_time(self, folder="prod"):
        return json.loads(self.state(folder=folder))["metadata"]["generated_at"]


@pytest.fixture
def shop(tmp_path):
    return Project(tmp_path / "shop")


KINDS = ("folder", "file-url", "web", "plain-web", "s3", "git")


@pytest.fixture(params=KINDS)
def store(request, shop, tmp_path):
    kind, own = request.param, tmp_path.name
    if kind == "folder":
        return stores.FolderStore(tmp_path / "store")
    if kind == "file-url":
        return stores.FolderStore(tmp_path / "store", f"file://{tmp_path}/store")
    if kind == "git":
        return stores.GitStore(shop.path)
    if kind == "s3":
        return stores.S3Store(request.getfixturevalue("s3"), f"dbt/{own} and +more")
    nginx = request.getfixturevalue("nginx")
    path = own if kind == "web" else f"plain/{own}"
    return stores.FolderStore(nginx.folder / "www" / path, nginx.url(path))


def failed(done, code, *words):
    assert done.returncode == code, told(done)
    for word in words:
        assert str(word) in done.stderr, f"{word!r} is missing: {told(done)}"
    assert "\n  -> " in done.stderr, f"no remedy: {told(done)}"


# --- every store ---


def test_what_is_pushed_is_pulled(shop, store):
    content = shop.build(TIMES[0], sha="c0ffee" + "0" * 34)
    said = shop.push(store)
    assert (said["pushed"], said["newest"]) == (True, said["generation"])
    record = store.index()["generations"][0]
    assert record["files"] == [{"name": n, "sha256": hashlib.sha256(c).hexdigest(), "size": len(c)}
                               for n, c in content.items()]
    assert (record["git_sha"], record["dbt_version"], record["generated_at"]) == ("c0ffee" + "0" * 34, "1.11.16", TIMES[0])
    assert (record["target"], record["vars"]) == ("prod", '{"a":"x","b":1}')
    pulled = shop.pull(store)
    assert (pulled["pulled"], pulled["match"], pulled["generation"]) == (True, "newest", said["generation"])
    for name in NAMES[:3]:
        assert shop.state(name) == content[name]
    assert sorted(p.name for p in (shop.path / "prod").iterdir()) == sorted(
        [*NAMES[:3], "generation.json"]), "the partial parse does not belong there, nor does anything else"
    assert json.loads(shop.state("generation.json"))["id"] == said["generation"]


def test_the_commit_is_heads_where_the_manifest_names_none(shop, store):
    shop.build(TIMES[0])
    assert shop.push(store)["git_sha"] == shop.commits[0]


def test_nothing_pushed_yet(shop, store):
    failed(shop.run("pull", store, "--state", "prod"), INPUT, store.url.rstrip("/")[:4], "no manifest was pushed",
           "production job must first run")
    assert not (shop.path / "prod" / "manifest.json").exists()


def test_an_older_manifest_never_takes_a_newers_place(shop, store):
    newer = shop.build(TIMES[5])
    first = shop.push(store)
    shop.build(TIMES[4])
    second = shop.push(store)
    assert (second["pushed"], second["newest"]) == (True, first["generation"])
    shop.pull(store)
    assert shop.state() == newer["manifest.json"]
    assert [g["id"] for g in store.index()["generations"]] == [first["generation"], second["generation"]]


def test_the_same_manifest_is_pushed_once(shop, store):
    shop.build(TIMES[0])
    first = shop.push(store)
    before = store.files()
    again = shop.push(store)
    assert (again["pushed"], again["generation"]) == (False, first["generation"])
    assert store.files() == before


def test_retention(shop, store):
    made = []
    for at in TIMES[:5]:
        shop.build(at, filler=100)
        made.append(shop.push(store, "--keep", "3")["generation"])
    assert [g["id"] for g in store.index()["generations"]] == made[:1:-1]
    assert store.generations() == made[2:]
    assert store.index()["removed"] == []
    shop.build(TIMES[9], filler=100)
    newest = shop.push(store, "--keep", "1")["generation"]
    shop.build(TIMES[3] + "x", filler=200)  # older than what is kept
    late = shop.push(store, "--keep", "1")
    assert late["newest"] == newest
    assert store.generations() == [newest]


def test_what_was_damaged_is_not_taken(shop, store):
    whole = shop.build(TIMES[0])
    shop.push(store)
    shop.pull(store)
    shop.build(TIMES[1])
    said = shop.push(store)
    key = f"generations/{said['generation']}/manifest.json"
    data = store.files()[key]
    store.damage(key, data[:1000] + b"?" + data[1001:])
    failed(shop.run("pull", store, "--state", "prod"), INPUT, "manifest.json", said["generation"], "sha256")
    store.damage(key, data[:1000])
    failed(shop.run("pull", store, "--state", "prod"), INPUT, "manifest.json", "1000 bytes")
    store.damage(key, data + b" ")
    assert shop.run("pull", store, "--state", "prod").returncode == INPUT
    for name in NAMES[:3]:
        assert shop.state(name) == whole[name]
    assert sorted(p.name for p in (shop.path / "prod").iterdir()) == sorted([*NAMES[:3], "generation.json"])


def test_an_index_that_leads_elsewhere(shop, store):
    shop.build(TIMES[0])
    shop.push(store)
    index = store.index()
    index["generations"][0]["id"] = "../../outside"
    store.damage("index.json", json.dumps(index).encode())
    done = shop.run("pull", store, "--state", "prod")
    assert done.returncode == INPUT and "without a valid id" in done.stderr, told(done)


def test_what_an_older_generation_left_is_removed(shop, store):
    shop.build(TIMES[0])
    shop.push(store)
    shop.pull(store)
    shop.build(TIMES[1], names=NAMES[:1])
    shop.push(store)
    assert shop.pull(store)["pulled"]
    assert sorted(p.name for p in (shop.path / "prod").iterdir()) == ["generation.json", "manifest.json"]
    assert not shop.pull(store)["pulled"]


def test_the_merge_base(shop, store):
    """
    first -- second -- third (main)
                  \\-- mine
    """
    second, third = shop.commit("second"), shop.commit("third")
    for at, sha in zip(TIMES, (shop.commits[0], second, third)):
        shop.build(at, sha=sha, filler=100)
        shop.push(store)
    shop.git("checkout", "-q", "-b", "mine", second)
    shop.commit("mine")
    branch = ["--for", "merge-base", "--base", "main"]
    exact = shop.pull(store, *branch)
    assert (exact["match"], exact["git_sha"], exact["behind"]) == ("merge-base", second, 1)
    assert shop.state_time() == TIMES[1]
    assert shop.pull(store)["git_sha"] == third
    # a commit that no production job ran for: what stood before it
    shop.git("checkout", "-q", "main")
    fourth = shop.commit("fourth")
    shop.git("checkout", "-q", "-b", "later", fourth)
    shop.commit("mine too")
    before = shop.pull(store, *branch)
    assert (before["match"], before["git_sha"]) == ("before-merge-base", third)


def test_no_generation_of_the_merge_base(shop, store):
    shop.git("checkout", "-q", "-b", "mine")
    shop.commit("mine")
    shop.build(TIMES[0], sha="ab" * 20)
    shop.push(store)
    done = shop.run("pull", store, "--state", "prod", "--for", "merge-base", "--base", "main")
    assert done.returncode == 0 and "others merged" in done.stderr, told(done)
    assert shop.state_time() == TIMES[0]


# --- 20 pushers and their readers, killed at random ---

FAULTS = ("", "", "", "", "push.put", "push.swap", "push.locked", "push.swapped", "at random")


class Pushers:
    """Each with a manifest of its own. Who dies where is drawn beforehand; when the others come is the machine's."""

    def __init__(self, shop, store, seed):
        self.shop, self.store = shop, store
        draw = random.Random(seed)
        self.times = TIMES[1:21]
        draw.shuffle(self.times)
        self.contents = {}
        self.faults = [draw.choice(FAULTS) for _ in self.times]
        self.faults[0] = ""
        for i, at in enumerate(self.times):
            self.contents[at] = shop.build(at, f"target{i}")
        self.waits = [draw.random() for _ in self.times]
        self.codes = {}

    def one(self, i):
        argv = self.shop.argv("push", self.store, "--target-path", f"target{i}", "--keep", "30", "--store-timeout", "5")
        env = {**self.shop.env, **self.store.env}
        if self.faults[i] and self.faults[i] != "at random":
            env["CLONECI_FAULT"] = self.faults[i]
        process = subprocess.Popen(argv, cwd=self.shop.path, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        if self.faults[i] == "at random":
            try:
                process.wait(self.waits[i])
            except subprocess.TimeoutExpired:
                process.kill()
        self.codes[self.times[i]] = process.wait(), process.stdout.read()

    def run(self, during, *beside):
        threads = [threading.Thread(target=self.one, args=(i,)) for i in range(len(self.times))]
        others = [threading.Thread(target=other, args=(lambda: any(t.is_alive() for t in threads),)) for other in beside]
        for t in threads + others:
            t.start()
        while any(t.is_alive() for t in threads):
            during()
        for t in threads + others:
            t.join()

    def pushed(self):
        return [at for at, (code, _) in self.codes.items() if code == 0]


class Reader:
    """Pulls again and again into a folder of its own, and is killed at random; what is in the folder is looked at each
    time: one manifest, whole, and never an older one than before."""

    def __init__(self, shop, store, number, contents):
        self.shop, self.store, self.contents = shop, store, contents
        self.folder = f"reader{number}"
        self.draw = random.Random(number)
        self.seen, self.wrong, self.killed = [], [], 0

    def __call__(self, going_on):
        argv = self.shop.argv("pull", self.store, "--state", self.folder)
        while going_on() or not self.seen:
            process = subprocess.Popen(argv, cwd=self.shop.path, env={**self.shop.env, **self.store.env},
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if self.draw.random() < 0.5 and going_on():
                try:
                    process.wait(self.draw.random() / 2)
                except subprocess.TimeoutExpired:
                    process.kill()
            said = process.communicate()[1]
            self.killed += process.returncode == -signal.SIGKILL
            if process.returncode not in (0, -signal.SIGKILL):
                self.wrong.append(said)
                return
            manifest = self.shop.path / self.folder / "manifest.json"
            if manifest.exists():
                at = self.shop.state_time(self.folder)
                if manifest.read_bytes() != self.contents[at]["manifest.json"] or at < max(self.seen, default=at):
                    self.wrong.append(f"{at} after {self.seen}")
                    return
                self.seen.append(at)


@pytest.mark.parametrize("store", ["folder", "web", "s3", "git"], indirect=True)
def test_pushers_and_readers_that_are_killed(shop, store):
    contents = {TIMES[0]: shop.build(TIMES[0])}
    shop.push(store)
    pushers = Pushers(shop, store, store.url[:4])
    contents.update(pushers.contents)
    seen = [TIMES[0]]

    def whole(folder):
        """One manifest, all of it, and not older than the last one that was seen."""
        at = shop.state_time(folder)
        assert shop.state(folder=folder) == contents[at]["manifest.json"]
        return at

    def read():
        shop.pull(store)
        for name in NAMES[:3]:
            assert shop.state(name) == contents[shop.state_time()][name], "files of one generation"
        seen.append(whole("prod"))
        for fault in ("pull.fetch", "pull.rename"):
            done = shop.run("pull", store, "--state", "prod2", CLONECI_FAULT=fault)
            assert done.returncode in (0, -signal.SIGKILL), told(done)
            if (shop.path / "prod2" / "manifest.json").exists():
                whole("prod2")

    shop.pull(store, state="prod2")
    readers = [Reader(shop, store, number, contents) for number in range(4)]
    pushers.run(read, *readers)
    read()
    assert [r.wrong for r in readers] == [[]] * len(readers)
    assert seen == sorted(seen), "a reader was given an older one than before"
    for at, (code, said) in pushers.codes.items():
        assert code in (0, -signal.SIGKILL), f"{at}: exit {code}\n{said}"
    in_store = [g["generated_at"] for g in store.index()["generations"]]
    assert in_store == sorted(in_store, reverse=True)
    assert set(in_store) >= {TIMES[0], *pushers.pushed()}, "a push that succeeded was lost"
    assert seen[-1] == in_store[0]
    # what the killed ones left is no obstacle, and goes where the store can tell
    shop.build(TIMES[30])
    shop.push(store, "--keep", "2", "--store-timeout", "5")
    assert shop.pull(store, state="prod2")["pulled"] and whole_folder(shop, "prod2")
    if isinstance(store, stores.FolderStore) and not store.url.startswith("http") or isinstance(store, stores.GitStore):
        assert store.generations() == sorted(g["id"] for g in store.index()["generations"])


def whole_folder(shop, folder):
    return sorted(p.name for p in (shop.path / folder).iterdir()) == sorted([*NAMES[:3], "generation.json"])


# --- what is refused ---


@pytest.fixture
def folder(tmp_path):
    return stores.FolderStore(tmp_path / "store")


def test_a_failed_build_is_not_pushed(shop, folder):
    shop.build(TIMES[0], failed=[("model.shop.bad", "error"), ("test.shop.no", "fail")])
    failed(shop.run("push", folder), REFUSED, "2 nodes", "model.shop.bad", "error")
    assert not folder.folder.exists()
    (shop.path / "target" / "run_results.json").unlink()
    assert shop.push(folder)["pushed"]


def test_another_projects_store(shop, folder):
    shop.build(TIMES[0])
    shop.push(folder)
    shop.build(TIMES[1], project="other")
    failed(shop.run("push", folder), REFUSED, "'shop'", "'other'")
    assert len(folder.index()["generations"]) == 1


def test_a_manifest_from_the_future(shop, folder):
    shop.build("2999-01-01T00:00:00.000000Z")
    failed(shop.run("push", folder), REFUSED, "future", "2999")


def test_nothing_to_push(shop, folder):
    failed(shop.run("push", folder), INPUT, "target/manifest.json", "dbt build")
    shop.build(TIMES[0])
    manifest = shop.path / "target" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-100])
    assert shop.run("push", folder).returncode == INPUT
    assert not folder.folder.exists()


def test_the_target_folder_is_no_state_folder(shop, folder):
    shop.build(TIMES[0])
    shop.push(folder)
    failed(shop.run("pull", folder, "--state", "target"), REFUSED, "target")
    failed(shop.run("pull", folder), USAGE, "--state")


@pytest.mark.parametrize("url, word", [
    ("", "there is no store"), ("ftp://host/x", "unknown form"), ("s3://", "name a bucket"), ("file:x", "unknown form"),
    ("git:refs/heads/main", "does not name a ref"), ("git:state", "does not name a ref"), ("https://", "not the address"), ("https://h/x?a=b", "not the address"),
    ("https://me:s3cr3t@host/x", "user or password")])
def test_a_store_that_is_none(shop, folder, url, word):
    folder.url = url
    done = shop.run("pull", folder, "--state", "prod")
    failed(done, USAGE, word)
    assert "s3cr3t" not in done.stderr


def test_settings_from_the_file_and_the_environment(shop, folder):
    shop.build(TIMES[0])
    (shop.path / "cloneci.yml").write_text("store: ../store\nkeep: 1\n")
    env = dict(shop.env, CLONECI_FOR="newest")
    done = subprocess.run([shop.program, "state", "push"], cwd=shop.path, env=env, check=False, capture_output=True,
                          text=True)
    assert done.returncode == 0 and folder.generations(), told(done)
    env.update(CLONECI_STORE=str(folder.folder), DBT_STATE="prod")
    done = subprocess.run([shop.program, "state", "pull"], cwd=shop.path, env=env, check=False, capture_output=True,
                          text=True)
    assert done.returncode == 0 and shop.state_time() == TIMES[0], told(done)


# --- disks ---


@pytest.fixture(scope="module")
def full_write(tmp_path_factory):
    library = tmp_path_factory.mktemp("full") / "full_write.so"
    spoke.must(["gcc", "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-o", library,
                spoke.TOP / "tests" / "support" / "full_write.c", "-ldl"])
    return {"LD_PRELOAD": str(library), "ASAN_OPTIONS": "verify_asan_link_order=0"}


def test_a_full_disk(shop, folder, full_write):
    old = shop.build(TIMES[0])
    shop.push(folder)
    shop.pull(folder)
    before = folder.index()
    shop.build(TIMES[1])
    failed(shop.run("push", folder, **full_write, FULL_FOLDER=str(folder.folder)), INPUT, "No space left",
           str(folder.folder), "Free some space")
    assert folder.index() == before
    shop.push(folder)
    failed(shop.run("pull", folder, "--state", "prod", **full_write, FULL_FOLDER=str(shop.path / "prod")), INPUT,
           "No space left", "prod", "Free some space")
    assert shop.state() == old["manifest.json"] and whole_folder(shop, "prod")


def test_a_folder_that_is_a_file(shop, folder):
    folder.folder.write_text("")
    failed(shop.run("pull", folder, "--state", "prod"), USAGE, folder.folder)


# --- S3 ---


def test_s3_credentials(shop, s3):
    store = stores.S3Store(s3, "dbt/credentials")
    shop.build(TIMES[0])
    shop.push(store)
    secret = store.env["AWS_SECRET_ACCESS_KEY"]
    wrong = secret[::-1]
    done = shop.run("pull", store, "--state", "prod", "--debug", AWS_SECRET_ACCESS_KEY=wrong)
    failed(done, USAGE, "403", "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY")
    assert wrong not in done.stderr + done.stdout
    failed(shop.run("pull", store, "--state", "prod", AWS_ACCESS_KEY_ID="AKIAUNKNOWN"), USAGE, "InvalidAccessKeyId")
    failed(shop.run("pull", store, "--state", "prod", AWS_SECRET_ACCESS_KEY=""), USAGE, "AWS_SECRET_ACCESS_KEY is not set")
    # a key that may read only
    store.env = s3.env(s3.reader)
    assert shop.pull(store)["pulled"]
    shop.build(TIMES[1])
    failed(shop.run("push", store), USAGE, "403", "AccessDenied", "s3:PutObject")
    store.env = s3.env(s3.production)
    missing = stores.S3Store(s3, "dbt/x")
    missing.url = "s3://nowhere/dbt"
    failed(shop.run("pull", missing, "--state", "prod"), USAGE, "nowhere")


# --- web servers ---


def test_web_credentials(shop, nginx):
    store = stores.FolderStore(nginx.folder / "www" / "secret" / "s", nginx.url("secret/s"))
    shop.build(TIMES[0])
    failed(shop.run("push", store), USAGE, "401", "CLONECI_STORE_PASSWORD")
    failed(shop.run("push", store, CLONECI_STORE_TOKEN="t0ken-of-mine", CLONECI_STORE_USER=""), USAGE, "401")
    store.env = {"CLONECI_STORE_USER": nginx.USER, "CLONECI_STORE_PASSWORD": nginx.PASSWORD}
    done = shop.run("push", store, "--debug")
    assert done.returncode == 0 and nginx.PASSWORD not in done.stdout + done.stderr, told(done)
    assert shop.pull(store)["pulled"]


def test_a_web_server_that_only_reads(shop, nginx):
    store = stores.FolderStore(nginx.folder / "www" / "ro", nginx.url("ro"))
    shop.build(TIMES[0])
    shop.push(store)
    store.url = nginx.url("read/ro")
    assert shop.pull(store)["pulled"]
    shop.build(TIMES[1])
    failed(shop.run("push", store), INPUT, "405", "dav_methods")


def test_a_web_server_that_takes_small_files_only(shop, nginx):
    store = stores.FolderStore(nginx.folder / "www" / "small" / "s", nginx.url("small/s"))
    shop.build(TIMES[0])
    failed(shop.run("push", store), INPUT, "413", "client_max_body_size")
    failed(shop.run("pull", store, "--state", "prod"), INPUT, "no manifest was pushed")


class Listener:
    """A socket that takes connections and answers as the test says."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def close(self):
        self.socket.close()

    def answer(self, text):
        """Reads one request, answers, hangs up; returns the request."""
        connection, _ = self.socket.accept()
        with connection:
            request = connection.makefile("rb")
            head = b"".join(iter(request.readline, b"\r\n"))
            length = re.search(rb"(?im)^content-length: *(\d+)", head)
            self.body = request.read(int(length.group(1))) if length else b""
            connection.sendall(text)
        return head.decode()


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


class Url(stores.Store):
    def __init__(self, url):
        self.url = url


def test_s3_conditions(shop, listener, s3):
    """Each write of the pointer says what it replaces, under the signature; another's write is merged, never lost."""
    other = stores.S3Store(s3, "dbt/other-for-conditions")
    shop.build(TIMES[1], names=NAMES[:1])
    shop.push(other)
    theirs = other.files()["index.json"]
    shop.build(TIMES[0], names=NAMES[:1])
    store = stores.S3Store(s3, "dbt/mine")
    process = subprocess.Popen(shop.argv("push", store), cwd=shop.path, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env={**shop.env, **store.env, "AWS_ENDPOINT_URL": listener.url})

    def answer(method, key, status, body=b"", etag=None):
        headers = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n" + (f"ETag: {etag}\r\n" if etag else "")
        request = listener.answer(headers.encode() + b"\r\n" + body)
        assert re.match(rf"{method} /acme/dbt/mine/{key} ", request), request
        signed = re.search(r"SignedHeaders=([^,]*)", request).group(1).split(";")
        assert f"x-amz-content-sha256: {hashlib.sha256(listener.body).hexdigest()}" in request
        condition = re.search(r"(?im)^(if-\S+: .*)\r$", request)
        assert not condition or condition.group(1).split(":")[0].lower() in signed
        return condition and condition.group(1)

    assert answer("GET", "index.json", 404) is None
    assert answer("PUT", "generations/[^/]+/manifest.json", 200) is None
    assert answer("PUT", "generations/[^/]+/generation.json", 200) is None
    record = listener.body
    assert answer("PUT", "generations/[^/]+/generation.json", 412) == "If-None-Match: *", "does it know conditions?"
    assert listener.body == record
    answer("GET", "index.json", 404)
    assert answer("PUT", "index.json", 412) == "If-None-Match: *"
    answer("GET", "index.json", 200, theirs, '"one"')
    assert answer("PUT", "index.json", 409) == 'If-Match: "one"'
    answer("GET", "index.json", 200, theirs, '"two"')
    assert answer("PUT", "index.json", 501) == 'If-Match: "two"'
    assert answer("PUT", "index.json", 200) is None
    merged = listener.body
    assert [g["generated_at"] for g in json.loads(merged)["generations"]] == [TIMES[1], TIMES[0]]
    answer("GET", "index.json", 200, merged, '"three"')
    out, said = process.communicate()
    assert process.returncode == 0 and "does not support conditional writes" in said, out + said


def test_an_s3_store_that_ignores_conditions(shop, listener, s3):
    shop.build(TIMES[0], names=NAMES[:1])
    store = stores.S3Store(s3, "dbt/ignores")
    process = subprocess.Popen(shop.argv("push", store), cwd=shop.path, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env={**shop.env, **store.env, "AWS_ENDPOINT_URL": listener.url})
    missing, fine = b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n"
    # index, manifest, record, the record again on a condition, index, and the pointer without one
    for text in (missing, fine, fine, fine, missing):
        listener.answer(text)
    assert "If-None-Match" not in listener.answer(fine)
    body = listener.body
    listener.answer(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    _, said = process.communicate()
    assert process.returncode == 0 and "one job at a time" in said, said


def test_servers_that_are_not_there(shop, listener):
    failed(shop.run("pull", Url("http://no-such-host.invalid/x"), "--state", "prod"), INPUT, "no-such-host.invalid", "DNS")
    listener.close()
    failed(shop.run("pull", Url(listener.url + "/x"), "--state", "prod"), INPUT, "Nothing answers there")


def test_a_server_that_is_silent(shop, listener):
    failed(shop.run("pull", Url(listener.url + "/x"), "--state", "prod", "--store-timeout", "1"), INPUT, "silent for 1 s",
           "--store-timeout")


def test_a_server_that_trickles(shop, listener):
    """A byte now and then, for ever: no silence, and no end."""
    process = start_pull(shop, Url(listener.url + "/x"), "--store-timeout", "1")
    connection, _ = listener.socket.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{")
        with contextlib.suppress(OSError):
            while process.poll() is None:
                connection.sendall(b" ")
                time.sleep(0.1)
    _, said = process.communicate()
    assert process.returncode == INPUT and "sent less than 1 kB a second" in said, said
    assert list((shop.path / "prod").iterdir()) == []


def test_a_server_that_says_too_much(shop, listener, folder):
    """8 GB by the list of pushes, or by Content-Length: refused before a byte of it is read; nothing is left."""
    shop.build(TIMES[0])
    shop.push(folder)
    index = folder.index()
    honest = json.dumps(index).encode()
    next(f for f in index["generations"][0]["files"] if f["name"] == "manifest.json")["size"] = 8 << 30
    for text, words in [(json.dumps(index).encode(), "would have 8589934592 bytes"), (honest, "more than the")]:
        process = start_pull(shop, Url(listener.url + "/x"))
        listener.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
        if text == honest:
            listener.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{" % (8 << 30))
        _, said = process.communicate()
        assert process.returncode == INPUT and words in said, said
        assert list((shop.path / "prod").iterdir()) == []


def start_pull(shop, store, *args, **env):
    return subprocess.Popen(shop.argv("pull", store, "--state", "prod", *args), cwd=shop.path, text=True,
                            env={**shop.env, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_an_interrupt(shop, listener):
    process = start_pull(shop, Url(listener.url + "/x"))
    connection, _ = listener.socket.accept()
    with connection:
        connection.recv(1000)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
    assert list((shop.path / "prod").iterdir()) == []


def test_answers_that_are_better_the_second_time(shop, listener):
    process = start_pull(shop, Url(listener.url + "/x"))
    listener.answer(b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")
    listener.answer(b"")  # hangs up
    listener.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}")  # half an answer
    listener.answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    _, said = process.communicate()
    assert process.returncode == INPUT and "no manifest was pushed" in said


def test_a_server_that_stays_broken(shop, listener):
    process = start_pull(shop, Url(listener.url + "/x"))
    for _ in range(4):
        listener.answer(b"HTTP/1.1 500 Oops\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")
    _, said = process.communicate()
    assert process.returncode == INPUT and "500" in said and "\n  -> " in said


def test_a_proxy(shop, listener):
    process = start_pull(shop, Url("http://store.invalid/x"), http_proxy=listener.url)
    request = listener.answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    _, said = process.communicate()
    assert request.startswith("GET http://store.invalid/x/index.json HTTP/1.1\r\n")
    assert process.returncode == INPUT and "no manifest was pushed" in said


def test_a_token_stays_with_its_host(shop, listener):
    """A redirect to another host does not take the credentials along."""
    other = Listener()
    process = start_pull(shop, Url(listener.url + "/x"), CLONECI_STORE_TOKEN="t0ken-of-mine")
    first = listener.answer(f"HTTP/1.1 302 Found\r\nLocation: {other.url}/y\r\nContent-Length: 0\r\n\r\n".encode())
    second = other.answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    process.communicate()
    other.close()
    assert "Authorization: Bearer t0ken-of-mine" in first
    assert "t0ken-of-mine" not in second


# --- git, shared as the documentation says ---


def documented(heading, comment):
    """A recipe of docs/artifacts.md: the lines below a comment."""
    text = (spoke.TOP / "docs" / "artifacts.md").read_text().split(heading, 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
    return text.split(f"# {comment}\n", 1)[1].split("\n\n", 1)[0]


def test_the_git_recipe(shop, tmp_path):
    origin, other = tmp_path / "origin.git", tmp_path / "other"
    spoke.must(["git", "init", "-q", "--bare", origin])
    shop.git("remote", "add", "origin", str(origin))
    shop.git("push", "-q", "origin", "main")
    spoke.must(["git", "clone", "-q", "-b", "main", origin, other])
    env = {**shop.env, "PATH": f"{shop.program.parent}:{shop.env['PATH']}"}

    def run(recipe, folder):
        return subprocess.run(["bash", "-e", "-c", recipe], cwd=folder, env=env, check=False, capture_output=True, text=True)

    push, pull = documented("### A git ref", "the production job"), documented("### A git ref", "the pull request's job")
    for at in TIMES[:2]:
        content = shop.build(at)
        done = run(push, shop.path)
        assert done.returncode == 0, told(done)
        done = run(pull, other)
        assert done.returncode == 0, told(done)
        assert (other / "prod-artifacts" / "manifest.json").read_bytes() == content["manifest.json"]
    # another job was faster: its push is not overwritten
    shop.build(TIMES[2])
    race = push.replace("git push", f"git push -q --force origin {shop.commits[0]}:refs/cloneci/state\ngit push")
    assert run(race, shop.path).returncode != 0
    assert spoke.must(["git", "-C", origin, "rev-parse", "refs/cloneci/state"]).strip() == shop.commits[0]


# --- with dbt ---


def test_the_production_job_and_the_pull_requests_job(pull, tmp_path):
    """Two checkouts that share nothing but the store; what is pulled makes the same plan as what was built."""
    pull.patch("1-late-corrections")
    direct = pull.plan()
    production = tmp_path / "production"
    shutil.copytree(pull.path, production)
    shutil.rmtree(production / "target", ignore_errors=True)
    pull.state.rename(production / "target")
    store = tmp_path / "store"
    # what the pull request's own job leaves is no production's
    own = pull.cloneci("state push", "--store", store)
    assert own.returncode == 5 and 'is in the schema "pr_7' in own.stderr, told(own)
    pushed = pull.cloneci("state push", "--store", store, "--project-dir", production)
    assert pushed.returncode == 0, told(pushed)
    shutil.rmtree(production)
    pulled = pull.cloneci("state pull", "--store", store, "--state", pull.state)
    assert pulled.returncode == 0, told(pulled)
    checked = pull.cloneci("state check", "--state", pull.state)
    assert checked.returncode == 0, told(checked)
    again = pull.plan()
    assert [again[part] for part in ("nodes", "deferral")] == [direct[part] for part in ("nodes", "deferral")]


def test_the_partial_parse(new_pull, tmp_path):
    """Taken where dbt would take it, and it does; else the reason is told."""
    pull = new_pull()
    store = tmp_path / "store"
    shutil.rmtree(pull.target, ignore_errors=True)
    pull.must_dbt("parse", "--target", "ci", "--profile", "spoke")
    pushed = pull.cloneci("state push", "--store", store)
    assert pushed.returncode == 0, told(pushed)
    parse = pull.target / "partial_parse.msgpack"
    made = parse.read_bytes()

    def fetch(*args, **env):
        done = pull.cloneci("state pull", "--store", store, "--state", tmp_path / "prod", "--output", "json", *args, **env)
        assert done.returncode == 0, told(done)
        return json.loads(done.stdout)["partial_parse"]

    assert "already has one" in fetch()
    shutil.rmtree(pull.target)
    assert "variables" in fetch("--vars", "{late: 1}")
    assert not parse.exists()
    assert "put into" in fetch()
    assert parse.read_bytes() == made
    said = pull.must_dbt("parse", "--target", "ci", "--profile", "spoke", "--debug").stdout
    assert "Partial parsing enabled: 0 files deleted, 0 files added, 0 files changed" in said
