#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`./dev gpu` with stand-ins for the card, the programs and PyTorch: in what order its stages run and for how long, what
it must not lack in the end, and the document that it writes.

usage: run_test.py ROOT
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

NVIDIA_SMI = "#!/bin/sh\necho 'Stand-in, 9.0, 580.1, 80 MiB, 1980 MHz, 700 W'\n"
NVCC = "#!/bin/sh\necho 'release 13.0, V13.0.88'\n"
PROGRAM = """#!/bin/sh
case "$(basename $0)" in
limits_bench) echo '{"kind": "limit", "name": "copy", "value": 3e12, "unit": "B/s"}' ;;
products_bench) echo '{"kind": "limit", "name": "bf16 product", "value": 8e14, "unit": "FLOP/s"}' ;;
head_b_bench) echo '{"kind": "head", "code": "ardent", "model": "MAR-B", "format": "bf16", "regime": "resident",' \\
  '"chosen": true, "images": 1, "seconds": 5e-5, "repeats": 9}' ;;
esac
"""
# In the place of published_bench.py: `LACKS` names a code that it does not come to.
PUBLISHED = """
import json, os, sys
if sys.argv[1] == "agree":
    sys.exit(0)
print(json.dumps({"kind": "told", "seconds": float(sys.argv[sys.argv.index("--seconds") + 1])}))
for model in ("MAR-B", "MAR-L", "MAR-H"):
    for code in ("eager", "fp16 autocast", "torch.compile", "CUDA graph", "compiled CUDA graph"):
        for images in (1, 256):
            line = {"kind": "head", "code": code, "model": model, "images": images, "seconds": 1e-3, "repeats": 3}
            if os.environ.get("LACKS") == code:
                line = {"kind": "left out", "code": code, "model": model, "images": images, "why": os.environ["WHY"]}
            print(json.dumps(line))
"""


def stand_ins(root, folder):
    """A tree that has what ./dev gpu itself is, and the rest as stand-ins."""
    for part in ("tools/gpu", "benchmarks/gpu", "tests/gpu"):
        shutil.copytree(root / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "benchmarks/gpu/published_bench.py").write_text(PUBLISHED)
    (folder / "docs/benchmarks").mkdir(parents=True)
    (folder / "modules/torch").mkdir(parents=True)
    extension = folder / "tests/examples/torch/ardent_torch_cuda_test.py"
    extension.parent.mkdir(parents=True)
    extension.write_text("import os\nassert os.path.isfile(os.environ['CUDA_HOME'] + '/bin/nvcc')\n")
    (folder / "modules/torch/__init__.py").touch()
    sources = [*folder.glob("tests/gpu/*.cu"), *folder.glob("benchmarks/gpu/*.cu")]
    programs = {"bin/nvidia-smi": NVIDIA_SMI, "bin/nvcc": NVCC, "bin/compute-sanitizer": "#!/bin/sh\n",
                **{f"built/{path.stem}": PROGRAM for path in sources}}
    for name, text in programs.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


def run(folder, *words, **environment):
    """(exit status, what it said, its lines of results)."""
    done = subprocess.run(
        [sys.executable, folder / "tools/gpu", "--built", "--out", folder / "built", *words],
        capture_output=True, text=True,
        env={**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "PYTHONPATH": f"{folder}/modules",
             "PYTHONDONTWRITEBYTECODE": "1", **environment})
    lines = [json.loads(line) for line in (folder / "built/results.jsonl").read_text().splitlines()]
    return done.returncode, done.stdout + done.stderr, lines


def check_plan(root, expect):
    """Whatever the stages before it take, the comparison has the least that it needs, and no stage passes the end."""
    sys.path.insert(0, os.fspath(root / "tools/gpu"))
    from plan import Plan
    for seconds in (300, 400, 560):
        for greed in (0.0, 0.5, 1.0):
            now = [0.0]
            plan = Plan(seconds, lambda: now[0])
            stages = {"tests": (120, 45), "heads": (200, 70), "comparison": (280, 150), "sanitizer": (75, 25)}
            for name, (wanted, least) in stages.items():
                plan.add(name, wanted, least)
            expect(plan.least() == 290, f"290 s at least, found {plan.least()}")
            for name, (wanted, least) in stages.items():
                budget = plan.budget(name)
                expect(least <= budget <= wanted, f"{name} of {seconds} s: {least} to {wanted} s, found {budget}")
                now[0] += greed * budget
            expect(now[0] <= seconds, f"no more than {seconds} s, found {now[0]}")
    now[0] = 0
    plan = Plan(200, lambda: now[0])  # too few
    plan.add("tests", 120, 45)
    plan.add("comparison", 280, 170)
    expect(plan.budget("tests") == 45, f"the least, found {plan.budget('tests')}")
    now[0] = 190
    expect(plan.budget("comparison") == 10, f"what is left, found {plan.budget('comparison')}")
    now[0] = 210
    expect(plan.budget("comparison") == 0, f"nothing, found {plan.budget('comparison')}")


def check_runs(root, folder, expect):
    stand_ins(root, folder)
    status, said, lines = run(folder)
    expect(status == 0, f"success, found {status}: {said}")
    kinds = [line.get("tool") or line["kind"] for line in lines]
    order = [kinds.index(kind) for kind in ("run", "test", "limit", "comparison", "told", "memcheck", "synccheck",
                                            "PyTorch's extension")]
    expect(order == sorted(order), f"the comparison before the sanitizers, the extension last, found {kinds}")
    told = next(line["seconds"] for line in lines if line["kind"] == "told")
    expect(240 <= told <= 250, f"280 s for the comparison less what starting takes, found {told}")
    text = (folder / "docs/benchmarks/gpu-stand-in.md").read_text()
    expect("Left undone" not in text and "| 1 | 50.0 (bf16, resident) | 1000 (20.0x) |" in text, f"times, found {text}")

    status, said, _ = run(folder, LACKS="torch.compile", WHY="the time was up")
    words = "no time for PyTorch's torch.compile with MAR-L at 1 and 256 images"
    text = (folder / "docs/benchmarks/gpu-stand-in.md").read_text()
    expect(status == 1 and f"MISSING: {words}" in said and f"Left undone: {words}." in text,
           f"'{words}', found {status}, {said}, {text}")
    status, said, _ = run(folder, LACKS="torch.compile", WHY="RuntimeError: no compiler")
    expect(status == 0 and "MISSING" not in said, f"its own failure is an excuse, found {said}")

    (folder / "built/products_bench").write_text("#!/bin/sh\nexit 1\n")
    status, said, _ = run(folder)
    expect(status == 1 and "MISSING: the rate of a bfloat16 matrix product" in said, f"no rate, found {said}")
    status, said, lines = run(folder, "--only", "torch")
    expect(status == 0 and lines[1]["name"] == "ardent_torch" and len(lines) == 2, f"the extension alone, found {said}")
    status, said, _ = run(folder, "--only", "torch", "--seconds", "100")
    expect(status == 1 and "skipped, the time was up" in said, f"no time for the extension, found {said}")
    status, said, _ = run(folder, "--seconds", "100")
    expect("build first" in said, f"too few seconds, found {said}")


def main():
    failures = []

    def expect(fine, text):
        if not fine:
            failures.append(text)

    root = pathlib.Path(sys.argv[1]).resolve()
    check_plan(root, expect)
    with tempfile.TemporaryDirectory() as folder:
        check_runs(root, pathlib.Path(folder), expect)
    for text in failures:
        print(f"expected {text}")
    print(f"{'failed' if failures else 'passed'}: ./dev gpu's order and time")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
