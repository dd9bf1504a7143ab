# SPDX-License-Identifier: Apache-2.0
"""Tables, in Markdown, and plots of what a run has drawn."""
import pathlib
import time

import numpy

import arms
import plots
import programs
import results
import times
import token_distances
from measures import signed

ARM = ("| arm | images | evaluations a token | steps over the AR loop | Frechet distance | less A's (95 %) "
       "| not worse than A | KID x 1000, less A's (95 %) | per class | accuracy | less A's (95 %) |\n"
       "|---|---|---|---|---|---|---|---|---|---|---|")
HYPOTHESIS = "| expected | difference of Frechet distances (95 %) | |\n|---|---|---|"
FLOOR = "| real images | Frechet distance | standard deviation | sets |\n|---|---|---|---|"
TOKENS = ("| arm | evaluations a token | energy distance x 1000 (95 %) | less constant's at linear's cost (95 %) |\n"
          "|---|---|---|---|")
TIMES = ("| arm | evaluations | AR steps | ms an image | head | backbone | of the head's time | times as fast "
         "| Amdahl's bound | reached |\n|---|---|---|---|---|---|---|---|---|---|")
NOT_MEASURED = """Not measured: speculative decoding and the shortcut head, since no draft model and no head with step sizes
was trained with this model."""


class Report:
    """Sections of the page."""

    def __init__(self, run):
        self.run = run
        self.results = results.Results(run)

    def arm(self, name, first=0):
        """A line of ARM."""
        print(f"looking at {name}", flush=True)
        beside = self.results.beside(name, first=first)
        evaluations, steps = self.run.cost(name)
        return (f"| {name} | {beside.images} | {evaluations:.1f} | {steps} | {beside.frechet:.2f} "
                f"| {signed(beside.change, beside.around, 2)} "
                f"| {'yes' if beside.passes else 'no'} (margin {beside.margin:.2f}) "
                f"| {signed(beside.kid, beside.kid_around, 2)} | {beside.per_class:.1f} "
                f"| {beside.accuracy:.3f} | {signed(beside.accuracy_change, beside.accuracy_around, 3)} |")

    def hypotheses(self):
        """What was expected, and what was found."""
        for said, first, second, sign in arms.HYPOTHESES:
            found = self.results.beside(first, second)
            below, above = found.around[1] < 0, found.around[0] > 0
            held, against = (below, above) if sign < 0 else (above, below)
            verdict = "holds" if held else "the opposite holds" if against else "not decided"
            yield f"| {said} | {signed(found.change, found.around, 2)} | {verdict} |"

    def floors(self):
        for images in sorted({self.run.screen, self.run.primary}):
            found = self.results.floors(images)
            yield f"| {images} | {numpy.mean(found):.2f} | {numpy.std(found, ddof=1):.2f} | {len(found)} |"

    def images(self):
        """All that is measured on images."""
        yield from ("", "## Real images", "", FLOOR, *self.floors(), "", "## What was expected", "", HYPOTHESIS,
                    *self.hypotheses())
        for table, names in self.run.plan.tables.items():
            yield from ("", f"## {table}", "", ARM, *map(self.arm, names))
        if arms.CHOSEN and not self.run.plan.only_primary:
            yield from ("", "## Chosen by the screening, on further images", "", ARM,
                        *(self.arm(name, self.run.screen) for name in arms.CHOSEN))

    def judged(self, chosen):
        """Arms that were named, beside A, and what they cost."""
        yield from ("", "## Judged", "", ARM, *map(self.arm, self.run.plan.arms))
        yield from self.times(times.Times(self.run, list(self.run.plan.arms), chosen.threads))

    def tokens(self, size):
        """What is measured on tokens."""
        print("token errors", flush=True)
        found = token_distances.TokenDistances(self.run, size)
        floor = 1000 * found.floor()
        yield from ("", "## Tokens at the same conditions", "",
                    f"Energy distance to DDPM in {size.reference_steps} steps, {size.draws} draws of each token after "
                    f"prefixes of {size.images} images; of other draws of the same "
                    f"{signed(floor.mean(), [1000 * x for x in found.interval(found.floor())], 2)}.", "", TOKENS,
                    *found.rows(f"{arms.QUARTER} constant", lambda name: self.run.cost(name)[0]))

    def fastest(self):
        """(the cheapest arm that is not worse than A, the cheapest constant that is not worse than linear)."""
        plain = [name for name, arm in self.run.plan.arms.items()
                 if (arm.clip, arm.guidance_scale, arm.head) == (950, 1.0, "float32")]
        constants = [name for name in plain if name.startswith(f"{arms.QUARTER} constant")]
        return (self.results.cheapest(plain, arms.BASELINE),
                self.results.cheapest(constants, f"{arms.QUARTER} linear"))

    def times(self, measured):
        """What arms cost, and what Amdahl's law allows."""
        yield from ("", "## Times", "", f"Medians of {measured.rounds} rounds in which all take turns; {measured.about}; "
                    "float32 but where a narrower head is said, no guidance. Evaluations are those a token for a "
                    "batch, the steps over the AR loop for one image.")
        for batch, found in measured.found.items():
            yield from ("", f"Batch {batch}, within {100 * max(times.spread(c) for c in found.values()):.0f} % at most "
                        "(half of what lies between the quartiles):", "", TIMES)
            base = times.median(found[arms.BASELINE])
            for name, costs in found.items():
                cost, arm = times.median(costs), name.removeprefix("PyTorch: ")
                tokens, steps = self.run.cost(arm)
                count, of = (steps, self.run.cost(arms.BASELINE)[1]) if batch == 1 else (tokens, self.run.cost(arms.BASELINE)[0])
                ar_steps = self.run.plan.arms[arm].ar_steps
                most = base.total / times.bound(base, count / of, ar_steps / arms.ALL)
                ratio = base.total / cost.total
                yield (f"| {name} | {count:.4g} | {ar_steps} | {1000 * cost.total:.4g} | {1000 * cost.head:.4g} "
                       f"| {1000 * cost.backbone:.4g} | 1/{base.head / cost.head:.3g} | {ratio:.3g} | {most:.3g} "
                       f"| {100 * ratio / most:.0f} % |")


