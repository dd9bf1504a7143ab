#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Converts a published checkpoint into what the example programs read: NAME.safetensors and NAME.json.

Needs PyTorch (`./dev bench` makes build/bench-venv, which has it). docs/checkpoints.md says which file of which system
to give it. Files of torch.save (.pth, .pt, .ckpt) are loaded in PyTorch's weights-only mode: nothing in them is run.
Everything is checked before anything is written, and both files are written whole or not at all.
"""
import argparse
import json
import mmap
import os
import pathlib
import pickle
import sys
import tempfile
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import checkpoint_tables  # noqa: E402
from checkpoint_shapes import Refused  # noqa: E402

FORMATS = ("same", "float32", "float16", "bfloat16")


def load_torch(path):
    """What torch.save wrote: tensors and plain values; MAR's training leaves its command line, a Namespace, too."""
    import torch

    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except (pickle.UnpicklingError, EOFError, RuntimeError, ValueError, KeyError) as error:
        raise Refused(f"{path}: expected tensors and plain values as torch.save writes them, found "
                      f"{str(error).splitlines()[0] if str(error) else type(error).__name__}") from error


def load_safetensors(path):
    """{name: tensor} of a safetensors file, left where they lie in it."""
    import torch

    kinds = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
             "I64": torch.int64, "I32": torch.int32}
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise Refused(f"{path}: expected a safetensors file, found a header of {length} bytes in {size}")
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise Refused(f"{path}: expected a safetensors file, found a header that is no JSON") from error
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))[8 + length:]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            begin, end = entry["data_offsets"]
            values = torch.frombuffer(data, dtype=torch.uint8, offset=begin, count=end - begin).clone()
            tensors[name] = values.view(kinds[entry["dtype"]]).reshape(entry["shape"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise Refused(f"{path}: expected tensor {name} to be numbers within the file, found {entry}") from error
    return tensors


def load(path):
    """What a checkpoint holds: a file of torch.save, a safetensors file, or the index of several."""
    try:
        if path.name.endswith(".index.json"):
            parts = sorted(set(json.loads(path.read_text())["weight_map"].values()))
            return {name: tensor for part in parts for name, tensor in load_safetensors(path.parent / part).items()}
        return load_safetensors(path) if path.suffix == ".safetensors" else load_torch(path)
    except OSError as error:
        raise Refused(f"{path}: expected a file that can be read, found {error.strerror or error}") from error


def choose(loaded, system, which, path):
    """The state dict to convert and what it is called: MAR's training keeps the EMA of its weights beside them."""
    import torch

    def is_state(value):
        return isinstance(value, dict) and bool(value) and all(isinstance(v, torch.Tensor) for v in value.values())

    if not isinstance(loaded, dict):
        raise Refused(f"{path}: expected a dict, found {type(loaded).__name__}")
    if is_state(loaded):  # published FlowAR, xAR and Harmon: the weights that are meant to be drawn with, alone
        return loaded, "the only weights"
    wanted = ("model", "state_dict") if which == "raw" or (system == "vae" and which is None) else ("model_ema",)
    for key in wanted:
        if is_state(loaded.get(key)):
            return loaded[key], key
    others = [key for key, value in loaded.items() if is_state(value)]
    hint = " (--raw takes \"model\")" if "model" in others else ""
    raise Refused(f"{path}: expected tensors under \"{wanted[0]}\"{hint}, found "
                  f"{', '.join(map(str, others or list(loaded)[:5])) or 'nothing'}")


def choices_of(options, loaded):
    """What no shape says: options, else the command line that the checkpoint was trained with."""
    trained = loaded.get("args") if isinstance(loaded, dict) else None
    trained = vars(trained) if isinstance(trained, argparse.Namespace) else {}
    choices = {key: trained[key] for key in ("patch_size", "vae_stride") if isinstance(trained.get(key), int)}
    given = vars(options).items()
    return choices | {key: value for key, value in given if value is not None}


def converted(path, name, tensor, dtype):
    """The tensor in the format asked for; finite before and after."""
    import torch

    if not tensor.is_floating_point():
        raise Refused(f"{path}: expected tensor {name} to be of real numbers, found {tensor.dtype}")
    if not bool(torch.isfinite(tensor).all()):
        raise Refused(f"{path}: expected tensor {name} to be finite, found NaN or infinity")
    to = tensor if dtype == "same" else tensor.to(getattr(torch, dtype))
    if not bool(torch.isfinite(to).all()):
        raise Refused(f"{path}: expected tensor {name} within the range of {dtype}, found {tensor.abs().max():g}")
    return to.contiguous()


def write_tensors(file, path, tensors, dtype):
    """Writes a safetensors file: a header, then the tensors, those of wide numbers first so that each is aligned."""
    import torch

    kinds = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
    formats = {name: tensor.dtype if dtype == "same" else getattr(torch, dtype) for name, tensor in tensors.items()}
    order = sorted(tensors, key=lambda name: (-formats[name].itemsize, name))
    header, place = {}, 0
    for name in order:
        end = place + tensors[name].numel() * formats[name].itemsize
        kind, shape = kinds.get(formats[name]), list(tensors[name].shape)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [place, end]}
        place = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for name in order:  # one at a time: a converted copy of each, never of all
        file.write(converted(path, name, tensors[name], dtype).reshape(-1).view(torch.uint8).numpy().data)


def write_all(writers):
    """Writes files to temporary ones beside them, and renames these when all are complete. [(path, write(file))]"""
    made = []
    try:
        for path, write in writers:
            handle, name = tempfile.mkstemp(prefix=path.name + ".", suffix=".partial", dir=path.parent)
            made.append((name, path))
            with os.fdopen(handle, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)
        while made:
            os.replace(*made[0])
            made.pop(0)
    except OSError as error:
        why = error.strerror or error
        raise Refused(f"{writers[0][0]}: expected a file that can be written, found {why}") from error
    finally:
        for name, _ in made:
            os.unlink(name)


def convert(options):
    out, config = options.out, options.out.with_suffix(".json")
    if out.suffix != ".safetensors":
        raise Refused(f"{out}: expected a name that ends in .safetensors, found \"{out.suffix}\"")
    for path in (out, config):
        if path.exists() and options.checkpoint.exists() and path.samefile(options.checkpoint):
            raise Refused(f"{path}: expected another file than the checkpoint, found the same")
    loaded = load(options.checkpoint)
    tensors, which = choose(loaded, options.system, options.which, options.checkpoint)
    try:
        shapes = {name: tensor.shape for name, tensor in tensors.items()}
        document, wanted = checkpoint_tables.describe(options.system, shapes, choices_of(options, loaded))
    except Refused as error:
        raise Refused(f"{options.checkpoint}: {error}") from error
    document["source"] = {"system": options.system, "checkpoint": options.checkpoint.name, "weights": which}
    kept = {name: tensors[name] for name in wanted}
    text = (json.dumps(document, indent=1) + "\n").encode()
    write_all([(out, lambda file: write_tensors(file, options.checkpoint, kept, options.dtype)),
               (config, lambda file: file.write(text))])
    numbers = sum(tensor.numel() for tensor in kept.values())
    print(f"{options.system}: {len(kept)} tensors of {numbers / 1e6:.1f} million numbers ({which}), "
          f"{len(tensors) - len(kept)} not needed\nwrote {out}\nwrote {config}")


def sides(text):
    return [int(side) for side in text.split(",")]


def read_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("system", choices=checkpoint_tables.SYSTEMS)
    parser.add_argument("checkpoint", type=pathlib.Path,
                        help=".pth, .pt, .ckpt, .safetensors or .safetensors.index.json")
    parser.add_argument("out", type=pathlib.Path, help="NAME.safetensors; the JSON is NAME.json beside it")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--ema", dest="which", action="store_const", const="ema",
                       help="the moving average of the weights, \"model_ema\" [the default where there are several]")
    which.add_argument("--raw", dest="which", action="store_const", const="raw", help="the weights, \"model\"")
    parser.add_argument("--dtype", choices=FORMATS, default="same", help="how to store the numbers [as they are]")
    parser.add_argument("--encoder-heads", type=int, metavar="N", help="[the published network's of that width]")
    parser.add_argument("--decoder-heads", type=int, metavar="N", help="[the published network's of that width]")
    parser.add_argument("--patch-size", type=int, metavar="N", help="side of a token in latents [1]")
    parser.add_argument("--vae-stride", type=int, metavar="N", help="pixels along a side of a latent [16]")
    parser.add_argument("--vae-scale", type=float, metavar="X", help="harmon, vae: tokens over latents [0.2325]")
    parser.add_argument("--scales", type=sides, metavar="N,...", help="flowar: sides of the scales [1,2,4,...]")
    parser.add_argument("--cells", type=int, metavar="N", help="xar: cells of the map [4]")
    parser.add_argument("--groups", type=int, metavar="N", help="vae: groups of all group norms [32]")
    parser.add_argument("--llm-config", type=pathlib.Path, metavar="FILE",
                        help="harmon: the language model's config.json [that of Qwen2.5-0.5B or -1.5B-Instruct]")
    options = parser.parse_args(arguments)
    for name in ("encoder_heads", "decoder_heads", "patch_size", "vae_stride", "vae_scale", "cells", "groups"):
        value = getattr(options, name)
        if value is not None and not value > 0:
            parser.error(f"--{name.replace('_', '-')}: expected a number above 0, found {value}")
    if options.llm_config is not None:
        try:
            options.llm_config = json.loads(options.llm_config.read_text())
        except (OSError, ValueError) as error:
            raise Refused(f"{options.llm_config}: expected a JSON file, found {error}") from error
    if options.scales is not None and min(options.scales) < 1:
        parser.error(f"--scales: expected sides above 0, found {options.scales}")
    return options


def main(arguments):
    try:
        convert(read_options(arguments))
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"error: expected PyTorch and NumPy (build/bench-venv has them), found no {error.name}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
