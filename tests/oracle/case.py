"""A case: a project, what hangs on production's tables, a change, flags of the run. It is data: a smaller case is a copy that
lacks something. All that is random in a decoration or a change comes from the case's name and its own, so that it stays what it is
while the rest is taken away."""

import copy
import dataclasses
import random

import changes
import decorations
import flags
from project import Project, draw_models, make_model


class Dice(random.Random):
    """`chosen`: the first choices, by number; chance has the rest."""

    def __init__(self, seed, chosen=()):
        super().__init__(seed)
        self.chosen = list(chosen)

    def choice(self, options):
        return options[self.chosen.pop(0)] if self.chosen else super().choice(options)


@dataclasses.dataclass
class Case:
    name: str  # SEED-NUMBER
    models: list
    change: tuple  # name of the change, of the model; numbers of what it chooses, else by chance
    decorations: list = dataclasses.field(default_factory=list)  # tuples likewise
    flags: list = dataclasses.field(default_factory=list)
    begin: str = ""  # the day of the first rows

    def dice(self, name, model, *chosen):
        return Dice(f"{self.name}:{name}:{model}", chosen)

    def base(self):
        return Project(copy.deepcopy(self.models))

    def head(self):
        """The base with the change."""
        project = self.base()
        name, model = self.change[:2]
        changes.ALL[name][0](changes.Change(project, project.models[model], self.dice(*self.change), self.begin))
        return project

    def decorate(self):
        """Of each decoration: its name, its model's, its SQL."""
        models = {m.name: m for m in self.models}
        for name, model, *chosen in self.decorations:
            target = decorations.Target(models[model], self.dice(name, model, *chosen))
            yield name, model, decorations.ALL[name][0](target)

    def words(self):
        """Of its flags: arguments, environment."""
        model = next(m for m in self.models if m.name == self.change[1])
        words, env = [], {}
        for name in self.flags:
            more, values = flags.ALL[name](model)
            words += more
            env.update(values)
        return words, env

    def __str__(self):
        models = ", ".join(f"{m.name}:{m.kind}{'/' + m.strategy if m.strategy else ''}<{m.reads or '-'}" for m in self.models)
        hung = ", ".join(f"{d[0]} on {d[1]}" for d in self.decorations) or "nothing"
        return f"{self.name}: {self.change[0]} of {self.change[1]}; {hung}; {' '.join(self.flags) or 'no flag'}; {models}"


def draw(seed, number, begin, change=None, decoration=None):
    """The case of that number. A change or a decoration that is given is in it wherever the project allows."""
    name = f"{seed}-{number}"
    for attempt in range(1000):
        rng = random.Random(f"{name}:{attempt}" if attempt else name)
        models = draw_models(rng, begin)
        project = Project(models)
        hung = [(d, rng.choice(on)) for d in rng.sample(sorted(decorations.ALL), rng.choice([0, 1, 1, 1, 2, 2, 3]))
                if (on := decorated(models, d))]
        if decoration and (on := decorated(models, decoration)):
            hung = [(decoration, rng.choice(on)), *(h for h in hung if h[0] != decoration)]
        possible = [c for c in sorted(changes.ALL) if changes.applicable(project, c)]
        which = change or rng.choice(possible)
        if which not in possible or (decoration and not (hung and hung[0][0] == decoration)):
            continue
        # more often than not what hangs there hangs on what is changed
        on = changes.applicable(project, which)
        near = [m for _, m in hung if m in on]
        model = near[0] if near and rng.random() < 0.7 else rng.choice(on)
        chosen = [] if rng.random() < 0.5 else [rng.choice(sorted(flags.ALL))]
        return Case(name, models, (which, model), hung, chosen, begin)
    raise SystemExit(f"no project for change {change}, decoration {decoration}")


def first():
    """One that is played for what dbt parses in it."""
    return Case("first", [make_model("warm", "table", "orders")], ("column_value", "warm"))


def decorated(models, name):
    return [m.name for m in models if m.kind in decorations.ALL[name][1]]


def smaller(case):
    """Copies that lack one thing."""
    for i in range(len(case.decorations)):
        yield dataclasses.replace(case, decorations=case.decorations[:i] + case.decorations[i + 1:])
    for i in range(len(case.flags)):
        yield dataclasses.replace(case, flags=case.flags[:i] + case.flags[i + 1:])
    for m in case.models:
        if m.name == case.change[1] or any(other.reads == m.name for other in case.models):
            continue
        yield dataclasses.replace(case, models=[other for other in case.models if other is not m],
                                  decorations=[d for d in case.decorations if d[1] != m.name])
    for m in case.models:  # one that reads the source instead of a model
        if m.kind != "seed" and m.reads != "orders":
            models = copy.deepcopy(case.models)
            next(other for other in models if other.name == m.name).reads = "orders"
            yield dataclasses.replace(case, models=models)
    for m in case.models:
        if m.tests:
            models = copy.deepcopy(case.models)
            next(other for other in models if other.name == m.name).tests = {}
            yield dataclasses.replace(case, models=models)
