# SPDX-License-Identifier: Apache-2.0
"""Runs every command line of the README.

usage: commands.py README BUILD_FOLDER MESON... -- COMPILER...
       commands.py README --as-written [COMMAND ...]

Commands are the lines of its indented blocks and of ```sh blocks, and what begins with ./dev or g++ inside a sentence. The
```meson block is made the build file of an empty project, with the README's first program in it.

With --as-written each, or each COMMAND, is run as it stands there, one after the other, in a copy of the checkout that has
nothing but its sources: minutes. Without, programs of build/demo are taken from BUILD_FOLDER, where the same sources are
built, and SHORTCUTS are taken. What is never run as it stands is in EXCEPTIONS, with the reason; a command that is in no way
known is an error.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

# An indented block that is no command begins with one of these words.
TABLES = {"ordering"}
# command: what is run in its place in the build folder (nothing: what is said of it is checked instead), and why
EXCEPTIONS = {
    "./dev test": (None, "is what runs this test; .ci/run has to call it"),
    "./dev quality": (None, "draws for hours; tests/examples/quality run its parts"),
    "build/demo/examples/profile/profile --plot profile": (
        "build/demo/examples/profile/profile --plot profile --own-prefixes --ar-steps 4 --images 1 --draws 2 --error-images 1"
        " --error-draws 2 --pairs 8 --measured-steps 2 --error-steps 2 --reference-steps 4",
        "measures for minutes, from images that CI lacks; a few draws"),
}
SHORTCUTS = {
    "g++ -std=c++20 -O2 -I include examples/01_hello/main.cpp -pthread -o hello && ./hello":
        (None, "tests/readme/run.py compiles and runs the README's programs"),
    "./dev demo": ("build/demo/examples/demo/demo --images 1", "builds the demo for minutes; one image"),
    "./dev examples": (None, "builds again what is built; the programs that it names have to be there"),
    "./dev docs": (None, "is the test `docs`, which runs tools/docs.py; ./dev has to call that"),
}
PROJECT = "project('app', 'cpp', default_options: ['cpp_std=c++20'])\n"


def parts(text):
    """(indented blocks, fenced blocks by language, what is left: sentences)."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    rest = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    indented = re.findall(r"(?:^    .*\n)+", rest, re.M)
    return indented, fenced, re.sub(r"^    .*\n", "", rest, flags=re.M)


def commands(text):
    """Each command line of the README, once, in its order, without its comment."""
    indented, fenced, sentences = parts(text)
    blocks = [block for block in indented if block.split()[0] not in TABLES]
    blocks += [block for language, block in fenced if language in ("sh", "bash", "console", "")]
    lines = [re.sub(r"(^|\s+)#\s.*$", "", line.strip()) for block in blocks for line in block.splitlines()]
    lines += [" ".join(line.split()) for line in re.findall(r"`((?:\./dev|g\+\+) [^`]*)`", sentences)]
    return list(dict.fromkeys(filter(None, lines)))


