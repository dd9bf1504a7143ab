# SPDX-License-Identifier: Apache-2.0
"""The parameters of a published head (SimpleMLPAdaLN), by their official names."""
import re

import torch

TIME_SINUSOIDS = 256
KINDS = (torch.float32, torch.bfloat16, torch.float16)


class Sizes:
    """channels, width, depth and condition width of a head, read off its parameters' shapes.

    Raises ValueError, naming the parameter, if one is missing or left over, or a type or shape is another.
    """

    def __init__(self, parameters):
        self._parameters = parameters
        self.width, self.channels = self._matrix("input_proj.weight")
        self.condition_width = self._matrix("cond_embed.weight")[1]
        blocks = {int(found[1]) for found in map(re.compile(r"res_blocks\.(\d+)\.").match, parameters) if found}
        self.depth = max(blocks, default=-1) + 1
        if self.depth == 0:
            raise ValueError("expected at least one block res_blocks.0, found none")
        expected = self._shapes()
        for name, shape in expected.items():
            self._check(name, shape)
        left = sorted(set(parameters) - set(expected))
        if left:
            raise ValueError(f"expected the parameters of MAR's SimpleMLPAdaLN, found {left[0]} too")
        self.names = list(expected)

    def _get(self, name):
        if name not in self._parameters:
            raise ValueError(f"expected parameter {name}, found none by that name")
        return self._parameters[name]

    def _matrix(self, name):
        tensor = self._get(name)
        if tensor.dim() != 2 or 0 in tensor.shape:
            raise ValueError(f"expected parameter {name} to be a matrix, found shape {list(tensor.shape)}")
        return tensor.shape

    def _check(self, name, shape):
        tensor = self._get(name)
        if list(tensor.shape) != shape:
            raise ValueError(f"expected parameter {name} of shape {shape}, found {list(tensor.shape)}")
        if tensor.dtype not in KINDS:
            raise ValueError(f"expected parameter {name} in float32, bfloat16 or float16, found {tensor.dtype}")
        device = self._parameters["input_proj.weight"].device
        if tensor.device != device:
            raise ValueError(f"expected all parameters on {device} as input_proj.weight is, found {name} on "
                             f"{tensor.device}")

    def _shapes(self):
        """{name: shape} in the order of native/module.cpp."""
        width, shapes = self.width, {}

        def linear(name, inputs, outputs):
            shapes[name + ".weight"], shapes[name + ".bias"] = [outputs, inputs], [outputs]
        linear("time_embed.mlp.0", TIME_SINUSOIDS, width)
        linear("time_embed.mlp.2", width, width)
        linear("cond_embed", self.condition_width, width)
        linear("input_proj", self.channels, width)
        for d in range(self.depth):
            block = f"res_blocks.{d}."
            shapes[block + "in_ln.weight"], shapes[block + "in_ln.bias"] = [width], [width]
            linear(block + "mlp.0", width, width)
            linear(block + "mlp.2", width, width)
            linear(block + "adaLN_modulation.1", width, 3 * width)
        linear("final_layer.adaLN_modulation.1", width, 2 * width)
        # epsilon, and the interpolation of the learned-range variance
        linear("final_layer.linear", width, 2 * self.channels)
        return shapes


def parameters_of(net):
    """{name: tensor} of a module, or of a state dict, whose names may all begin with a prefix such as diffloss.net."""
    if isinstance(net, torch.nn.Module):
        return dict(net.named_parameters())
    end = "input_proj.weight"
    prefixes = [name[: -len(end)] for name in net if name.endswith(end)]
    if len(prefixes) != 1:
        raise ValueError(f"expected one name that ends in {end}, found {len(prefixes)}: give the head's own state "
                         "dict, or one in which its names have a prefix")
    return {name[len(prefixes[0]):]: net[name] for name in net if name.startswith(prefixes[0])}


def versions_of(parameters):
    """What changes when a parameter is written to or moved."""
    return [(tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version) for tensor in parameters.values()]


def on_host(parameters, names):
    """The tensors as the native code reads them."""
    return [parameters[name].detach().to("cpu", torch.float32).contiguous() for name in names]


def time_table(tensors, device):
    """[1000][W]: each training step's embedding, from the first four tensors; computed on the host."""
    half = TIME_SINUSOIDS // 2
    frequencies = torch.exp(torch.arange(half) * (-torch.log(torch.tensor(10000.0)) / half))
    angles = torch.arange(1000)[:, None] * frequencies
    hidden = torch.nn.functional.linear(torch.cat([angles.cos(), angles.sin()], dim=1), *tensors[:2])
    return torch.nn.functional.linear(torch.nn.functional.silu(hidden), *tensors[2:4]).contiguous().to(device)
