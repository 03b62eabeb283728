"""How fast the panels answer, in a real JupyterLab in a real browser.

    python benchmarks/explorers.py

A key or the mouse moves a slider, and the page itself records when each picture appears
and what it shows. Writes `results/explorers.json`, and a picture of the training
panel, `results/explorer.png`. Takes ten minutes. Needs Playwright and Chromium, as
tests/browser does, and says so where they are missing.
"""

import itertools
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import _training_panel
from _common import arguments, described, markdown, save
from _lab import MISSING, chromium, is_there, jupyterlab
from _panel import Lab

OTHER = "from d2l_rnn import explorers\n\nexplorers.{}()"
OTHERS = (
    "Autoregression", "GradientFlow", "HowFarBack", "MarkovChain", "Minibatches",
    "NGramText", "Nudge", "OneMinibatch", "Sureness", "Uncertainty", "UnrolledRNN",
    "Vocabulary",
)  # fmt: skip
# Seconds of a drag from end to end: one over six values passes seven a second.
CROSSING = 0.75


# ---- What is measured ----


def in_jupyterlab(results: Path, moves: int, pairs: int, seconds: float) -> dict:
    """All that is measured in a browser; a JupyterLab of its own is started."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with jupyterlab(root) as address, chromium() as browser:
            lab = Lab(root, address, browser)
            _training_panel.portray(lab, results / "explorer.png")
            result = {
                **_training_panel.measure(lab, moves, pairs),
                "drags": {name: dragged(lab, name, seconds) for name in OTHERS},
            }
            return {**result, "complaints": lab.complaints}


def dragged(lab: Lab, name: str, seconds: float) -> dict:
    """Pictures of another panel while its first slider is dragged, and the longest
    time without one."""
    with lab.panel(OTHER.format(name)) as panel:
        first, *pictures, last = panel.drag(seconds, CROSSING)
    times = [each.at / 1000 for each in (first, *pictures, last)]
    freeze = max(after - before for before, after in itertools.pairwise(times))
    took = times[-1] - times[0]
    return {"pictures": len(pictures), "seconds": took, "longest_freeze_s": freeze}


# ---- The table and the program ----


def median_and_worst(milliseconds: Sequence[float]) -> str:
    """The two of them, as in "88 ms / 117 ms"."""
    return f"{statistics.median(milliseconds):.0f} ms / {max(milliseconds):.0f} ms"


def slowed(pairs: Sequence[Sequence[float]]) -> str:
    """How much drawing slows a run down: the median over pairs of runs."""
    return f"{statistics.median(drawn / alone for alone, drawn in pairs) - 1:.0%}"


def table(result: dict) -> str:
    """Targets and measurements, as a Markdown table."""
    rows = [*answer_rows(result), *drawing_rows(result), *drag_rows(result)]
    where = described(result, "the browser on the same machine")
    return f"{markdown(['what', 'wanted', 'measured'], rows)}\n\n{where}"


def answer_rows(result: dict) -> list[list[str]]:
    """The training panel: how soon it answers."""
    left = "the last" if result["is_the_last"] else "another"
    errors = len(result["complaints"])
    return [
        ["slider moved → first new point, median / worst", "35 ms / 60 ms",
         median_and_worst(result["idle_ms"])],
        ["the same while another cell sleeps", "150 ms / 400 ms",
         median_and_worst(result["busy_ms"])],
        ["slider moved → complete curve of 100 epochs, H = 32", "200 ms",
         median_and_worst(result["small_curve_ms"])],
        ["the same, H = 64", "350 ms", median_and_worst(result["curve_ms"])],
        ["a setting seen before is back", "25 ms / 60 ms",
         median_and_worst(result["seen_ms"])],
        [f"20 moves in {result['twenty_moves_s']:.1f} s", "8 runs, the last left",
         f"{result['starts']} runs, {left} left, {errors} errors"],
    ]  # fmt: skip


def drawing_rows(result: dict) -> list[list[str]]:
    """The training panel: what is drawn, and what that costs."""
    sweep, slow = result["sweep"], result["slow"]
    kernel, everything = result["kernel_alone"], result["seconds_alone_and_drawn"]
    return [
        ["whole curves a second while theta is dragged", "4",
         f"{sweep['curves'] / sweep['seconds']:.1f}"],
        ["redraws a second while training", "45",
         f"{1000 / statistics.mean(result['gap_ms']):.0f}"],
        ["training slowed by drawing: the kernel's part / all", "3% / 10%",
         f"{slowed(kernel)} / {slowed(everything)}"],
        [f"readout behind the curve, H = {_training_panel.SLOW}", "0.3 s",
         f"{slow['behind_s']:.2f} s"],
    ]  # fmt: skip


def drag_rows(result: dict) -> list[list[str]]:
    """The other panels."""
    return [
        [
            f"`{name}` dragged: pictures a second / longest freeze",
            "6 / 0.4 s",
            f"{drag['pictures'] / drag['seconds']:.1f} / "
            f"{drag['longest_freeze_s']:.2f} s",
        ]
        for name, drag in result["drags"].items()
    ]


def main() -> None:
    """Measure where there is a browser, and keep the result."""
    args = arguments(
        __doc__,
        moves={"type": int, "default": 30, "help": "of the slider, for each row"},
        pairs={"type": int, "default": 9, "help": "of runs without and with a panel"},
        seconds={"type": float, "default": 10, "help": "of a drag"},
    )
    if not is_there():
        return print(f"The panels were not measured: {MISSING}")
    result = {
        "kernel_alone": _training_panel.in_a_kernel_alone(args.pairs),
        **in_jupyterlab(args.results, args.moves, args.pairs, args.seconds),
    }
    save("explorers", args, result, table)


if __name__ == "__main__":
    main()