def copy_sources(root, folder):
    """What of a checkout is not built: all that git knows of or would add."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root,
                            capture_output=True, text=True)
    names = [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]
    if listed.returncode or not names:  # an unpacked archive
        shutil.copytree(root, folder, ignore=shutil.ignore_patterns("build", ".venv", ".git", "__pycache__"))
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, folder / name)


class Checks:
    """Runs things in a folder of its own and counts what is not as the README says."""

    def __init__(self, readme, build, folder):
        """build is where programs of build/demo are; nothing: folder is a copy, where they are built as the README says."""
        self.root, self.build, self.folder = readme.parent, build, folder
        self.as_written = build is None
        self.failed = 0

    def fail(self, message):
        print(message)
        self.failed += 1

    def run(self, words, **more):
        """The output of a command, or None if it fails."""
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, **more)
        if done.returncode:
            self.fail(f"{shlex.join(map(str, words))} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
            return None
        return done.stdout

    def program(self, name):
        """A program of the README in this configuration's folder."""
        path = self.build / name
        if not path.is_file():
            self.fail(f"the README runs {name}: expected it in {self.build}, found none")
            return None
        return path

    def command(self, line):
        """Runs one line, or what stands for it, and looks for the files that its options name."""
        if line not in (EXCEPTIONS | SHORTCUTS) and not line.startswith("build/demo/"):
            self.fail(f"expected a program of build/demo or a command of EXCEPTIONS in {__file__}, found: {line}")
            return None
        if line.startswith("./dev "):
            self.dev(line.split()[1])
        others = EXCEPTIONS if self.as_written else EXCEPTIONS | SHORTCUTS
        instead, _ = others.get(line, (line, None))
        if instead is None:
            return None
        # without --as-written it is run in a folder without models
        if line.startswith("g++ "):
            return self.run(["bash", "-c", line])
        words = [str(self.root / word) if word.startswith("models/") and not self.as_written else word
                 for word in shlex.split(instead)]
        if "--plot" in words and not shutil.which("gnuplot"):
            at = words.index("--plot")
            del words[at:at + 2]
        if not self.as_written:
            words[0] = self.program(words[0].removeprefix("build/demo/"))
        said = self.run(words) if words[0] else None
        if said is not None and "--help" not in words:
            written = [self.folder / words[i + 1] for i, word in enumerate(words) if word == "--out"]
            if "--plot" in words:
                written += [self.folder / (words[words.index("--plot") + 1] + ending) for ending in (".svg", ".png")]
            for path in written:
                if not path.is_file() or not path.stat().st_size:
                    self.fail(f"{line}: expected that it writes {path.name}, found none")
        return said

    def dev(self, name):
        """What is said of a command of ./dev that is not run."""
        usage = self.run(["bash", self.root / "dev", "help"]) or ""
        if not re.search(rf"^  {re.escape(name)}\b", usage, re.M):
            self.fail(f"./dev {name}: expected it in ./dev help, found none")
        script = (self.root / "dev").read_text()
        body = re.search(rf"^  {re.escape(name)}\)\n(.*?)^    ;;$", script, re.M | re.S)
        body = body.group(1) if body else ""
        expected = {"demo": "build/demo/examples/demo/demo", "docs": "tools/docs.py", "examples": "build_examples",
                    "quality": "examples/quality/quality.py"}
        if expected.get(name, "") not in body:
            self.fail(f"./dev {name}: expected {expected[name]} in the script, found:\n{body}")
        if name == "test" and "./dev test" not in (self.root / ".ci" / "run").read_text():
            self.fail(".ci/run: expected ./dev test, found none")

    def demo_table(self, text, said):
        """The evaluations that the README's table states are those that the demo prints."""
        stated = re.findall(r"^\|[^|]*\| (\d+) \([\d.]+x\) \| (\d+) \([\d.]+x\) \|", text, re.M)
        if len(stated) < 2:
            self.fail(f"expected the demo's table in the README, found {len(stated)} rows")
        for row in stated:
            if not re.search(rf"\b{row[0]}\b.*\b{row[1]}\b", said):
                self.fail(f"expected {row[0]} and {row[1]} evaluations, as the README says, from the demo, found\n{said}")

    def options(self, text):
        """Options that sentences name are options of the program before them, else of one of the programs."""
        programs = {pathlib.PurePath(name).name: name for name in re.findall(r"build/demo/(\S+)", text)}
        helps = {name: self.run([program, "--help"]) or "" for name, path in programs.items()
                 if (program := self.program(path))}
        for span in re.findall(r"`([^`\n]+)`", parts(text)[2]):
            words = span.split()
            for option in re.findall(r"(?<!\S)--[\w-]+", span):
                wanted = [words[0]] if words[0] in helps else list(helps)
                if not any(re.search(rf"{option}\b(?!-)", helps[name]) for name in wanted):
                    self.fail(f"`{span}`: expected an option of {' or '.join(wanted)}, found {option}")
            for option in re.findall(r"^-D(\w+)", span):
                if f"option('{option}'" not in (self.root / "meson.options").read_text():
                    self.fail(f"`{span}`: expected a name of meson.options, found {option}")

    def vendored(self, text, meson, compiler):
        """The ```meson block in an empty project, with this checkout as its subproject."""
        fenced = parts(text)[1]
        snippet = next((block for language, block in fenced if language == "meson"), None)
        program = next((block for language, block in fenced if language == "cpp"), None)
        if not snippet or not program:
            return self.fail("expected a ```meson block and a program in the README, found none")
        source, build = self.folder / "app", self.folder / "app_build"
        (source / "subprojects").mkdir(parents=True)
        (source / "meson.build").write_text(PROJECT + snippet)
        (source / "app.cpp").write_text(program)
        copy_sources(self.root, source / "subprojects" / "ardent")
        environment = {name: value for name, value in os.environ.items() if not name.endswith("FLAGS")}
        environment["CXX"] = shlex.join(compiler)
        for words in ([*meson, "setup", build, source, "--force-fallback-for=ardent"],
                      [*meson, "compile", "-C", build], [build / "app"]):
            if self.run(words, env=environment) is None:
                return None


def main():
    readme = pathlib.Path(sys.argv[1]).resolve()
    as_written = sys.argv[2] == "--as-written"
    only = sys.argv[3:] if as_written else []
    text = readme.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        if as_written:
            copy_sources(readme.parent, pathlib.Path(folder))
            checks = Checks(readme, None, pathlib.Path(folder))
        else:
            checks = Checks(readme, pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(folder))
        lines = commands(text)
        for line in set(only) - set(lines):
            checks.fail(f"expected the command {line!r} in the README, found none")
        for line in only or lines:
            said = checks.command(line)
            if line == "./dev demo" and said:
                checks.demo_table(text, said)
        for line in (EXCEPTIONS | SHORTCUTS).keys() - set(lines):
            checks.fail(f"expected the exception {line!r} in the README, found none: remove it from {__file__}")
        if not as_written:
            split = sys.argv.index("--")
            checks.options(text)
            checks.vendored(text, sys.argv[3:split], sys.argv[split + 1:])
    print(f"{len(only or lines)} commands of the README, {checks.failed} not as it says")
    sys.exit(1 if checks.failed or not lines else 0)


if __name__ == "__main__":
    main()
