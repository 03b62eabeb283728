"""What panels leave behind that are made, used and dropped: widgets, threads, memory.

    python benchmarks/soak/panels.py [--number 30]

Each kind of panel has a process of its own. Thirty are made before the counting begins:
the first ones load and keep what all need. Memory that is free, and that the C library
only keeps for itself, does not count: up to 90 MiB after large pictures. Writes
`results/soak_panels.json`. Memory is read from `/proc`, as Linux has it.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

if __name__ == "__main__":  # not this folder, whose modules have other modules' names
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from _common import arguments, described, markdown, save  # noqa: E402

from d2l_rnn import explorers  # noqa: E402

BEFORE = 30  # panels that are not counted
# Training goes on for minutes; it is dropped while it does.
VALUES = {"Training": {"text": "story", "num_hiddens": 64, "num_epochs": 500}}


def left_by(name: str, number: int) -> dict[str, float]:
    """The widgets, threads and MiB that so many panels leave in this process."""
    for _ in range(BEFORE):
        use(name)
    before = counted()
    for _ in range(number):
        use(name)
    return {kind: now - before[kind] for kind, now in counted().items()}


def use(name: str) -> None:
    """Make a panel, wait for its first answer, and drop it."""
    panel = getattr(explorers, name)(**VALUES.get(name, {}))
    if name in VALUES:
        while not panel.history:
            time.sleep(0.002)
    else:
        panel.wait(60)


def counted() -> dict[str, float]:
    """What there is of each, once the threads of dropped panels have ended."""
    from ipywidgets.widgets import widget

    gc.collect()
    until = time.monotonic() + 10
    while threads() and time.monotonic() < until:
        time.sleep(0.01)
    gc.collect()
    trim()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    size = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return {"widgets": len(widget._instances), "threads": threads(), "MiB": size}


def trim() -> None:
    """Have the C library hand back what it keeps for itself, if it is glibc."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def threads() -> int:
    """How many threads of panels there are."""
    return sum(each.name == "d2l_rnn explorer" for each in threading.enumerate())


def in_a_process(name: str, number: int) -> dict[str, float]:
    """`left_by`, where no other panel has been."""
    command = [sys.executable, __file__, "--one", name, "--number", str(number)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    rows = [
        [f"`{name}`", f"{left['widgets']}", f"{left['threads']}", f"{left['MiB']:.1f}"]
        for name, left in result["left"].items()
    ]
    heads = [f"{result['arguments']['number']} panels of", "widgets", "threads", "MiB"]
    return f"{markdown(heads, rows)}\n\n{described(result)}"


def main() -> None:
    """Count what is left by each kind of panel."""
    args = arguments(
        __doc__, needs_text=False,
        number={"type": int, "default": 30, "help": "how many of each are made"},
        one={"choices": sorted(explorers.PANELS), "help": argparse.SUPPRESS},
    )  # fmt: skip
    if args.one:
        print(json.dumps(left_by(args.one, args.number)))
        return
    left = {name: in_a_process(name, args.number) for name in explorers.PANELS}
    save("soak_panels", args, {"left": left}, table)


if __name__ == "__main__":
    main()
