#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""prompts_to_ids.py with a small tokenizer made here; and, whether or not the library is there, what it refuses.

usage: prompts_to_ids_test.py ROOT
"""
import json
import pathlib
import subprocess
import sys
import tempfile

SCRIPT = pathlib.Path(sys.argv[1]) / "examples/harmon/prompts_to_ids.py"
SKIPPED = 77


def run(*arguments, before=""):
    """The script; before: a folder whose modules come first."""
    command = [sys.executable, "-B", str(SCRIPT), *map(str, arguments)]
    environment = {"PYTHONPATH": str(before)} if before else None
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def check_refused(result, part):
    assert result.returncode == 2, result
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1, result.stderr
    assert part in result.stderr, result.stderr


def check_without_library(folder):
    """It says what is missing, and how else ids come in."""
    absent = folder / "absent"
    absent.mkdir()
    (absent / "tokenizers.py").write_text("raise ImportError('not here')\n")
    out = folder / "o.jsonl"
    result = run("--prompt", "a", "--tokenizer", folder / "t.json", "--out", out, before=absent)
    check_refused(result, "requirements-prompts.txt")
    assert not out.exists()
    # what needs no tokenizer is checked first
    check_refused(run("--tokenizer", "t.json", "--out", out, before=absent), "PROMPTS")
    for name, text, part in (("e.txt", "\n \n", "none"), ("b.jsonl", '{"prompt": 1}\n', "line 1"),
                             ("j.jsonl", '{"prompt": "a"}\n{', "line 2"), ("n.jsonl", "[]", "line 1")):
        (folder / name).write_text(text)
        check_refused(run(folder / name, "--tokenizer", "t.json", "--out", out, before=absent), part)
    check_refused(run(folder / "nowhere.txt", "--tokenizer", "t.json", "--out", out, before=absent), "nowhere.txt")


def make_tokenizer(path, marks):
    """A token for each byte, and the marks."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(marks)
    tokenizer.enable_padding(length=100)  # the script has its own mind
    tokenizer.save(str(path))
    return tokenizer


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def check_ids(folder):
    marks = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
    file, out = folder / "tokenizer.json", folder / "ids.jsonl"
    tokenizer = make_tokenizer(file, marks)
    start, end, pad = (tokenizer.token_to_id(mark) for mark in marks)

    def text(ids):
        return tokenizer.decode(ids, skip_special_tokens=False)

    (folder / "p.jsonl").write_text('{"prompt": " a caf\\u00e9 ", "tag": "x"}\n\n{"prompt": "two {cats}"}\n')
    result = run(folder / "p.jsonl", "--prompt", "c", "--tokenizer", file, "--out", out)
    assert result.returncode == 0 and "3 prompts" in result.stdout, result
    first, second, third = read(out)
    assert text(first["ids"]) == "<|im_start|>user\nGenerate an image: a café<|im_end|>\n<|im_start|>assistant\n"
    assert text(second["ids"]) == "<|im_start|>user\nGenerate an image: two {cats}<|im_end|>\n<|im_start|>assistant\n"
    nothing = "<|im_start|>user\nGenerate an image.<|im_end|>\n<|im_start|>assistant\n"
    assert text(first["unconditional_ids"]) == text(third["unconditional_ids"]) == nothing
    assert first["ids"][0] == start and first["ids"].count(start) == 2 and first["ids"].count(end) == 1
    assert first["tag"] == "x" and first["prompt"] == " a café " and "attention_mask" not in first

    (folder / "p.txt").write_text(" a café\ntwo {cats}\n\nc\n", encoding="utf-8")
    assert run(folder / "p.txt", "--tokenizer", file, "--out", out, "--pad").returncode == 0
    for line, plain in zip(read(out), (first, second, third)):
        for ids, mask in (("ids", "attention_mask"), ("unconditional_ids", "unconditional_attention_mask")):
            valid = len(plain[ids])
            assert line[ids][:valid] == plain[ids] and set(line[ids][valid:]) <= {pad}, (line, plain)
            assert line[mask] == [1] * valid + [0] * (len(line[ids]) - valid)
            assert len(line[ids]) == max(len(one["ids"]) for one in (first, second, third))

    make_tokenizer(folder / "plain.json", ["<|im_start|>"])
    check_refused(run("--prompt", "a", "--tokenizer", folder / "plain.json", "--out", out), "<|im_end|>")
    (folder / "broken.json").write_text("{}")
    check_refused(run("--prompt", "a", "--tokenizer", folder / "broken.json", "--out", out), "tokenizer.json")
    check_refused(run("--prompt", "a", "--tokenizer", folder / "nowhere.json", "--out", out), "nowhere.json")
    check_refused(run("--prompt", "a", "--tokenizer", file, "--out", folder / "none" / "o.jsonl"), "o.jsonl")
    assert not list(folder.glob("*.partial"))


def main():
    with tempfile.TemporaryDirectory() as name:
        check_without_library(pathlib.Path(name))
        try:
            import tokenizers  # noqa: F401
        except ImportError:
            print("no library tokenizers: only the refusals were checked")
            return SKIPPED
        check_ids(pathlib.Path(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
