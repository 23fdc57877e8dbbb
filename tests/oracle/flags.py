"""How the pull request's job calls cloneci. A flag is a function: of a Model (the changed one) it returns words and environment."""

ALL = {}


def flag(function):
    ALL[function.__name__] = function
    return function


@flag
def both(model):
    return ["--both"], {}


@flag
def lazy(model):
    return ["--strategy", "lazy"], {}


@flag
def shape(model):
    return ["--strategy", "shape"], {}


@flag
def view(model):
    return ["--strategy", "view"], {}


@flag
def flatten(model):
    return ["--partitions", "flatten"], {}


@flag
def forecast(model):
    return ["--forecast"], {}


@flag
def compare_production(model):
    return ["--compare-production", "full"], {}


@flag
def scope_pr(model):
    return ["--scope", "pr"], {}


@flag
def full_refresh(model):
    return ["--full-refresh"], {}


@flag
def full_refresh_in_environment(model):
    return [], {"DBT_FULL_REFRESH": "1"}


@flag
def empty_in_environment(model):
    return [], {"DBT_EMPTY": "1"}


@flag
def select_one(model):
    return ["--select", model.name], {}


@flag
def exclude_one(model):
    return ["--exclude", model.name], {}


@flag
def typo(model):
    return ["--select", model.name + "x"], {}


@flag
def fail_fast(model):
    return ["--fail-fast"], {}


@flag
def other_factor(model):
    """The environment of CI is not production's."""
    return [], {"ORACLE_FACTOR": "3"}
