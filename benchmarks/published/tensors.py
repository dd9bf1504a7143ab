# SPDX-License-Identifier: Apache-2.0
"""Safetensors files with numpy alone: 8 bytes with the header's length, a JSON header, then the tensors' bytes."""
import json

import numpy

KINDS = {"F32": "<f4", "F16": "<f2"}


def read(path):
    """{name: float32 array} of a file of F32 and F16 tensors."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: numpy.frombuffer(data, KINDS[entry["dtype"]], offset=entry["data_offsets"][0],
                                   count=int(numpy.prod(entry["shape"]))).reshape(entry["shape"]).astype("f4")
            for name, entry in header.items()}


def write(path, arrays):
    """Writes {name: array} as F32."""
    header, place = {}, 0
    for name, values in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [place, place + 4 * values.size]}
        place += 4 * values.size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the tensors are aligned
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for values in arrays.values():
            numpy.ascontiguousarray(values, "<f4").tofile(file)
