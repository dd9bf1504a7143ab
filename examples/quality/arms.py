# SPDX-License-Identifier: Apache-2.0
"""What is compared with what: arms, and what was expected of them before they were drawn."""
import dataclasses

import budgets

ALL, QUARTER = 49, 12  # AR steps of the shipped model's 49 tokens
UPPER, LOWER = 50, 5  # DiSA's annealing of MAR, arXiv 2505.20297
BASELINE = "A"


@dataclasses.dataclass(frozen=True)
class Arm:
    """A way to draw. Labels, orders and starting noise are the same in all."""
    name: str
    ar_steps: int
    steps: str  # as mar has it
    annealing: str = ""
    solver: str = "ddpm"
    cache: str = "none"
    clip: int = 950
    guidance_scale: float = 1.0
    head: str = "float32"  # how its weights are kept
    primary: bool = False

    def options(self):
        """As mar has them."""
        named = {"ar_steps": self.ar_steps, "steps": self.steps, "clip": self.clip, "solver": self.solver}
        if self.annealing:
            named["annealing"] = self.annealing
        if self.cache != "none":
            named["cache"] = self.cache
        if self.head != "float32":
            named["head"] = self.head
        if self.guidance_scale == 1:
            return named | {"guidance": "none"}
        return named | {"guidance": "linear", "guidance_scale": self.guidance_scale}


# (what is said, better arm, other arm, expected sign of the difference of Frechet distances). Written before any image
# of this comparison was drawn.
HYPOTHESES = [
    (f"{n} AR steps: {said}", f"{n} {first}", f"{n} {second}", sign)
    for n in (ALL, QUARTER)
    for said, first, second, sign in (
        ("linear 50 -> 5 is better than constant at equal evaluations", "linear", "constant", -1),
        ("mirrored 5 -> 50 is worse than constant at equal evaluations", "mirrored", "constant", +1),
        ("the calibrated annealing is better than linear", "calibrated", "linear", -1))
]

# Arms that the screening's images suggested as the fastest that are as good as A. They are judged by further images, which
# had no part in choosing them.
CHOSEN = ("6 constant 50", "6 constant 30", "12 constant, budget 30", "6 constant 40", "6 constant 50, bf16 head",
          "6 constant 40, bf16 head")


def text(table):
    """As mar --steps has it."""
    return ",".join(map(str, table))


