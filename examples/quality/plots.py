# SPDX-License-Identifier: Apache-2.0
"""Plots of a run: quality over cost, and where the time goes. Each is written as SVG and PNG."""
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plot  # noqa: E402  # after the choice of what draws

import arms  # noqa: E402
import times  # noqa: E402

FAMILIES = (("constant, DDPM", "ddpm", ("primary", "equal steps", "constants", "budgets"), "constant", "o"),
            ("annealed linearly, DDPM", "ddpm", ("primary", "budgets"), "linear", "s"),
            ("mirrored, DDPM", "ddpm", ("primary", "equal steps"), "mirrored", "v"),
            ("calibrated, DDPM", "ddpm", ("primary", "equal steps"), "calibrated", "D"),
            ("DDIM", "ddim", ("solvers",), "", "^"),
            ("DPM-Solver++ 2M", "dpm-solver++2m", ("solvers",), "", "P"))


def saved(figure, path):
    """Both files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(path.with_suffix(".png"), dpi=150)
    plot.close(figure)


def quality_over_cost(run, results, path):
    """Frechet distances less A's, with their intervals, over evaluations a token; arms of a quarter of the AR steps."""
    figure, axes = plot.subplots(figsize=(7.5, 4.5), layout="constrained")
    for said, solver, tables, word, marker in FAMILIES:
        names = [name for table in tables for name in run.plan.tables[table]
                 if word in name and run.plan.arms[name].ar_steps == arms.QUARTER
                 and run.plan.arms[name].solver == solver]
        names.sort(key=lambda name: run.cost(name)[0])
        if not names:
            continue
        cost = [run.cost(name)[0] for name in names]
        found = [results.beside(name) for name in names]
        change = [f.change for f in found]
        around = [[f.change - f.around[0] for f in found], [f.around[1] - f.change for f in found]]
        axes.errorbar(cost, change, around, marker=marker, capsize=3, linewidth=1, markersize=5, label=said)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xticks([5, 10, 20, 50, 100], ["5", "10", "20", "50", "100"])
    axes.set_yscale("symlog", linthresh=2)
    axes.set_yticks([-2, -1, 0, 1, 2, 5, 10, 20, 50], ["-2", "-1", "0", "1", "2", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_xlabel("network evaluations a token")
    axes.set_ylabel(f"Frechet distance less that of\n{arms.ALL} AR steps with 100 (95 %)")
    axes.set_title(f"{arms.QUARTER} AR steps: quality over cost")
    axes.legend(fontsize=8)
    saved(figure, path)


def time_shares(measured, path):
    """Bars of head and backbone, for each batch."""
    figure, many = plot.subplots(1, len(measured.found), figsize=(10, 3.6), layout="constrained")
    for axes, (batch, found) in zip(many, measured.found.items()):
        costs = {name: times.median(of) for name, of in found.items()}
        names = list(costs)[::-1]
        head = [1000 * costs[name].head for name in names]
        axes.barh(names, head, color="#c44e52", label="head")
        axes.barh(names, [1000 * costs[name].backbone for name in names], left=head, color="#4c72b0", label="backbone")
        axes.set_xlabel("milliseconds an image")
        axes.set_title("one image at a time" if batch == 1 else f"in batches of {batch}")
        axes.tick_params(labelsize=8)
        axes.legend(fontsize=8)
    saved(figure, path)


def draw(run, results, measured, out):
    """Lines that show the plots, which lie in images/ beside the report."""
    folder = pathlib.Path(out).parent / "images"
    quality_over_cost(run, results, folder / "quality_over_cost")
    time_shares(measured, folder / "quality_times")
    return ["", "## Plots", "",
            "![Frechet distance less A's over evaluations a token, one curve for each kind of arm]"
            "(images/quality_over_cost.svg)", "",
            "![Bars of the head's and the backbone's time of each arm](images/quality_times.svg)"]
