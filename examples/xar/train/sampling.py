# SPDX-License-Identifier: Apache-2.0
"""xAR's samplers in PyTorch, for recordings and for measuring what training gave."""
import torch


def grid(steps):
    """Times of Euler-Maruyama, float64: even from 1 to 0.04, then 0."""
    return torch.cat([torch.linspace(1, 0.04, steps, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)])


@torch.no_grad()
def sample(network, labels, upper, lower, cfg, noise, stochastic=True):
    """Draws all cells. labels: [B]; upper, lower: steps of the first and the last cell; noise(cell, draw, shape) gives
    the start (draw -1) and the noise of each step. stochastic: Euler-Maruyama, else Euler on even steps. Returns
    [(out [B, n, C] float64, first velocities [2 B, n, C])] of each cell."""
    both = torch.cat([labels, torch.full_like(labels, network.unconditional)])
    memories, drawn, last = network.memories(), [], network.cells - 1
    shape = (len(labels), network.cell_tokens, network.channels)
    for cell in range(network.cells):
        steps = int((last - cell) / last * (upper - lower) + lower)
        scaled = 1 + (cfg - 1) * cell / last
        times = grid(steps) if stochastic else torch.linspace(1, 0, steps + 1, dtype=torch.float64)
        if cell:
            network(drawn[-1][0].float().repeat(2, 1, 1), torch.zeros(len(both), 1), both, cell - 1, memories, True)
        x, first_out = noise(cell, -1, shape).double(), None
        for step, (t, after) in enumerate(zip(times, times[1:])):
            v = network(x.float().repeat(2, 1, 1), t.float().expand(len(both), 1), both, cell, memories)
            first_out = v if first_out is None else first_out
            wanted, other = v.double().chunk(2)
            v = other + scaled * (wanted - other)
            if not stochastic:
                x = x + v * (after - t)
                continue
            drift = (2 - t) * v + x  # velocity less half the squared diffusion, 2 t, times the score
            dt = after - t
            if step + 1 < len(times) - 1:
                drift = drift * dt + (2 * t).sqrt() * noise(cell, step, shape).double() * dt.abs().sqrt()
            else:
                drift = drift * dt
            x = x + drift
        drawn.append((x, first_out))
    return drawn


def check(network, tensors, document):
    """Largest difference to a recording's values, over all its cases."""
    worst = 0.0
    for case in document["cases"]:
        name = case["name"]

        def noise(cell, draw, _, name=name):
            return tensors[f"{name}.cell{cell}." + ("init" if draw < 0 else f"draw{draw:03}")]

        drawn = sample(network, torch.tensor(case["labels"]), case["flow_upper_steps"], case["flow_lower_steps"],
                       case["cfg"], noise, stochastic=f"{name}.cell0.draw000" in tensors)
        for cell, (x, first_out) in enumerate(drawn):
            changes = [(x - tensors[f"{name}.cell{cell}.out"]).abs().max().item()]
            if (recorded := tensors.get(f"{name}.cell{cell}.first_model_out")) is not None:
                changes.append((first_out - recorded).abs().max().item())
            print(f"{name}.cell{cell}: differs by at most " + ", ".join(f"{c:.2e}" for c in changes))
            worst = max(worst, *changes)
    return worst
