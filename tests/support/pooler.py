"""A real PgBouncer before a cluster, on a socket of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

SETTINGS = """
[databases]
* = host={server} port=5432
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {folder}
unix_socket_mode = 0777
auth_type = trust
auth_file = {folder}/users
logfile = {folder}/log
pidfile = {folder}/pid
pool_mode = {mode}
"""


class Pooler:
    PORT = 6432

    def __init__(self, cluster, mode, *users):
        self.socket = folder = Path(tempfile.mkdtemp(prefix="cloneci-pooler-"))
        (folder / "users").write_text("".join(f'"{u}" ""\n' for u in users))
        (folder / "settings.ini").write_text(SETTINGS.format(server=cluster.socket, folder=folder, mode=mode))
        more = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in [folder, *folder.iterdir()]:
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            more = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        self.process = subprocess.Popen([program, "-q", folder / "settings.ini"], cwd=folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
        while not (folder / f".s.PGSQL.{self.PORT}").exists():
            assert self.process.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.socket)
