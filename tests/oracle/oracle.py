#!/usr/bin/env python3
"""Pull requests at random, and what production then does with the same commit: is the answer of `cloneci run` right?

    oracle.py [-n N] [--seed SEED] [--case NUMBER] [--change NAME] [--decoration NAME]

Prints a table of changes and decorations, and each wrong answer, shrunk; its project stays in build/oracle/wrong/SEED-NUMBER.
Ends with 1 if an answer was wrong.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import itertools
import shutil
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import judge  # noqa: E402
import world as worlds  # noqa: E402
from world import spoke  # noqa: E402

SHRINK = 30  # smaller cases that are tried at most


@dataclasses.dataclass
class Outcome:
    case: cases.Case
    judged: judge.Judged | None
    refused: str = ""  # why the case asks nothing


def warm_up(world, stage):
    """What dbt parses of its own macros once, for the cases that a stage plays."""
    folder = world.folder / "run" / f"warm_{stage}"
    play = worlds.Play(world, cases.first(), stage)
    try:
        play.play().keep_warm(folder)
    finally:
        play.clear()
    return folder


def ask(world, case, stage, keep=None):
    """Plays a case and judges the answer. keep: a folder for all that is needed to look at it."""
    play = worlds.Play(world, case, stage, world.folder / "run" / f"warm_{stage}")
    try:
        outcome = Outcome(case, judge.judge(play.play()))
        if keep:
            kept(play, outcome, keep)
        return outcome
    except worlds.NoCase as no:
        return Outcome(case, None, str(no))
    finally:
        play.clear()
        shutil.rmtree(play.folder, ignore_errors=True)


def kept(play, outcome, keep):
    shutil.rmtree(keep, ignore_errors=True)
    shutil.copytree(play.folder, keep, symlinks=True)
    (keep / "decorations.sql").write_text("\n".join(play.sql) + "\n")
    (keep / "production.log").write_text(play.after.log if play.after else "")
    (keep / "cloneci.log").write_text(f"{play.argv}\n\n{play.log}")
    (keep / "case.txt").write_text(f"{outcome.case}\n{outcome.judged}\n")


def shrink(world, outcome, stage):
    """The smallest case that is wrong in the same way."""
    tried = 0
    found = True
    while found and tried < SHRINK:
        found = False
        for candidate in cases.smaller(outcome.case):
            tried += 1
            now = ask(world, candidate, stage)
            if now.judged and now.judged.word == "wrong" and now.judged.kind == outcome.judged.kind:
                outcome, found = now, True
                break
            if tried >= SHRINK:
                break
    return outcome


class Tally:
    """What came of the cases, by change and decoration."""

    def __init__(self):
        self.outcomes = []

    def count(self, of):
        """name -> [right, undecided, wrong]"""
        table = collections.defaultdict(lambda: [0, 0, 0])
        for o in self.outcomes:
            for name in of(o.case):
                table[name][("right", "undecided", "wrong").index(o.judged.word)] += 1
        return table

    def print(self):
        pairs = self.count(lambda c: [(c.change[0], d[0]) for d in c.decorations] or [(c.change[0], "nothing")])
        print("\nchange                     right undecided wrong   by what hangs there (right/undecided/wrong)")
        for change, sums in sorted(self.count(lambda c: [c.change[0]]).items()):
            hung = ", ".join(f"{d} {'/'.join(map(str, n))}" for (c, d), n in sorted(pairs.items()) if c == change)
            print(f"{change:26} {sums[0]:5} {sums[1]:9} {sums[2]:5}   {hung}")
        for title, of in (("what hangs there", lambda c: [d[0] for d in c.decorations] or ["nothing"]),
                          ("flag", lambda c: c.flags or ["none"])):
            print(f"\n{title:26} right undecided wrong")
            for name, sums in sorted(self.count(of).items()):
                print(f"{name:26} {sums[0]:5} {sums[1]:9} {sums[2]:5}")
        answers = collections.Counter((o.judged.answer, o.judged.word) for o in self.outcomes)
        print("\n" + ", ".join(f"{answer} {word}: {n}" for (answer, word), n in sorted(answers.items())))
        of = collections.Counter(o.judged.word for o in self.outcomes)
        total = max(1, len(self.outcomes))
        print(f"{len(self.outcomes)} cases: {of['right']} right, {of['undecided']} undecided, {of['wrong']} wrong; "
              f"decided {100 * (total - of['undecided']) / total:.0f} %")


def work(world, stage, numbers, draw, options, tally):
    """One worker: takes the next number until there is none."""
    warm_up(world, stage)
    for number in numbers:
        case = draw(number)
        begin = time.monotonic()
        try:
            outcome = ask(world, case, stage)
        except Exception:
            print(f"{case}\n{traceback.format_exc()}", flush=True)
            raise
        if not outcome.judged:
            print(f"{case.name} asks nothing: {outcome.refused[-300:]!r}" if options.verbose else f"{case.name} asks nothing", flush=True)
            continue
        tally.outcomes.append(outcome)
        print(f"{case.name} {outcome.judged.answer}: {outcome.judged.word}  {time.monotonic() - begin:.1f} s  "
              f"{case.change[0]}; {', '.join(d[0] for d in case.decorations) or 'nothing'}; {' '.join(case.flags)}", flush=True)
        if outcome.judged.word == "wrong":
            small = outcome if options.no_shrink else shrink(world, outcome, stage)
            keep = world.folder / "wrong" / case.name
            again = ask(world, small.case, stage, keep)
            print(f"WRONG {small.case}\n      {small.judged.kind}: {small.judged.detail[:1200]}\n"
                  f"      seen with: make oracle SEED={options.seed} CASE={number}; its project: {keep}"
                  f"{'' if again.judged == small.judged else ' (not the same when it was repeated)'}", flush=True)
        elif options.keep:
            ask(world, case, stage, world.folder / "kept" / case.name)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-n", type=int, default=20, help="cases (default: 20)")
    p.add_argument("--seed", default="1", help="default: 1")
    p.add_argument("--case", type=int, help="this number alone")
    p.add_argument("--first", type=int, default=1, help="the first number (default: 1)")
    p.add_argument("--change", help="in every case")
    p.add_argument("--decoration", help="in every case")
    p.add_argument("--jobs", type=int, default=2, help="workers (default: 2)")
    p.add_argument("--no-shrink", action="store_true")
    p.add_argument("--keep", action="store_true", help="keep the projects of right answers too, in build/oracle/kept")
    p.add_argument("--verbose", action="store_true")
    p.add_argument("--folder", type=Path, default=spoke.TOP / "build" / "oracle")
    options = p.parse_args()
    world = worlds.World(options.folder, spoke.program())
    tally = Tally()
    numbers = [options.case] if options.case else range(options.first, options.first + options.n)
    shared = _shared(numbers)

    def draw(number):
        return cases.draw(options.seed, number, world.begin, options.change, options.decoration)

    try:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for done in [pool.submit(work, world, str(i), shared, draw, options, tally) for i in range(min(options.jobs, len(numbers)))]:
                done.result()
    finally:
        world.stop()
    tally.print()
    return any(o.judged.word == "wrong" for o in tally.outcomes)


def _shared(numbers):
    """Given to several threads; a count of itertools is safe to share."""
    counter = itertools.count()
    return iter(lambda: (i := next(counter)) < len(numbers) and numbers[i], False)


if __name__ == "__main__":
    sys.exit(main())
