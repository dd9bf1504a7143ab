# SPDX-License-Identifier: Apache-2.0
"""How far single tokens are from those of many steps, at the same conditions: no prefix, no error before it and no
classifier stands between an arm and this measure, so it tells arms apart that images do not."""
import dataclasses

import numpy

import arms
import measures

SEED = 3000  # of prefixes and noise; not those of the images, nor of the calibration


@dataclasses.dataclass(frozen=True)
class Size:
    """How much is drawn."""
    images: int = 20
    draws: int = 256
    reference_steps: int = 200


def comparable(arm):
    """Whether an arm's tokens depend on its solver and steps alone, and its AR steps are those of the others."""
    return (arm.ar_steps, arm.cache, arm.clip, arm.guidance_scale) == (arms.QUARTER, "none", 950, 1.0)


def request(tables, solvers):
    """What token_errors is asked, of {arm: steps of each AR step} and {arm: solver}: each pair of solver and steps once."""
    at = {}
    for name, table in tables.items():
        for ar_step, steps in enumerate(table):
            at.setdefault((solvers[name], steps), set()).add(ar_step)
    return {"ar_steps": arms.QUARTER, "clip": 950,
            "settings": [{"solver": solver, "steps": steps, "at": sorted(found)}
                         for (solver, steps), found in sorted(at.items())]}


class TokenDistances:
    """Energy distances, of each comparable arm, to DDPM in Size.reference_steps."""

    def __init__(self, run, size):
        self.size = size
        of = {name: arm for name, arm in run.plan.arms.items() if comparable(arm)}
        self.tables = {name: run.programs.table(arm.ar_steps, arm.annealing, arm.steps, clip=999)[0]
                       for name, arm in of.items()}
        self.solvers = {name: arm.solver for name, arm in of.items()}
        prefixes = run.folder / f"prefixes_{size.images}.safetensors"
        if not prefixes.is_file():
            part = prefixes.with_suffix(".part")
            run.programs.dump(part, images=size.images, seed=SEED, ar_steps=arms.ALL, steps=100, guidance="none")
            part.rename(prefixes)
        self.found = run.programs.token_errors(
            run.folder / f"token_errors_{size.images}_{size.draws}.json", request(self.tables, self.solvers),
            prefixes=prefixes, seed=SEED + 1, **dataclasses.asdict(size))
        self.weights = numpy.array(self.found["ar_tokens"]) / sum(self.found["ar_tokens"])
        self.energy = {(s["solver"], s["steps"], at): numpy.array(of_images)
                       for s in self.found["settings"] for at, of_images in zip(s["at"], s["energy"])}

    def of(self, name):
        """An arm's mean over tokens, for each image of the prefixes."""
        solver = self.solvers[name]
        return sum(w * self.energy[solver, steps, at]
                   for at, (w, steps) in enumerate(zip(self.weights, self.tables[name])))

    def floor(self):
        """The same of other draws of the reference itself; 0 but for chance."""
        return self.weights @ numpy.array(self.found["floor"])

    @staticmethod
    def interval(values):
        """Of the mean over images, which are resampled."""
        counts = measures.resamples(numpy.zeros(len(values)), 2000, 1)
        return measures.interval(counts @ values / len(values))

    def rows(self, baseline, cost):
        """Lines of a table: an arm, its evaluations a token by cost(name), its distance, and what that is beside an
        arm's, in thousandths."""
        def said(values):
            return measures.signed(1000 * values.mean(), [1000 * x for x in self.interval(values)], 2)

        beside = self.of(baseline)
        for name in sorted(self.tables, key=lambda n: self.of(n).mean()):
            values = self.of(name)
            yield f"| {name} | {cost(name):.1f} | {said(values)} | {said(values - beside)} |"