def write(run, chosen):
    """The report as a file, and its plots beside it."""
    began = time.monotonic()
    report = Report(run)
    elsewhere = run.quick or run.plan.only_primary or run.plan.only or chosen.weights
    out = chosen.out or (run.folder / "report.md" if elsewhere else programs.ROOT / "docs" / "evidence_quality.md")
    model = pathlib.Path(chosen.weights or programs.shipped()[0]).stem
    images = "each arm" if run.plan.only else f"primary arms and {run.screen} of others"
    lines = [f"# Speed against quality on {model}", "",
             f"Written by `{chosen.command}`; model {run.programs.model_id()}, seeds from "
             f"{chosen.seed + run.store.first // run.part} on, {run.primary} images of {images}. Names of arms: AR steps, "
             "then denoising steps. Without a word on it: DDPM, clip at 950, no guidance, temperature 1. Evaluations are "
             "those that the clip leaves."]
    if run.plan.only:
        lines += report.judged(chosen)
    else:
        lines += report.images()
        if not run.plan.only_primary:
            lines += beyond_images(run, report, chosen, out)
    out.write_text("\n".join(lines) + "\n")
    print(f"wrote {out} in {time.monotonic() - began:.0f} s")
    return 0


def beyond_images(run, report, chosen, out):
    """Token errors, times and plots."""
    size = token_distances.Size(2, 16, 50) if run.quick else token_distances.Size()
    lines = list(report.tokens(size))
    fastest, constant = report.fastest()
    lines += ["", "## The fastest", "",
              f"Not worse than A, and the cheapest: {fastest}. Not worse than {arms.QUARTER} linear, and the cheapest "
              f"constant: {constant or 'none'}.", "", NOT_MEASURED]
    named = [arms.BASELINE, f"{arms.QUARTER} constant 100", f"{arms.QUARTER} linear", f"{arms.QUARTER} constant", constant,
             fastest, *(f"{fastest}, {head} head" for head in ("bf16",) if f"{fastest}, {head} head" in run.plan.arms)]
    measured = times.Times(run, list(dict.fromkeys(filter(None, named))), chosen.threads)
    lines += report.times(measured)
    return lines + plots.draw(run, report.results, measured, out)
