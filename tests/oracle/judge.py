"""The answer of a pull request's run against what production then did.

yes       wrong if production's run fails, if an object that hung there is gone and no line names it, if rows that the answer spoke for
          differ, or if production keeps rows that the changed code would not make and no line says so
yes_then  the same, after the commands that it names
no        wrong if production's run passes
else      undecided

What production's next run does without the change as well, to nodes that the pull request's run did not build, is not held against it.
"""

import collections
import dataclasses
import re
import shlex


RELATIONS = ("table", "partitioned table", "view", "materialized view", "sequence")


@dataclasses.dataclass
class Judged:
    answer: str
    word: str  # right, undecided, wrong
    kind: str = ""  # of what is wrong
    detail: str = ""


def judge(play):
    if play.report is None or play.code == 70 or play.code >= 128 or "Sanitizer" in play.log:
        return Judged("none", "wrong", "crash", f"exit {play.code}: {play.log[-1500:]}")
    answer = play.report["advice"]["merge"]
    if answer in ("partly", "unknown"):
        return Judged(answer, "undecided")
    wrong = _wrong_no(play) if answer == "no" else _wrong_yes(play, answer)
    return Judged(answer, "wrong" if wrong else "right", *(wrong or ()))


def _nodes(play):
    return {n["unique_id"]: n for n in play.report["nodes"]}


def _said(play):
    """Every word of the report's lines."""
    advice = play.report["advice"]
    lines = [line for part in ("because", "not_tested", "after_merge", "not_compared", "next") for line in advice[part]]
    texts = [f"{x.get('name')} {x.get('text')} {x.get('command')}" for x in lines] + [f["text"] or "" for f in play.report["facts"]]
    return set(re.findall(r"\w+", " ".join([*texts, *(w["text"] for w in play.report["warnings"])])))


def _wrong_no(play):
    if not play.after.passed:
        return None
    causes = [f for f in play.report["facts"] if f["status"] == "fails" and f["effect"] == "merge"]
    if causes and all(f["aspect"] == "existing_rows" for f in causes) and _old_rows(play, set()):
        return None  # it said that rows would differ, and they do
    return "no, and production passes", "; ".join(f"{f['aspect']} of {f['subject']}: {f['text']}" for f in causes)


def _wrong_yes(play, answer):
    after = play.after
    if answer == "yes_then":
        after = _do_what_it_says(play)
    for question in (_fails, _gone, _rows):
        wrong = question(play, after)
        if wrong:
            return wrong
    named = {line.get("unique_id") for part in ("not_tested", "after_merge", "not_compared") for line in play.report["advice"][part]}
    old = _old_rows(play, named)
    return old and ("yes, and production keeps old rows", old)


def _do_what_it_says(play):
    """The commands, then production's run once more."""
    for step in play.report["advice"]["after_merge"]:
        words = shlex.split(step.get("command") or "")
        if words[:1] == ["dbt"]:
            play.produce("after", *words[2:], command=words[1])
    return play.produce("after")


# --- what production did ---

def _selected(play):
    return set(_nodes(play))


def _base(play):
    """Production's next run without the change, and what is gone then; once."""
    if not hasattr(play, "base"):
        play.base = play.produce_base()
        play.base_gone = set(play.by_hand) - play.objects("_base")
    return play.base


def _fails(play, after):
    if after.passed:
        return None
    failed = dict(after.failed) or {"run": after.log[-600:]}
    for uid in set(failed) - _selected(play) - {"run"}:
        if uid in _base(play).failed:
            del failed[uid]
    return failed and ("yes, and production's run fails", "; ".join(f"{uid}: {text[:300]}" for uid, text in failed.items()))


def _model_ids(play, name):
    """Of a model of the base; it may have another name by now."""
    names = (name,) if name in play.head.models else (name, f"{name}_new")
    return {uid for uid in _selected(play) if uid.split(".")[-1] in names}


def _gone(play, after):
    """The rows of a decoration's own tables are no objects; the objects are."""
    gone = set(play.by_hand) - play.objects("_after")
    said = _said(play)
    relations = {place for kind, place, _ in gone if kind in RELATIONS}
    # what belongs to a relation that is gone is said with it
    gone = {g for g in gone if g[2] not in said and (g[0] in RELATIONS or g[1] not in relations)}
    elsewhere = {g for g in gone if not _model_ids(play, play.by_hand[g][1])}
    if elsewhere:
        _base(play)
        gone -= elsewhere & play.base_gone
    return gone and ("yes, and what hung there is gone", "; ".join(f"{kind} {name} ({place})" for kind, place, name in sorted(gone)))


def _columns(play, uid):
    """Those that dbt fills and that mean the same in every run."""
    name = uid.split(".")[-1]
    models = [m for project in (play.case.base(), play.head) for m in project.models.values() if m.name == name]
    return {c for m in models for c in m.columns} - {"by_hook"}


def _rows(play, after):
    asked = {line.get("unique_id") for line in play.report["advice"]["after_merge"]}
    for uid, node in _nodes(play).items():
        place = after.places.get(uid)
        if not place or uid in asked or node["verdict"] not in ("ok", "new") or not node["relation"]:
            continue
        if not play.stateless(uid):
            continue  # production's rows of today are not those that it will read then
        # the pull request's schema may be followed by the custom one
        schema, name = [part.strip('"') for part in node["relation"].split(".")][-2:]
        here = play.relation(schema, name, "", _columns(play, uid))
        there = play.relation(*place, "after", _columns(play, uid))
        wrong = _differ(here, there, bool(node["clone"]) and node["clone"]["strategy"] != "copy")
        if wrong:
            return "yes, and rows differ", f"{uid}: {wrong}"
    return None


def _differ(here, there, part):
    """part: what is here is part of what is there."""
    if here is None or there is None:
        return None if here == there else f"stands {'there' if here is None else 'here'} only"
    if here[0] != there[0]:
        return f"columns {here[0]} here, {there[0]} in production"
    more = collections.Counter(here[1]) - collections.Counter(there[1])
    less = collections.Counter() if part else collections.Counter(there[1]) - collections.Counter(here[1])
    if more or less:
        return f"{sum(more.values())} rows here only, {sum(less.values())} in production only: {list(more)[:2]} {list(less)[:2]}"
    return None


def _old_rows(play, named):
    """An incremental model that keeps rows which its code would not make, though without the change it would not."""
    nodes = _nodes(play)
    asked = [uid for uid, n in nodes.items() if n["materialized"] == "incremental" and n["candidate"] and not n["new"]
             and uid not in named and uid in play.after.places]
    if not asked or not play.after.passed:
        return None
    whole = play.produce_whole()
    stale = {uid: wrong for uid in asked if uid in whole.places and uid not in whole.failed
             and (wrong := _differ(play.relation(*play.after.places[uid], "after", _columns(play, uid)),
                                   play.relation(*whole.places[uid], "whole", _columns(play, uid)), False))}
    if stale:
        base, base_whole = _base(play), play.produce_base("--full-refresh", end="base_whole")
        stale = {uid: wrong for uid, wrong in stale.items() if uid in base.places and uid in base_whole.places and not _differ(
            play.relation(*base.places[uid], "base", _columns(play, uid)),
            play.relation(*base_whole.places[uid], "base_whole", _columns(play, uid)), False)}
    return "; ".join(f"{uid}: {wrong}" for uid, wrong in stale.items()) or None
