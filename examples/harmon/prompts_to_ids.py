#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns prompts into the token ids that the program harmon reads, with the model's own tokenizer.

usage: prompts_to_ids.py --tokenizer tokenizer.json --out FILE.jsonl [--pad] PROMPTS | --prompt TEXT ...

PROMPTS is a text file with a prompt in each line, or with an object {"prompt": ...} in each line (.jsonl); what else an
object has is kept. TOKENIZER is the file of that name of the language model: Qwen2.5-0.5B-Instruct or -1.5B-Instruct.
Needs the library `tokenizers` (pip install -r tools/requirements-prompts.txt).

The text is the one that Harmon was trained with, as its data set class has it: the instruction "Generate an image: "
and the prompt, without spaces around it, as one turn of the user in Qwen2's chat format and without a system turn. The
unconditional branch has the instruction "Generate an image." alone. A line written has "prompt", "ids" and
"unconditional_ids"; with --pad, all ids are filled up on the right to the longest, and "attention_mask" and
"unconditional_attention_mask" tell which count.
"""
import argparse
import json
import os
import pathlib
import sys
import tempfile

TURN = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
CONDITIONAL = "Generate an image: {}"
UNCONDITIONAL = "Generate an image."
MARKS = ("<|im_start|>", "<|im_end|>")
PAD = "<|endoftext|>"


class Refused(Exception):
    """Bad input; the message says where, what was expected and what was found."""


def chat(prompt=None):
    """The whole text of a prompt, or of none."""
    return TURN.format(UNCONDITIONAL if prompt is None else CONDITIONAL.format(prompt.strip()))


def read_lines(path):
    """The objects of a file of prompts, each with "prompt"."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Refused(f"{path}: expected a file of prompts, found {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: expected UTF-8, found byte {error.object[error.start]} at {error.start}") from None
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if path.suffix != ".jsonl":
            found.append({"prompt": line.strip()})
            continue
        try:
            one = json.loads(line)
        except ValueError as error:
            raise Refused(f"{path}, line {number}: expected JSON, found {error}") from None
        if not isinstance(one, dict) or not isinstance(one.get("prompt"), str):
            raise Refused(f'{path}, line {number}: expected an object with a text "prompt", found {line.strip()[:60]}')
        found.append(one)
    if not found:
        raise Refused(f"{path}: expected a line for each prompt, found none")
    return found


def open_tokenizer(path):
    """The tokenizer, checked to know the chat format's marks."""
    try:
        import tokenizers
    except ImportError:
        raise Refused("tokenizers: expected this library (pip install -r tools/requirements-prompts.txt), found none. "
                      "Ids made elsewhere can be given to harmon by --ids or in its --prompts file.") from None
    if not path.is_file():
        raise Refused(f"{path}: expected a tokenizer.json, found no such file")
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises no type of its own
        raise Refused(f"{path}: expected a tokenizer.json, found {str(error)[:120]}") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    for mark in MARKS:
        if tokenizer.token_to_id(mark) is None or len(tokenizer.encode(mark).ids) != 1:
            raise Refused(f"{path}: expected a tokenizer with the chat mark {mark} as a token, found none")
    return tokenizer


def padded(rows, pad):
    """The rows filled up on the right, and their masks."""
    longest = max(len(row) for row in rows)
    return ([row + [pad] * (longest - len(row)) for row in rows],
            [[1] * len(row) + [0] * (longest - len(row)) for row in rows])


def with_ids(lines, tokenizer, pad):
    """The objects with their ids."""
    rows = [tokenizer.encode(chat(line["prompt"])).ids for line in lines]
    rows.append(tokenizer.encode(chat()).ids)
    if not pad:
        return [line | {"ids": row, "unconditional_ids": rows[-1]} for line, row in zip(lines, rows)]
    filler = tokenizer.token_to_id(PAD)
    rows, masks = padded(rows, tokenizer.token_to_id(MARKS[1]) if filler is None else filler)
    return [line | {"ids": row, "attention_mask": mask, "unconditional_ids": rows[-1],
                    "unconditional_attention_mask": masks[-1]} for line, row, mask in zip(lines, rows, masks)]


def write(path, lines):
    """Writes all of the file or nothing."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=path.name, suffix=".partial",
                                         delete=False) as file:
            temporary = file.name
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.remove(temporary)
        raise Refused(f"{path}: expected a file that can be written, found {error.strerror}") from None


def main():
    parser = argparse.ArgumentParser(description="Turns prompts into token ids for the program harmon.")
    parser.add_argument("prompts", nargs="?", type=pathlib.Path, metavar="PROMPTS",
                        help="a prompt in each line, or (.jsonl) an object with \"prompt\" in each line")
    parser.add_argument("--prompt", action="append", default=[], metavar="TEXT", help="a prompt; may be given again")
    parser.add_argument("--tokenizer", required=True, type=pathlib.Path, metavar="FILE", help="tokenizer.json")
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="FILE", help="the file to write, JSON lines")
    parser.add_argument("--pad", action="store_true", help="fill all ids up on the right to the longest")
    given = parser.parse_args()
    try:
        lines = (read_lines(given.prompts) if given.prompts else []) + [{"prompt": text} for text in given.prompt]
        if not lines:
            raise Refused("PROMPTS: expected a file of prompts, or --prompt, found none")
        write(given.out, with_ids(lines, open_tokenizer(given.tokenizer), given.pad))
    except Refused as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 2
    print(f"wrote {given.out}: {len(lines)} prompts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
