"""Every function and class of the package, called with usual and with odd arguments.

    python benchmarks/soak/fuzz.py [--seconds 600] [--seed 0] [--findings FILE]
    python benchmarks/soak/fuzz.py --seed 0 --one 1234

Each call should return, or raise an error at the door that names the argument, and
leave everything else as it was. The calls are made in a process of its own, which may
crash or hang. The second line makes one of them again, and shows its traceback. Writes
`results/soak_fuzz.json`, and to FILE all findings, each with the call that shows it.
Needs `fork`, which Windows does not have.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import asdict
from pathlib import Path

if __name__ == "__main__":  # not this folder, whose modules have other modules' names
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np  # noqa: E402
import torch  # noqa: E402
from _common import arguments, described, markdown, save  # noqa: E402
from soak._calling import Call, made  # noqa: E402
from soak._judging import Finding, judged  # noqa: E402
from soak._targets import Target, targets  # noqa: E402
from soak._values import Scene  # noqa: E402

SLICE = 15  # seconds that a process lives
STUCK = 60  # seconds for one call, after which its process is ended
MEMORY = 12 * 2**30  # bytes that a process may ask for
ODD_SHARE = 0.9  # of the calls that have an odd argument
SELDOM = {"exercises": 0.1, "explorers": 0.3}  # they are many, and take long
WRONG = ("crash", "hang", "unexpected", "refused", "left behind", "changed")
ACCEPTED = ("accepted", "accepted, one of many", "accepted, unusual")
TO_READ = (
    "unnamed", "warning", *ACCEPTED, "passed on", "too much", "draws"
)  # fmt: skip
TEXT = "The Time Traveller (for so it will be convenient to speak of him)\n" * 20


def call_of(number: int, seed: int, all_targets: list[Target]) -> Call:
    """The call of this number: the same each time, whatever came before."""
    rng = random.Random(f"{seed}, {number}")
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)
    torch.set_num_threads(1 if number % 8 else 2)  # two are slower, on a busy machine
    weights = [SELDOM.get(each.name.partition(".")[0], 1) for each in all_targets]
    (target,) = rng.choices(all_targets, weights)
    return made(target, rng, Scene(rng), ODD_SHARE)


@contextlib.contextmanager
def sandbox():
    """Folders of its own for texts, caches and temporary files; no other is written."""
    folder = Path(tempfile.mkdtemp(prefix="soak"))
    for name in ("data", "temporary", "home"):
        (folder / name).mkdir()
    text = folder / "data" / "timemachine.txt"
    text.write_text(TEXT, encoding="utf-8")
    home, before = str(folder / "home"), dict(os.environ)
    os.environ.update(
        SOAK_TEXT=str(text), D2L_RNN_DATA_DIR=str(text.parent), MPLBACKEND="agg",
        TMPDIR=str(folder / "temporary"), HOME=home, XDG_CACHE_HOME=home,
        TORCHINDUCTOR_CACHE_DIR=home, D2L_RNN_PROGRESS="off",
    )  # fmt: skip
    tempfile.tempdir = None  # so that TMPDIR is looked at again
    here = os.getcwd()
    os.chdir(home)  # a name may be a path
    try:
        yield folder
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
        tempfile.tempdir = None
        shutil.rmtree(folder, ignore_errors=True)


def in_a_process(folder: Path, first: int, seed: int, seconds: float) -> None:
    """`make_calls`, and its own errors into a file: they are not the package's."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1), os.dup2(silence, 2)
    warnings.simplefilter("ignore")
    try:
        make_calls(folder, first, seed, seconds)
    except BaseException:
        (folder / "trouble").write_text(traceback.format_exc())
    os._exit(0)  # threads that hang do not hold it up


def make_calls(folder: Path, first: int, seed: int, seconds: float) -> None:
    """Call on and on; what is found goes into files, so that a crash loses nothing."""
    all_targets, seen, tally = targets(), set(), Counter()
    until, number = time.monotonic() + seconds, first
    with open(folder / "findings", "a", encoding="utf-8") as out:
        while time.monotonic() < until:
            (folder / "number").write_text(str(number))
            call = call_of(number, seed, all_targets)
            tally["calls"] += 1
            tally["with odd arguments"] += bool(call.odd)
            for found in judged(call):
                tally[found.kind] += 1
                if found.kind != "named" and found.key not in seen:
                    seen.add(found.key)
                    found.number = number
                    out.write(json.dumps(asdict(found)) + "\n")
                    out.flush()
            number += 1
    (folder / "tally").write_text(json.dumps(tally))


def one_slice(folder: Path, first: int, seed: int, seconds: float) -> str:
    """Run calls in a process; how that ended, if not well."""
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=in_a_process, args=(folder, first, seed, seconds))
    (folder / "number").write_text(str(first))
    (folder / "tally").unlink(missing_ok=True)
    process.start()
    while process.is_alive():
        process.join(seconds + PAUSE)
        age = time.time() - (folder / "number").stat().st_mtime
        if process.is_alive() and age > STUCK:
            process.kill()
            process.join()
            return f"stuck for {age:.0f} seconds"
    return "" if process.exitcode == 0 else f"exit status {process.exitcode}"