class Plan:
    """The arms, by table of the report."""

    def __init__(self, programs, calibrated, only_primary=False, only=()):
        """calibrated(ar_steps, count): the calibrated table for the cost of linear 50 -> 5. only: names of arms, all that
        there are beside A then."""
        self.programs, self.only_primary, self.only = programs, only_primary, only
        self.arms = {}
        self.tables = {}
        for n in (ALL, QUARTER):
            self.primary(n, calibrated)
        if not only_primary:
            self.others(calibrated)
        if only:
            self.keep_only(only)

    def keep_only(self, only):
        """Drops all but these arms and A, which are primary then."""
        unknown = [name for name in only if name not in self.arms]
        if unknown:
            raise SystemExit(f"quality.py: expected names of arms, found {unknown[0]!r}; there are: {'; '.join(self.arms)}")
        self.arms = {name: dataclasses.replace(self.arms[name], primary=True) for name in (BASELINE, *only)}
        self.tables = {"judged": list(self.arms)}

    def others(self, calibrated):
        """All that is not primary."""
        self.equal_steps(calibrated)
        self.add("constants", *(Arm(f"{QUARTER} constant {k}", QUARTER, str(k)) for k in (50, 28, 20, 10, 5)))
        self.shapes()
        self.smaller_budgets()
        self.add("solvers", *(Arm(f"{QUARTER} {solver} {steps.replace(':', ' -> ')}", QUARTER, steps, solver=solver)
                              for solver in ("ddpm", "ddim", "dpm-solver++2m")
                              for steps in ("200", "50", "20", "10", "5", "50:5", "20:5", "10:5")
                              if (solver, steps) not in (("ddpm", s) for s in ("50", "20", "10", "5", "50:5"))))
        self.add("AR steps", *(Arm(f"{n} {steps.replace(':', ' -> ')}", n, steps)
                               for n in (24, 8, 6, 4) for steps in ("100", "50:5")),
                 *(Arm(f"{n} constant {k}", n, str(k)) for n in (8, 6, 4) for k in (50, 30, 24)))
        self.add("narrow head", Arm("6 constant 40", 6, "40"),
                 *(Arm(f"6 constant {k}, bf16 head", 6, str(k), head="bf16") for k in (50, 40)))
        self.add("caches", *(Arm(f"{n} {steps.replace(':', ' -> ')} {cache}", n, steps, cache=cache)
                             for n, steps, cache in ((ALL, "100", "tokens"), (ALL, "100", "tokens,head"),
                                                     (ALL, "50:5", "tokens"), (QUARTER, "50:5", "tokens"))))
        self.add("guidance 2", *(Arm(f"{n} {said}, guidance 2", n, steps, guidance_scale=2.0)
                                 for n, said, steps in ((ALL, "constant 100", "100"), (QUARTER, "constant 100", "100"),
                                                        (QUARTER, "constant", self.arms[f"{QUARTER} constant"].steps),
                                                        (QUARTER, "linear", f"{UPPER}:{LOWER}"))))
        self.add("no clip", *(Arm(f"{QUARTER} {steps.replace(':', ' -> ')}, no clip", QUARTER, steps, clip=999)
                              for steps in ("100", "50", "20", "50:5")))

    def add(self, table, *arms):
        for arm in arms:
            assert arm.name not in self.arms, arm.name
            self.arms[arm.name] = dataclasses.replace(arm, primary=arm.primary or arm.name in CHOSEN)
            self.tables.setdefault(table, []).append(arm.name)

    def asked(self, ar_steps, annealing, steps):
        """A table as it is asked for: without a clip every step that is asked for is visited."""
        return self.programs.table(ar_steps, annealing, steps, clip=999)

    def linear(self, ar_steps):
        """(table, AR steps' tokens)."""
        return self.asked(ar_steps, "linear", f"{UPPER}:{LOWER}")

    def mirrored(self, ar_steps, count, target):
        """5 -> U at this cost."""
        linear, ar_tokens = self.linear(ar_steps)
        if count == "steps":
            return linear[::-1]
        tables = {u: self.asked(ar_steps, "linear", f"{u}:{LOWER}")[0][::-1] for u in range(LOWER + 5, UPPER + 1)}
        return tables[budgets.nearest(tables, target, ar_tokens, count)]

    def primary(self, n, calibrated):
        linear, ar_tokens = self.linear(n)
        target = budgets.cost(linear, ar_tokens, "tokens")
        self.add("primary",
                 Arm(BASELINE if n == ALL else f"{n} constant 100", n, "100", primary=True),
                 Arm(f"{n} constant", n, text(budgets.even(target, ar_tokens, "tokens")), primary=True),
                 Arm(f"{n} linear", n, f"{UPPER}:{LOWER}", primary=True),
                 Arm(f"{n} mirrored", n, text(self.mirrored(n, "tokens", target)), primary=True),
                 Arm(f"{n} calibrated", n, text(calibrated(n, "tokens")), primary=True))

    def equal_steps(self, calibrated):
        linear, ar_tokens = self.linear(QUARTER)
        target = budgets.cost(linear, ar_tokens, "steps")
        self.add("equal steps",
                 Arm(f"{QUARTER} constant, equal steps", QUARTER, text(budgets.even(target, ar_tokens, "steps"))),
                 Arm(f"{QUARTER} mirrored, equal steps", QUARTER, text(self.mirrored(QUARTER, "steps", target))),
                 Arm(f"{QUARTER} calibrated, equal steps", QUARTER, text(calibrated(QUARTER, "steps"))))

    def upper(self, shape, target):
        """The U of shape U -> 5 at this cost per token."""
        tables, ar_tokens = {}, None
        low, high = LOWER, 100
        while high - low > 3:  # the cost rises with U
            middle = (low + high) // 2
            tables[middle], ar_tokens = self.asked(QUARTER, shape, f"{middle}:{LOWER}")
            if budgets.cost(tables[middle], ar_tokens, "tokens") < target:
                low = middle
            else:
                high = middle
        for u in range(low, high + 1):
            tables[u], ar_tokens = self.asked(QUARTER, shape, f"{u}:{LOWER}")
        return budgets.nearest(tables, target, ar_tokens, "tokens")

    def shapes(self):
        linear, ar_tokens = self.linear(QUARTER)
        target = budgets.cost(linear, ar_tokens, "tokens")
        for shape in ("cosine", "two-stage"):
            u = self.upper(shape, target)
            self.add("shapes", Arm(f"{QUARTER} {shape} {u} -> {LOWER}", QUARTER, f"{u}:{LOWER}", annealing=shape))

    def smaller_budgets(self):
        _, ar_tokens = self.linear(QUARTER)
        for target in (10, 20, 30):
            u = self.upper("linear", target)
            self.add("budgets",
                     Arm(f"{QUARTER} linear {u} -> {LOWER}, budget {target}", QUARTER, f"{u}:{LOWER}"),
                     Arm(f"{QUARTER} constant, budget {target}", QUARTER,
                         text(budgets.even(target, ar_tokens, "tokens"))))
