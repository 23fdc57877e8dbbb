"""Stores for production's artifacts, each with a real server where there is one, all on loopback: a folder, nginx, an S3
server, a git ref. Each knows its URL, the environment that opens it, and how to look at what is really in it."""

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import boto3

import spoke

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 2;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/tmp/body;
  proxy_temp_path {folder}/tmp/proxy;
  fastcgi_temp_path {folder}/tmp/fastcgi;
  uwsgi_temp_path {folder}/tmp/uwsgi;
  scgi_temp_path {folder}/tmp/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/www;
    client_max_body_size 0;
    location / {{ dav_methods PUT DELETE MKCOL; create_full_put_path on; }}
    location /plain/ {{ dav_methods PUT DELETE; create_full_put_path on; }}
    location /small/ {{ dav_methods PUT DELETE MKCOL; create_full_put_path on; client_max_body_size 20k; }}
    location /read/ {{ alias {folder}/www/; }}
    location /secret/ {{
      dav_methods PUT DELETE MKCOL; create_full_put_path on;
      auth_basic "production"; auth_basic_user_file {folder}/users;
    }}
  }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Nginx:
    """A web server of the distribution's package, as an unprivileged user."""

    USER, PASSWORD = "production", "s3cr3t-of-the-store"

    def __init__(self):
        self.folder = folder = Path(tempfile.mkdtemp(prefix="cloneci-nginx-"))
        for name in ("www", "tmp"):
            (folder / name).mkdir()
        (folder / "users").write_text(f"{self.USER}:{{PLAIN}}{self.PASSWORD}\n")
        self.port = free_port()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=self.port))
        more = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            more = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen([program, "-e", folder / "error.log", "-p", folder, "-c", folder / "nginx.conf"],
                                        stdin=subprocess.DEVNULL, **more)
        self._until_it_listens()

    def _until_it_listens(self):
        while True:
            assert self.process.poll() is None, (self.folder / "error.log").read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=60).close()
            except urllib.error.HTTPError:
                return
            except urllib.error.URLError:
                continue

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


class S3:
    def __init__(self):
        self.process = subprocess.Popen([sys.executable, spoke.TOP / "tests" / "support" / "s3_server.py"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = json.loads(self.process.stdout.readline())
        self.endpoint = said["endpoint"]
        self.production = (said["key"], said["secret"])
        self.reader = (said["reader_key"], said["reader_secret"])

    def env(self, user):
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": user[0],
                "AWS_SECRET_ACCESS_KEY": user[1]}

    def client(self):
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1",
                            aws_access_key_id=self.production[0], aws_secret_access_key=self.production[1])

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Store:
    """files() is every object of the store, by its key."""

    env = {}

    def index(self):
        return json.loads(self.files()["index.json"])

    def generations(self):
        """Ids of which at least one object is in the store."""
        return sorted({key.split("/")[1] for key in self.files() if key.startswith("generations/")})


class FolderStore(Store):
    def __init__(self, folder, url=None):
        self.folder = Path(folder)
        self.url = url or str(folder)

    def files(self):
        return {str(p.relative_to(self.folder)): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}

    def damage(self, key, data):
        (self.folder / key).write_bytes(data)


class S3Store(Store):
    def __init__(self, server, prefix):
        self.server, self.prefix = server, prefix
        self.url = f"s3://acme/{prefix}"
        self.env = server.env(server.production)

    def files(self):
        client = self.server.client()
        found = {}
        for page in client.get_paginator("list_objects_v2").paginate(Bucket="acme", Prefix=self.prefix + "/"):
            for entry in page.get("Contents", ()):
                body = client.get_object(Bucket="acme", Key=entry["Key"])["Body"].read()
                found[entry["Key"][len(self.prefix) + 1:]] = body
        return found

    def damage(self, key, data):
        self.server.client().put_object(Bucket="acme", Key=f"{self.prefix}/{key}", Body=data)


class GitStore(Store):
    url = "git:refs/cloneci/state"

    def __init__(self, repository):
        self.repository = repository

    def _git(self, *args, **more):
        return subprocess.run(["git", "-C", self.repository, *args], check=True, capture_output=True, **more).stdout

    def files(self):
        found = {}
        for line in self._git("ls-tree", "-r", "refs/cloneci/state").decode().splitlines():
            facts, key = re.fullmatch(r"(\S+ \S+ \S+)\t(.*)", line).groups()
            found[key] = self._git("cat-file", "blob", facts.split()[2])
        return found

    def damage(self, key, data):
        blob = self._git("hash-object", "-w", "--stdin", input=data).decode().strip()
        index = {**os.environ, "GIT_INDEX_FILE": str(self.repository / ".git" / "damage")}
        self._git("read-tree", "refs/cloneci/state", env=index)
        self._git("update-index", "--add", "--cacheinfo", f"100644,{blob},{key}", env=index)
        tree = self._git("write-tree", env=index).decode().strip()
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        commit = self._git(*who, "commit-tree", "-m", "damage", tree).decode().strip()
        self._git("update-ref", "refs/cloneci/state", commit)

