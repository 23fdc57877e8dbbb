"""`cloneci report`: the faces of the last run again, and the pull request's comment on a forge: a server here checks what arrives."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

import spoke
from conftest import told

TOKEN = "t0ken-that-nobody-may-see"
KEY = "<!-- cloneci:acme/dbt:12:pr -->"
STARTED = "2026-11-24T10:00:00Z"


class Forge:
    """Keeps comments as one of the forges does, and lets a test decide what is answered next."""

    def __init__(self, kind):
        self.kind, self.comments, self.asked, self.next_id = kind, {}, [], 100
        self.answers = []  # (status, headers, body): instead of doing what is asked
        self.lost = 0      # so many creations are done, but answered by 502
        forge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                status, headers, answer = forge.answer(self.command, self.path, dict(self.headers), body)
                if status is None:  # hangs until the client has gone
                    self.connection.settimeout(60)
                    self.connection.recv(1)
                    self.close_connection = True
                    return
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # --- what each API looks like ---

    PATHS = {"github": ("/repos/acme/dbt/issues/12/comments", "/repos/acme/dbt/issues/comments/{id}", "PATCH"),
             "gitlab": ("/projects/acme%2Fdbt/merge_requests/12/notes", "/projects/acme%2Fdbt/merge_requests/12/notes/{id}", "PUT"),
             "bitbucket": ("/repositories/acme/dbt/pullrequests/12/comments",
                           "/repositories/acme/dbt/pullrequests/12/comments/{id}", "PUT"),
             "azure": ("/acme/_apis/git/repositories/dbt/pullRequests/12/threads",
                       "/acme/_apis/git/repositories/dbt/pullRequests/12/threads/{id}/comments/1", "PATCH")}
    MOST = {"github": 65536, "gitlab": 1000000, "bitbucket": 32768, "azure": 150000}

    def item(self, number):
        text = self.comments[number]
        return {"github": {"id": number, "body": text}, "gitlab": {"id": number, "body": text, "system": False},
                "bitbucket": {"id": number, "content": {"raw": text}, "deleted": False},
                "azure": {"id": number, "status": "closed", "comments": [{"id": 1, "content": text}]}}[self.kind]

    def text_of(self, body):
        if self.kind == "bitbucket":
            return body["content"]["raw"]
        if self.kind == "azure":
            return body["comments"][0]["content"] if "comments" in body else body["content"]
        return body["body"]

    def page(self, query):
        items = [self.item(i) for i in sorted(self.comments)]
        if self.kind == "azure":
            return {"value": items, "count": len(items)}
        size, page = int(query.get("per_page", query.get("pagelen", ["0"]))[0]), int(query["page"][0])
        assert size == 100
        some, more = items[(page - 1) * size:page * size], len(items) > page * size
        if self.kind != "bitbucket":
            return some
        # where the next page is, says the forge: elsewhere, where no token may go
        return {"values": some, **({"next": "http://127.0.0.1:9/stolen"} if more else {})}

    def answer(self, method, target, headers, body):
        url = urlsplit(target)
        self.asked.append((method, url.path, headers, body))
        if self.answers:
            return self.answers.pop(0)
        query = parse_qs(url.query)
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {}, {"message": "Bad credentials"}
        if self.kind == "azure" and query.get("api-version") != ["7.1"]:
            return 400, {}, {"message": "no api-version"}
        collection, one, replace = self.PATHS[self.kind]
        if method == "GET" and url.path == collection:
            return 200, {}, self.page(query)
        if headers.get("Content-Type") != "application/json":
            return 415, {}, {}
        text = self.text_of(json.loads(body))
        if len(text.encode()) > self.MOST[self.kind]:
            return 422, {}, {"message": "body is too long"}
        if method == "POST" and url.path == collection:
            self.next_id += 1
            self.comments[self.next_id] = text
            if self.lost:
                self.lost -= 1
                return 502, {}, b"<html>bad gateway"
            return 201, {}, self.item(self.next_id)
        for number in self.comments:
            if method == replace and url.path == one.format(id=number):
                self.comments[number] = text
                return 200, {}, self.item(number)
        return 404, {}, {"message": f"Not Found: {method} {unquote(url.path)}"}

    def sent(self, *methods):
        return [a for a in self.asked if a[0] in methods]


@pytest.fixture
def forge():
    made = []

    def make(kind):
        made.append(Forge(kind))
        return made[-1]
    yield make
    for one in made:
        one.stop()


class Job:
    """A checkout in which a run has left its report; no warehouse is asked."""

    TOKENS = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN", "bitbucket": "BITBUCKET_TOKEN", "azure": "SYSTEM_ACCESSTOKEN"}

    def __init__(self, folder):
        self.project = folder / "project"
        self.kept = self.project / "target" / "cloneci" / "report.json"
        self.kept.parent.mkdir(parents=True)
        (self.project / "dbt_project.yml").write_text("name: spoke\nprofile: spoke\nversion: '1.0'\n")
        self.write()

    def write(self, started=STARTED, warnings=0, nodes=(), **git):
        self.kept.write_text(json.dumps({
            "version": 2, "tool": {"name": "cloneci", "version": "0"},
            "run": {"id": "r1", "command": "run", "started_at": started, "ms": 1200, "exit_code": 0, "verdict": "ok",
                    "headline": "all is well"},
            "project": {"name": "spoke", "adapter": "postgres", "target": "pr", "dir": "/x", "repository": "acme/dbt"},
            "git": {"pull_request": "12", "branch": "change", "changes": [], "dirty": False, "outside": 0, **git},
            "production": None, "head": None, "schema": "pr_12", "schemas": ["pr_12"], "build": None, "receipt": None,
            "nodes": list(nodes), "deferral": [], "timings": [],
            "errors": [{"kind": "bug", "text": f"{i} " + "short " * 90} for i in range(warnings)],
            "warnings": [{"code": "w", "text": f"{i} " + "long " * 110} for i in range(warnings)],
            "advice": {"merge": "yes", "answer": "Yes.", "after_merge": [], "not_tested": [],
                       "next": [{"text": f"{i} " + "mend it " * 70} for i in range(warnings)]}}))

    def report(self, *args, **env):
        checkout = spoke.Checkout.__new__(spoke.Checkout)
        checkout.path = checkout.project = self.project
        checkout.cluster, checkout.database = type("none", (), {"socket": "/nowhere"}), "none"
        env = {**checkout._environment(), "UBSAN_OPTIONS": "print_stacktrace=1", **env}
        return spoke.subprocess.run([spoke.program("san"), "report", *map(str, args)], cwd=self.project, env=env, text=True,
                                    capture_output=True, check=False, timeout=120, stdin=spoke.subprocess.DEVNULL)

    def post(self, server, *args, code=0, **env):
        done = self.report("--post", server.kind, "--api-url", server.url, *args, **{self.TOKENS[server.kind]: TOKEN, **env})
        assert done.returncode == code, told(done)
        assert TOKEN not in done.stdout + done.stderr
        return done


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


KINDS = pytest.mark.parametrize("kind", ["github", "gitlab", "bitbucket", "azure"])
TITLES = {"github": "GitHub", "gitlab": "GitLab", "bitbucket": "Bitbucket", "azure": "Azure DevOps"}


@KINDS
def test_first_written_then_replaced(job, forge, kind):
    server = forge(kind)
    server.comments = {7: "Looks good to me", 8: f"> {KEY}\nquoted", 9: KEY.replace("pr -->", "other -->")}
    done = job.post(server)
    assert done.stdout == f"the comment of pull request 12 of acme/dbt on {TITLES[kind]} was written\n"
    (number,) = set(server.comments) - {7, 8, 9}
    first = server.comments[number]
    assert "all is well" in first and "May I merge" in first
    if kind == "bitbucket":
        # HTML comments would be shown there
        assert first.startswith("[//]: # (cloneci:acme/dbt:12:pr)\n") and "<!--" not in first
    else:
        assert first.startswith(KEY + "\n")

    job.write(started="2026-11-24T11:00:00Z")
    done = job.post(server)
    assert done.stdout.endswith("was replaced\n")
    assert set(server.comments) == {7, 8, 9, number}
    assert server.comments[number] == first.replace(STARTED, "2026-11-24T11:00:00Z")
    assert server.comments[7] == "Looks good to me"


@KINDS
def test_the_picture_goes_where_it_is_drawn(job, forge, kind):
    job.write(nodes=[{"unique_id": f"model.spoke.{n}", "name": n, "resource_type": "model", "relation": n, "parents": [],
                      "reasons": [], "clone": None, "build": None, "verdict": None} for n in ("a", "b")])
    server = forge(kind)
    job.post(server)
    comment, = server.comments.values()
    assert ("```mermaid" in comment) == (kind in ("github", "gitlab")) and "| `a` |" in comment


@KINDS
def test_its_own_is_found_on_a_later_page(job, forge, kind):
    server = forge(kind)
    job.post(server)
    (number,) = server.comments
    # others' comments, older and newer ones
    server.comments.update({i: f"note {i}" for i in range(1, 90)} | {1000 + i: f"note {i}" for i in range(150)})
    server.comments[5000] = server.comments.pop(number)
    before = len(server.comments)
    job.post(server)
    assert len(server.comments) == before
    assert not [a for a in server.asked if "stolen" in a[1]]


def test_two_targets_do_not_collide(job, forge):
    server = forge("github")
    job.post(server)
    job.kept.write_text(job.kept.read_text().replace('"target": "pr"', '"target": "other_warehouse"'))
    job.post(server)
    assert len(server.comments) == 2


def test_an_older_run_does_not_replace_a_newer_one(job, forge):
    server = forge("gitlab")
    job.write(started="2026-11-24T12:00:00Z")
    job.post(server)
    before = dict(server.comments)
    job.write(started=STARTED)
    assert "newer run" in job.post(server).stdout
    assert server.comments == before


@KINDS
def test_as_much_as_the_forge_takes(job, forge, kind):
    job.write(warnings=400)
    server = forge(kind)
    done = job.post(server)
    (text,) = server.comments.values()
    assert len(text.encode()) <= server.MOST[kind]
    if kind == "bitbucket":
        assert "shortened" in done.stdout and text.endswith("*Shortened: the whole report is `report.md` of the job's artifacts.*\n")


@pytest.mark.parametrize("status, headers", [(429, {"Retry-After": "0"}), (503, {}), (502, {}), (403, {"Retry-After": "1"})])
def test_busy_is_asked_again(job, forge, status, headers):
    server = forge("github")
    server.answers = [(status, headers, {"message": "slow down"})] * 2
    job.post(server)
    assert len(server.comments) == 1
    # and when it is the writing that is refused
    server.asked.clear()
    server.comments.clear()
    server.answers = [(200, {}, []), (status, headers, {"message": "slow down"})]
    job.post(server)
    assert len(server.comments) == 1
    assert [a[0] for a in server.asked] == ["GET", "POST", "GET", "POST"]


def test_lost_answer_makes_no_second_comment(job, forge):
    """The comment was made, but the answer was lost: the next try finds it."""
    server = forge("github")
    server.lost = 1
    assert job.post(server).stdout.endswith("was replaced\n")
    assert len(server.comments) == 1


def test_it_does_not_wait_for_ever(job, forge):
    server = forge("github")
    server.answers = [(429, {"Retry-After": "3600"}, {"message": "API rate limit exceeded"})] * 9
    done = job.post(server, code=3)
    assert "API rate limit exceeded" in done.stderr and "a wait of 3600 s" in done.stderr
    assert len(server.asked) == 1
    server.answers = [(500, {"Retry-After": "0"}, {})] * 9
    done = job.post(server, code=3)
    assert "answered 500" in done.stderr and "again later" in done.stderr


def test_silence_is_given_up(job, forge):
    server = forge("github")
    server.answers = [(None, {}, b"")] * 9
    done = job.post(server, "--post-timeout", "1", code=3)
    assert "GitHub was silent for 1 s" in done.stderr and "--post-timeout" in done.stderr


def test_nobody_there(job, forge):
    server = forge("github")
    server.stop()
    server.stop = lambda: None
    done = job.post(server, code=3)
    assert "connect" in done.stderr.lower()


@KINDS
@pytest.mark.parametrize("status, says", [(401, "not valid there"), (403, ""), (404, "no such repository or pull request")])
def test_what_the_token_may_not(job, forge, kind, status, says):
    server = forge(kind)
    server.answers = [(status, {}, {"message": "Resource not accessible by integration"})]
    done = job.post(server, code=2)
    assert f"{TITLES[kind]} answered {status}: Resource not accessible by integration" in done.stderr
    right = {"github": "pull-requests: write", "gitlab": "'api'", "bitbucket": "pullrequest:write", "azure": "Contribute to pull requests"}
    assert says in done.stderr and right[kind] in done.stderr


def test_another_host_gets_no_token(job, forge):
    """A redirect is followed for reading, without the token."""
    server, thief = forge("github"), forge("gitlab")
    server.answers = [(302, {"Location": thief.url.replace("127.0.0.1", "localhost") + "/x"}, {})]
    job.post(server, code=2)
    assert thief.asked and not [a for a in thief.asked if TOKEN in str(a)]
    assert not server.comments and not thief.comments


@pytest.mark.parametrize("body", [b"<html>hello", b"{\"a\": 1}", b""])
def test_no_api_there(job, forge, body):
    server = forge("github")
    server.answers = [(200, {}, body)]
    assert "--api-url" in job.post(server, code=3).stderr


@KINDS
def test_no_token(job, kind):
    done = job.report("--post", kind, "--api-url", "http://127.0.0.1:9")
    assert done.returncode == 2, told(done)
    assert job.TOKENS[kind] in done.stderr


def test_what_is_not_known_is_asked_for(job, forge):
    server = forge("github")
    job.write(pull_request=None)
    assert "--pull-request" in job.post(server, code=2).stderr
    assert len(server.asked) == 0
    job.post(server, "--pull-request", "12")
    text = job.kept.read_text()
    job.kept.write_text(text.replace('"acme/dbt"', "null"))
    assert "--repository" in job.post(server, "--pull-request", "12", code=2).stderr
    job.post(server, "--pull-request", "12", "--repository", "acme/dbt")
    assert len(server.comments) == 1


CI = {"github": {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/dbt", "GITHUB_REF": "refs/pull/12/merge", "GITHUB_BASE_REF": "main"},
      "gitlab": {"GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/dbt", "CI_MERGE_REQUEST_IID": "12",
                 "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"},
      "bitbucket": {"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_REPO_FULL_NAME": "acme/dbt", "BITBUCKET_PR_ID": "12",
                    "BITBUCKET_PR_DESTINATION_BRANCH": "main"},
      "azure": {"TF_BUILD": "True", "SYSTEM_TEAMPROJECT": "acme", "BUILD_REPOSITORY_NAME": "dbt",
                "SYSTEM_PULLREQUEST_PULLREQUESTID": "12", "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"}}
API = {"github": "GITHUB_API_URL", "gitlab": "CI_API_V4_URL", "azure": "SYSTEM_COLLECTIONURI"}


@KINDS
def test_the_ci_tells_where(job, forge, kind):
    """Nothing is said on the command line but the forge; Bitbucket's API has one address only."""
    server = forge(kind)
    job.kept.write_text(job.kept.read_text().replace('"acme/dbt"', "null").replace('"pull_request": "12"', '"pull_request": null'))
    where = {API[kind]: server.url + "/"} if kind in API else {"CLONECI_API_URL": server.url}
    done = job.report("--post", kind, **CI[kind], **where, **{job.TOKENS[kind]: TOKEN})
    assert done.returncode == 0, told(done)
    assert len(server.comments) == 1


