#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That an AR step can be captured in a CUDA graph, by construction: of the CUDA runtime and of cuBLASLt, the object of
capturable.cu can call only what launches kernels and products, clears memory in the order of a stream, names errors and
asks for facts; no copy, allocation, search or synchronisation. No GPU is needed.

usage: capturable.py INCLUDE_FOLDER -- NVCC [ARGUMENT ...]

Exits with 77 (skipped) without nm.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# What the functions are there for: without these the object is not what it should be.
EXPECTED = {"cudaLaunchKernel", "cudaLaunchCooperativeKernel", "cublasLtMatmul"}
ALLOWED = EXPECTED | {
    "cudaLaunchKernelExC", "cudaMemsetAsync", "cudaGetLastError", "cudaPeekAtLastError",
    "cudaGetErrorName", "cudaGetErrorString",
    # a plan's bias, in the host's memory
    "cublasLtMatmulDescSetAttribute", "cublasLtGetStatusName",
    # of CUB, which asks which kernel fits the device
    "cudaGetDevice", "cudaSetDevice", "cudaGetDeviceCount", "cudaDeviceGetAttribute", "cudaFuncGetAttributes",
    "cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags",
}
# What nvcc itself puts in: registration of kernels when the program starts, and the launch of one.
OF_THE_COMPILER = re.compile(
    r"__cuda(Register|Unregister|InitModule|GetKernel|LaunchKernel|P(ush|op)CallConfiguration)")


def main():
    include, separator, *command = sys.argv[1:]
    assert separator == "--", __doc__
    if shutil.which("nm") is None:
        print("skipped: there is no nm")
        return 77
    # for the host's side alone, kernels need not become machine code
    command = [word.replace("code=sm_", "code=compute_") for word in command]
    source = pathlib.Path(__file__).parent / "capturable.cu"
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "capturable.o")
        built = subprocess.run([*command, "-I", include, "-c", os.fspath(source), "-o", output],
                               capture_output=True, text=True)
        if built.returncode:
            sys.exit(f"{source.name} does not compile:\n{built.stdout}{built.stderr}")
        symbols = subprocess.run(["nm", "-u", output], capture_output=True, text=True, check=True).stdout
    called = sorted({name for name in re.findall(r"\bU (\w+)", symbols) if re.match(r"(__)?(cuda|cublas|cu[A-Z])", name)})
    forbidden = [name for name in called if name not in ALLOWED and not OF_THE_COMPILER.match(name)]
    missing = sorted(EXPECTED - set(called))
    if forbidden or missing:
        print(f"found calls of {forbidden}, which must not be, and none of {missing}, which must")
        return 1
    print(f"{len(called)} functions, none of which ends a capture")
    return 0


if __name__ == "__main__":
    sys.exit(main())
