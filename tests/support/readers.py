"""Readers that loop while production is promoted and rolled back, and what they saw: mixed, empty, stale, errors, waits."""

import threading
import time

import psycopg2

WIDE = ("SELECT (SELECT min(gen) FROM prod.orders), (SELECT max(gen) FROM prod.customers), (SELECT max(gen) FROM prod.totals),"
        " (SELECT max(gen) FROM prod.top), (SELECT count(*) FROM prod.orders)")


class Readers:
    """`history` holds the contents in the order in which they go live; a read may show what was live at some moment of it."""

    def __init__(self, live, kinds):
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
        return done

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
                self.stale += any(g not in allowed for g in seen if g is not None)
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
