"""Cases that always run, in `make test`: at least one for each aspect of the verdict (docs/report.md). Each says what production
does with it, so that a case that no longer asks what it was made for is noticed, and which answers are fair."""

import dataclasses

from case import Case
from project import make_model


@dataclasses.dataclass
class Fixed:
    aspect: str
    case: Case
    passes: bool  # production's run
    answers: tuple  # that are fair


def incremental(name="m1", reads="orders", how="merge", **config):
    model = make_model(name, "incremental", reads, how)
    model.config.update(config)
    return model


def fixed(aspect, models, change, passes, answers, hung=(), flags=()):
    name = "-".join([change[0], *(d[0] for d in hung), *flags])
    return Fixed(aspect, Case(name, models, change, list(hung), list(flags)), passes, tuple(answers.split()))


def calling(macro):
    model = incremental()
    model.columns["amount"] = "{{ %s('amount') }}" % macro
    return model


ALL = [
    # a plain change of each kind
    fixed("built", [incremental()], ("column_value", "m1", 2), False, "no"),  # divides by zero
    fixed("incremental", [incremental()], ("incremental_filter", "m1", 1), True, "yes yes_then partly"),
    fixed("rows", [incremental()], ("incremental_filter", "m1", 3), True, "partly"),
    fixed("columns", [incremental(on_schema_change="fail")], ("column_more", "m1", 0), False, "no"),
    # what dbt reads, wherever it lies
    fixed("inputs", [calling("shared.net")], ("macro_outside", "m1", 2), False, "no"),
    # what differs by target
    fixed("inputs", [incremental()], ("code_by_target", "m1", 0), False, "partly unknown no"),
    # what the clone lacks
    fixed("parts", [incremental()], ("comment", "m1"), False, "no partly unknown", [("foreign_key_out", "m1", 0, 0)]),
    fixed("parts", [incremental()], ("comment", "m1"), False, "no partly unknown", [("trigger_refuses", "m1", 0, 0)]),
    # what hangs on production's table
    fixed("dependants", [incremental()], ("materialization", "m1", 1), True, "yes_then partly", [("view_on_view", "m1")]),
    # rows from before
    fixed("existing_rows", [make_model("m1", "view", "orders"), incremental("m2", "m1")], ("upstream_value", "m1"), True,
          "yes_then partly"),
    # what stands where it will be
    fixed("relation", [incremental()], ("alias", "m1"), False, "no partly unknown", [("stands_at_new_name", "m1", 0, 0)]),
    # what only CI lacks
    fixed("cause", [incremental()], ("unreadable_source", "m1"), True, "unknown partly"),
    fixed("selection", [incremental(), make_model("m2", "table", "m1")], ("column_value", "m1", 2), False, "partly unknown",
          flags=["exclude_one"]),
]
