# SPDX-License-Identifier: Apache-2.0
"""How many threads of a kernel an SM holds at once.

The limits are those of the CUDA C++ Programming Guide, table "Technical Specifications per Compute Capability". A
warp's registers are handed out in units of 256, and warps in fours; a block's shared memory in units of 128 bytes, and
the driver takes 1 KiB more for each block.

usage: resident_threads(arch, threads, registers, shared) -> int
"""
import dataclasses


@dataclasses.dataclass
class Limits:
    """Of an SM."""
    threads: int
    blocks: int
    shared: int
    registers: int = 65536


LIMITS = {
    "80": Limits(2048, 32, 164 << 10),
    "90": Limits(2048, 32, 228 << 10),
    "100": Limits(2048, 32, 228 << 10),
    "120": Limits(1536, 24, 100 << 10),
}


def round_up(number, unit):
    """The next multiple of a unit."""
    return -(-number // unit) * unit


def resident_threads(arch, threads, registers, shared):
    """Threads that an SM holds, of blocks of that many threads with that many bytes of shared memory."""
    limits, warps = LIMITS[arch], -(-threads // 32)
    most_warps = limits.registers // round_up(registers * 32, 256) // 4 * 4
    blocks = min(limits.blocks, limits.threads // (warps * 32), most_warps // warps,
                 limits.shared // (round_up(shared, 128) + 1024))
    return blocks * threads
