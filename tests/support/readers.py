"""Readers that loop while production is promoted and rolled back, and what they saw: mixed, empty, stale, errors, waits for locks."""

import contextlib
import threading
import time

import psycopg2

WIDE = ("SELECT (SELECT min(gen) FROM prod.orders), (SELECT max(gen) FROM prod.customers), (SELECT max(gen) FROM prod.totals),"
        " (SELECT max(gen) FROM prod.top), (SELECT count(*) FROM prod.orders)")


class Readers:
    """`history` holds the contents in the order in which they go live; a read may show what was live at some moment of it. `far`: on a
    standby, which may lag behind, and whose replay may cancel a read."""

    def __init__(self, live, kinds, far=False):
        self.far, self.cancelled = far, 0
        self.live, self.history, self.begun, self.done = live, [0], 0, 0
        self.reads = self.mixed = self.empty = self.stale = 0
        self.errors, self.worst = [], 0.0
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.loop, args=(getattr(self, kind),), daemon=True) for kind in kinds]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for t in self.threads:
            t.join()

    def goes_live(self, content, action):
        self.history.append(content)
        self.begun += 1
        done = action()
        self.done += 1
        self.go_on(len(self.threads))
        return done

    @contextlib.contextmanager
    def between(self, contents):
        """While this is open, one of `contents` may go live, or none; afterwards what is live is read from a table."""
        self.history += contents
        self.begun = len(self.history) - 1
        yield
        self.history.append(self.live.value("SELECT min(gen) FROM prod.orders", "postgres"))
        self.begun = self.done = len(self.history) - 1
        self.go_on(len(self.threads))

    def go_on(self, reads):
        """So many more reads are made."""
        until = self.reads + reads
        while self.reads < until and not self.errors:
            time.sleep(0.005)

    def longest(self):
        """The longest read, in milliseconds, since this was asked last: all of a transaction, with what the machine made it wait."""
        with self.lock:
            worst, self.worst = self.worst * 1000, 0.0
        return worst

    def loop(self, read):
        connection = self.live.connect()
        connection.autocommit = read in (self.single, self.prepared, self.view)
        cursor = connection.cursor()
        if read == self.prepared:
            cursor.execute("PREPARE wide AS " + WIDE)
        while not self.stopping.is_set():
            first, begun = self.done, time.monotonic()
            try:
                seen = read(cursor)
                connection.rollback()
            except psycopg2.Error as e:
                connection.rollback()
                if self.far and e.pgcode in ("40001", "40P01"):
                    self.cancelled += 1
                    continue
                with self.lock:
                    self.errors.append(f"{read.__name__}: {e}")
                continue
            took = time.monotonic() - begun
            allowed = self.history[first:self.begun + 1]
            with self.lock:
                self.reads += 1
                self.worst = max(self.worst, took)
                self.empty += any(g is None for g in seen)
                self.mixed += len(set(seen)) > 1
                self.stale += not self.far and any(g not in allowed for g in seen if g is not None)
        connection.close()

    @staticmethod
    def wide(cursor):
        *gens, count = cursor.fetchone()
        return gens if count == 200 else [*gens, None]

    def single(self, cursor):
        cursor.execute(WIDE)
        return self.wide(cursor)

    def prepared(self, cursor):
        cursor.execute("EXECUTE wide")
        return self.wide(cursor)

    def view(self, cursor):
        cursor.execute("SELECT min(a), max(a), min(b), max(b) FROM bi.report")
        return list(cursor.fetchone())

    def committed(self, cursor):
        """READ COMMITTED: statement after statement."""
        seen = []
        for relation in ("orders", "customers", "totals", "top"):
            cursor.execute(f"SELECT max(gen) FROM prod.{relation}")
            seen.append(cursor.fetchone()[0])
        return seen

    def repeatable(self, cursor):
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return self.committed(cursor)

    def verdict(self):
        return {"reads": self.reads, "mixed": self.mixed, "empty": self.empty, "stale": self.stale, "errors": len(self.errors)}


class LockWaits:
    """How long readers are made to wait for a lock, as the server knows it, looked at every EVERY seconds."""

    EVERY = 0.004
    ASK = ("SELECT (extract(epoch FROM clock_timestamp() - l.waitstart) * 1000)::float, l.pid, l.waitstart FROM pg_locks AS l"
           " WHERE NOT l.granted AND l.mode = 'AccessShareLock' AND l.waitstart IS NOT NULL")

    def __init__(self, live):
        self.connection = live.connect("postgres")
        self.waits, self.stopping = {}, threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        self.connection.close()

    def look(self):
        cursor = self.connection.cursor()
        while not self.stopping.wait(self.EVERY):
            cursor.execute(self.ASK)
            self.waits.update({(pid, since): ms for ms, pid, since in cursor})

    def longest(self):
        return max(self.waits.values(), default=0.0)
