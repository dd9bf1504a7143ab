# SPDX-License-Identifier: Apache-2.0
"""What the training scripts share: options, the loop, checkpoints of averaged weights, recordings.

Rate and averaging follow the clock, not a number of steps, so that training ends well at its time on any machine.
"""
import argparse
import copy
import datetime
import json
import math
import os
import pathlib
import struct
import sys
import time

import numpy
import torch

TYPES = {"F32": numpy.float32, "F64": numpy.float64, "F16": numpy.float16, "I64": numpy.int64, "BOOL": numpy.bool_}


def read_safetensors(path):
    """{name: tensor} of a safetensors file."""
    content = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    found = {}
    for name, entry in json.loads(content[8:8 + size]).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        array = numpy.frombuffer(content[8 + size + first:8 + size + last], TYPES[entry["dtype"]])
        found[name] = torch.from_numpy(array.reshape(entry["shape"]).copy())
    return found


def parser(description, rate):
    """The options that all trainings have."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", metavar="STEM", help="instead of training, load the weights of STEM.safetensors "
                         "and STEM.json and compare with what is recorded there")
    options.add_argument("--out", type=pathlib.Path, help="folder of the checkpoints")
    options.add_argument("--until", metavar="HH:MM", help="the machine's time at which training ends")
    options.add_argument("--minutes", type=float, default=75, help="or how long it takes")
    options.add_argument("--resume", type=pathlib.Path, help="a checkpoint to go on from: its averaged weights")
    options.add_argument("--batch", type=int, default=64)
    options.add_argument("--rate", type=float, default=rate, help="AdamW's largest rate")
    options.add_argument("--decay", type=float, default=0.02, help="AdamW's weight decay, of matrices")
    options.add_argument("--ema", type=float, default=0.9995)
    options.add_argument("--save-minutes", type=float, default=4)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--nice", type=int, default=1, help="how much to stand back for other programs")
    options.add_argument("--device", default="cpu", help="cpu or cuda")
    options.add_argument("--float32", action="store_true", help="no bf16 autocast")
    options.add_argument("--compile", action="store_true", help="with torch.compile: needs g++ and Python's headers")
    return options


def begin(chosen):
    """Threads, priority and seed."""
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(chosen.seed)
    os.nice(chosen.nice)


def run_check(stem, build, check, official_name, tolerance=2e-4):
    """Loads a recording's weights into build(document) and compares check(network, tensors, document) with the
    tolerance. Returns the exit status."""
    tensors, document = read_safetensors(f"{stem}.safetensors"), json.loads(pathlib.Path(f"{stem}.json").read_text())
    network = build(document).eval()
    own = network.state_dict()
    buffers = {name for name in document["state_dict_names"] if name == "mask" or ".rope." in name}
    named = {official_name(name) for name in own}
    if set(document["state_dict_names"]) - buffers != named:
        sys.exit(f"train.py: {stem}: other parameters: {named ^ (set(document['state_dict_names']) - buffers)}")
    network.load_state_dict({name: tensors[official_name(name)] for name in own})
    worst = check(network, tensors, document)
    print(f"largest difference {worst:.2e}, expected at most {tolerance:.0e}")
    return 0 if worst <= tolerance else 1


def seconds_left(chosen):
    """Seconds of training from now."""
    if chosen.until is None:
        return 60 * chosen.minutes
    hour, minute = map(int, chosen.until.split(":"))
    now = datetime.datetime.now()
    end = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (end - now).total_seconds() % 86400


def groups(network, decay):
    """Parameters with and without weight decay."""
    named = list(network.named_parameters())
    matrices = [p for name, p in named if p.dim() == 2 and "emb.weight" not in name]
    others = [p for name, p in named if p.dim() != 2 or "emb.weight" in name]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


class Average:
    """Exponential moving average of the weights, younger than its half at first."""

    def __init__(self, network, decay):
        self.network, self.decay = copy.deepcopy(network).requires_grad_(False), decay
        self.pairs = list(self.network.parameters()), list(network.parameters())
        self.steps = 0

    def update(self):
        self.steps += 1
        with torch.no_grad():
            torch._foreach_lerp_(*self.pairs, 1 - min(self.decay, (1 + self.steps) / (10 + self.steps)))

    def save(self, path, progress):
        partial = path.with_name(path.name + ".partial")
        torch.save({"model_ema": {name: x.cpu() for name, x in self.network.state_dict().items()},
                    "progress": progress}, partial)
        os.replace(partial, path)


def train(network, batches, chosen):
    """Minimises network.loss until the time is over. batches: yields its arguments. Writes OUT/last.pt every few
    minutes and at the end."""
    chosen.out.mkdir(parents=True, exist_ok=True)
    before = {"seconds": 0.0, "steps": 0, "images": 0}
    if chosen.resume:
        found = torch.load(chosen.resume, weights_only=True)
        network.load_state_dict(found["model_ema"])
        before = found["progress"]
    average = Average(network, chosen.ema)
    average.steps = before["steps"]
    loss_of = torch.compile(network.loss, dynamic=False) if chosen.compile else network.loss
    optimiser = torch.optim.AdamW(groups(network, chosen.decay), chosen.rate, (0.9, 0.95), foreach=True)
    print(f"{sum(p.numel() for p in network.parameters())} parameters, {vars(chosen)}", flush=True)
    start = spoken = saved = time.monotonic()
    end = start + seconds_left(chosen)
    total = before["seconds"] + end - start
    step, images, mean = 0, before["images"], None

    def progress():
        return {"seconds": before["seconds"] + time.monotonic() - start, "steps": before["steps"] + step,
                "images": images}

    while (now := time.monotonic()) < end:
        done = (before["seconds"] + now - start) / total
        rate = chosen.rate * min(1, (step + 1) / 100) * (0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2)
        for group in optimiser.param_groups:
            group["lr"] = rate
        arguments = next(batches)
        with torch.autocast(chosen.device, torch.bfloat16, enabled=not chosen.float32):
            parts = loss_of(*arguments)
        loss = parts.mean()
        optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        if not torch.isfinite(norm):
            print(f"step {step}: a gradient that is not finite, left out", flush=True)
            continue
        optimiser.step()
        average.update()
        step, images = step + 1, images + chosen.batch
        mean = loss.item() if mean is None else 0.99 * mean + 0.01 * loss.item()
        if now - spoken > 30 or step == 1:
            print(f"{datetime.datetime.now():%H:%M:%S} step {before['steps'] + step} images {images} loss {mean:.4f} "
                  f"rate {rate:.2e} norm {norm:.2f} images/s {(images - before['images']) / (now - start + 1e-9):.1f} "
                  f"done {done:.3f}", flush=True)
            spoken = now
        if now - saved > 60 * chosen.save_minutes:
            average.save(chosen.out / "last.pt", progress())
            saved = now
    average.save(chosen.out / "last.pt", progress())
    print(f"done: {progress()}, loss {mean}", flush=True)