PAUSE = 2.0  # seconds between two looks at a process


def fuzz(seconds: float, seed: int) -> tuple[Counter, list[Finding]]:
    """How many calls came to what, and all findings, each of them once.

    Raises RuntimeError for an error of the fuzzer's own.
    """
    tally, found, number = Counter(), {}, 0
    all_targets, until = targets(), time.monotonic() + seconds
    with sandbox() as folder:
        while (left := until - time.monotonic()) > 0:
            first = number
            end = one_slice(folder, first, seed, min(SLICE, left))
            number = int((folder / "number").read_text() or number) + 1
            if (folder / "trouble").exists():
                raise RuntimeError((folder / "trouble").read_text())
            if (folder / "tally").exists():
                tally.update(json.loads((folder / "tally").read_text()))
            else:  # it did not come to that
                tally["calls"] += number - first
            if end:
                call = call_of(number - 1, seed, all_targets)
                crash = Finding("crash", call.target.name, end, str(call), number - 1)
                found[crash.key] = crash
                tally["crash"] += 1
        for line in (folder / "findings").read_text(encoding="utf-8").splitlines():
            each = Finding(**json.loads(line))
            found.setdefault(each.key, each)
    return tally, [*found.values()]


def grouped(found: list[Finding]) -> dict[str, list[Finding]]:
    """By kind, the gravest first, and in order of their functions."""
    groups = {kind: [] for kind in (*WRONG, *TO_READ)}
    for each in sorted(found, key=lambda each: (each.where, each.what)):
        groups[each.kind].append(each)
    return groups


def report(found: list[Finding], seed: int) -> str:
    """All findings as text: of what was accepted a line each, of the rest two."""
    lines = [f"--seed {seed} --one N makes the call N again"]
    for kind, each in grouped(found).items():
        if not each:
            continue
        lines += ["", f"==== {kind}: {len(each)} ====", ""]
        where = ""
        for one in each:
            if one.where != where:
                where = one.where
                lines.append(where)
            lines.append(f"  {one.number:>6} {one.what}")
            if kind not in ACCEPTED:
                shown = one.call if len(one.call) < 400 else f"{one.call[:400]}…"
                lines.append(f"         {shown}")
    return "\n".join(lines) + "\n"


def measured(tally: Counter, found: list[Finding]) -> dict:
    """What the table is made from, and the findings that must not be."""
    groups = grouped(found)
    return {
        "functions": len(targets()),
        "tally": dict(sorted(tally.items())),
        "different": {kind: len(each) for kind, each in groups.items()},
        "wrong": [asdict(each) for kind in WRONG for each in groups[kind]],
    }


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    tally, different = result["tally"], result["different"]
    named, unnamed = (tally.get(kind, 0) for kind in ("named", "unnamed"))
    share = named / (named + unnamed) if named + unnamed else 1
    rows = [
        ["functions, classes and methods", f"{result['functions']}"],
        ["calls", f"{tally['calls']:,}"],
        ["of them with odd arguments", f"{tally['with odd arguments']:,}"],
        ["of the allowed errors, those that name the argument", f"{share:.1%}"],
        ["crashes and hangs", f"{different['crash'] + different['hang']}"],
        ["unexpected errors", f"{different['unexpected'] + different['refused']}"],
        ["settings, threads or files left behind", f"{different['left behind']}"],
        ["arguments changed", f"{different['changed']}"],
    ]
    return f"{markdown(['', 'found'], rows)}\n\n{described(result)}"


def again(number: int, seed: int) -> None:
    """Make one call, and show what comes of it."""
    with sandbox():
        call = call_of(number, seed, targets())
        print(call)
        for found in judged(call):
            print(f"{found.kind}: {found.what}")
        try:
            print(call_of(number, seed, targets()).run())
        except Exception:
            traceback.print_exc()


def main() -> None:
    """Fuzz for a while, or make one call again."""
    args = arguments(
        __doc__, needs_text=False,
        seconds={"type": float, "default": 600, "help": "how long"},
        seed={"type": int, "default": 0, "help": "of the arguments"},
        one={"type": int, "help": "the number of a call to make again"},
        findings={"type": Path, "help": "a file for all findings"},
    )  # fmt: skip
    if args.one is not None:
        again(args.one, args.seed)
        return
    tally, found = fuzz(args.seconds, args.seed)
    if args.findings:
        args.findings.write_text(report(found, args.seed), encoding="utf-8")
    kept = argparse.Namespace(**{**vars(args), "findings": None})
    save("soak_fuzz", kept, measured(tally, found), table)


if __name__ == "__main__":
    main()
