# SPDX-License-Identifier: Apache-2.0
"""FlowAR's published sampler in PyTorch, for recordings and for measuring what training gave."""
import torch

from network import resize_up


def grid(steps):
    """Times from 1 to 0, float64: 2 * (steps // 2) Euler steps, finer below 0.3; 50 steps are even."""
    if steps == 50:
        return torch.linspace(1, 0, 51, dtype=torch.float64)
    half = steps // 2
    return torch.cat([torch.linspace(1, 0.3, half, dtype=torch.float64),
                      torch.linspace(0.25, 0, half + 1, dtype=torch.float64)])


@torch.no_grad()
def sample(network, labels, upper, lower, cfg, guidance_high, noise):
    """Draws all scales. labels: [B]; upper, lower: steps at the first and the last scale; noise(scale, shape) gives the
    start of each. Returns [(out [B, n, C] float64, z [branches * B, n, D])] of each scale."""
    scales, drawn, inputs = len(network.sides), [], None
    branches = 1 if cfg == 1 else 2
    both = torch.cat([labels, torch.full_like(labels, network.unconditional)]) if branches == 2 else labels
    first = 0
    for i, side in enumerate(network.sides):
        count = side * side
        if inputs is None:
            inputs = torch.zeros(len(both), 0, network.channels)
        z = network.conditions(both, inputs)[:, first:]
        turn = network.turn("flow", count, first)
        steps = int((upper - lower) * (scales - 1 - i) / (scales - 1) + lower)
        scaled = 1 + (cfg - 1) * i / (scales - 1)
        times = grid(steps)
        x = noise(i, (len(labels), count, network.channels)).double()
        for t, after in zip(times, times[1:]):
            guided = cfg > 1 and t <= guidance_high
            rows = len(both) if guided else len(labels)
            state = x.float().repeat(2, 1, 1) if guided else x.float()
            time = t.float().expand(rows, count)
            v = network.flownet(state, time, z[:rows], turn).double()
            if guided:
                wanted, other = v.chunk(2)
                v = other + scaled * (wanted - other)
            x = x + v * (after - t)
        drawn.append((x, z))
        if i + 1 < scales:
            following = resize_up(x.float(), side, network.sides[i + 1])
            inputs = torch.cat([inputs, following.repeat(branches, 1, 1)], 1)
        first += count
    return drawn


def check(network, tensors, document):
    """Largest difference to a recording's values, over all its cases."""
    worst = 0.0
    for case in document["cases"]:
        name, rows = case["name"], case["batch"]
        drawn = sample(network, torch.tensor(case["labels"]), case["flow_upper_steps"], case["flow_lower_steps"],
                       case["cfg"], case["guidance"],
                       lambda i, shape: tensors[f"{name}.scale{i}.init"][:rows])  # pylint: disable=W0640
        for i, (x, z) in enumerate(drawn):
            changes = ((x - tensors[f"{name}.scale{i}.out"][:rows]).abs().max().item(),
                       (z - tensors[f"{name}.scale{i}.z"]).abs().max().item())
            print(f"{name}.scale{i}: out differs by at most {changes[0]:.2e}, z by {changes[1]:.2e}")
            worst = max(worst, *changes)
    return worst
