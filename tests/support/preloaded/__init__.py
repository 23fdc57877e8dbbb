"""dbt's own program costs two seconds of processor time before it begins. This one has begun: see server.py and dbt.c."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Dbt:
    """`program` is a dbt for whoever does not look at its process; stop() ends what is left of it."""

    def __init__(self, real, project):
        """`real` is the program whose dbt it is, in a virtual environment; `project` is one to begin with, to parse."""
        self.folder = Path(tempfile.mkdtemp(prefix="cloneci-dbt-"))
        self.program = self.folder / "bin" / "dbt"
        self.program.parent.mkdir()
        # cloneci looks for dbt's own macros beside the program
        (self.folder / "lib").symlink_to(real.parents[1] / "lib")
        subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-o", self.program, HERE / "dbt.c"],
                       check=True)
        # who connects waits until dbt is imported
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.folder / "socket"))
            listener.listen(64)
            self.server = subprocess.Popen([real.parent / "python", HERE / "server.py", str(listener.fileno()), self.folder, project],
                                           cwd="/", env={**os.environ, "SPOKE_HOST": "/nowhere"}, stdin=subprocess.PIPE,
                                           start_new_session=True, pass_fds=[listener.fileno()])

    def stop(self):
        self.server.communicate()
        shutil.rmtree(self.folder)
