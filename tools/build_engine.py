"""Compile `d2l_rnn/engine/rnn.c` for every system that the course supports.

    python tools/build_engine.py [--into FOLDER] [--web | --own]

ziglang, a package on PyPI, is a C compiler that targets all of them from any machine.
Its output is committed, and is identical to the last byte wherever it is built. `--web`
builds only the engine for the browser. `--own` uses this machine's own compiler, for
this machine only; so does `make engine` without ziglang.
"""

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ENGINE = Path(__file__).parents[1] / "d2l_rnn" / "engine"
# No -ffast-math: it would let the compiler remove the test for NaN.
OPTIONS = [
    "-O3",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-Wall",
    "-Wextra",
    "-Werror",
]
FREESTANDING = ["-nostdlib", "-fno-builtin", "-s"]
SHARED = {
    "linux": ["-shared", "-fPIC"],
    "macos": ["-shared", "-Wl,-install_name,rnn"],  # else it is the path here
    "windows": ["-shared", "-Wl,--no-entry"],
}
X86 = {"sse2": "x86_64", "avx2": "x86_64+avx2+fma", "avx512": "x86_64_v4"}
BROWSER = [
    "-target", "wasm32-freestanding", "-msimd128", "-Wl,--no-entry",
    "-Wl,--export=rnn_train", "-Wl,--export=rnn_read",
    "-Wl,--export=rnn_workspace", "-Wl,--export=__heap_base", "-Wl,--gc-sections",
]  # fmt: skip
# Newer browsers multiply and add at once, where the processor can.
WEB = {
    "engine.wasm": BROWSER,
    "engine-relaxed.wasm": [*BROWSER, "-mrelaxed-simd"],
}


def targets() -> dict[str, list[str]]:
    """The name of each file, and the options to compile it with."""
    files = {
        "rnn-linux-arm64.so": ["-target", "aarch64-linux-gnu", *SHARED["linux"]],
        "rnn-darwin-arm64.dylib": ["-target", "aarch64-macos", *SHARED["macos"]],
    }
    for level, cpu in X86.items():
        processor = [f"-mcpu={cpu}", "-mprefer-vector-width=512"]
        for name, target in (
            ("linux-x86_64-{}.so", "x86_64-linux-gnu"),
            ("darwin-x86_64-{}.dylib", "x86_64-macos"),
            ("windows-x86_64-{}.dll", "x86_64-windows-gnu"),
        ):
            system = target.split("-")[1]
            options = ["-target", target, *processor, *SHARED[system]]
            files["rnn-" + name.format(level)] = options
    return files


def build(into: Path, files: dict[str, list[str]]) -> None:
    """Compile them all with ziglang."""
    into.mkdir(parents=True, exist_ok=True)
    for name, options in files.items():
        print(name)
        command = [sys.executable, "-m", "ziglang", "cc", *OPTIONS, *FREESTANDING]
        with tempfile.TemporaryDirectory() as folder:  # Windows gets more than one file
            built = Path(folder) / name
            command += [*options, "rnn.c", "-o", built]
            subprocess.run(command, cwd=ENGINE, check=True)
            shutil.move(built, into / name)


def build_own(into: Path) -> None:
    """Compile it for this machine, with the C compiler that it has."""
    from d2l_rnn import engine  # needs PyTorch, which building with ziglang does not

    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        sys.exit("there is no C compiler here: tried cc, gcc and clang")
    into.mkdir(parents=True, exist_ok=True)
    name = into / engine.file().name  # where the package looks for it
    processor = "-mcpu=native" if "arm64" in name.name else "-march=native"
    command = [compiler, *OPTIONS, processor, "-shared", "-fPIC", "rnn.c", "-o", name]
    subprocess.run(command, cwd=ENGINE, check=True)
    print(name)


def main() -> None:
    """Compile what the command line asks for, with ziglang if it is installed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, default=ENGINE / "bin")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--web", action="store_true")
    which.add_argument("--own", action="store_true")
    args = parser.parse_args()
    has_zig = importlib.util.find_spec("ziglang") is not None
    if args.web and not has_zig:
        parser.exit(1, "--web needs ziglang: pip install ziglang\n")
    if args.own or not has_zig:
        build_own(args.into)
    else:
        build(args.into, WEB if args.web else targets() | WEB)


if __name__ == "__main__":
    main()