def test_github_summary_and_outputs(job, forge, tmp_path):
    server = forge("github")
    summary, output = tmp_path / "summary", tmp_path / "output"
    summary.write_text("an earlier step's\n")
    text = json.loads(job.kept.read_text())
    text["run"]["headline"] = "two\nlines; verdict=hacked"
    job.kept.write_text(json.dumps(text))
    job.post(server, GITHUB_STEP_SUMMARY=str(summary), GITHUB_OUTPUT=str(output))
    assert summary.read_text().startswith("an earlier step's\n" + KEY) and "May I merge" in summary.read_text()
    found, lines = {}, iter(output.read_text().splitlines())
    for line in lines:
        name, end = line.split("<<")
        value = []
        for part in lines:
            if part == end:
                break
            value.append(part)
        found[name] = "\n".join(value)
    assert found == {"verdict": "ok", "headline": "two\nlines; verdict=hacked", "merge": "yes", "exit_code": "0", "schema": "pr_12"}


def test_faces_again(job):
    for form, sign in [("text", "May I merge?"), ("markdown", KEY), ("junit", "<?xml"), ("html", "<!doctype html>"), ("json", '"version"')]:
        done = job.report("--output", form)
        assert done.returncode == 0, told(done)
        assert sign.lower() in done.stdout.lower(), form
    assert job.report().stdout == job.report("--output", "text").stdout
    assert json.loads(job.report("--output", "json").stdout) == json.loads(job.kept.read_text())


def test_no_report(job):
    done = job.report("--output", "path")
    assert done.returncode == 2 and "markdown" in done.stderr
    job.kept.write_text('{"version": 99}')
    done = job.report()
    assert done.returncode == 3 and "report.json" in done.stderr and "Another version" in done.stderr
    job.kept.write_text('{"version": 2, "run"')
    assert job.report().returncode == 3
    job.kept.unlink()
    done = job.report()
    assert done.returncode == 3 and "cloneci run" in done.stderr


def test_a_real_runs_report(pull, forge):
    pull.build_command("true")
    pull.patch("2-rush-hours")
    pull.must("run", **CI["gitlab"])
    server = forge("gitlab")
    done = pull.cloneci("report", "--post", "gitlab", **CI["gitlab"], CI_API_V4_URL=server.url, GITLAB_TOKEN=TOKEN)
    assert done.returncode == 0, told(done)
    (text,) = server.comments.values()
    kept = (pull.target / "cloneci" / "report.md").read_text().splitlines()
    # the run's time comes behind the key; the rest is report.md
    assert text.splitlines()[0] == kept[0] and text.splitlines()[2:] == kept[1:]
    assert "rides" in text
