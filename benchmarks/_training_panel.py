"""The training panel, measured: how soon it answers, and what its drawing costs."""

from __future__ import annotations

import ast
import itertools
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from _panel import Lab, Panel, Picture

# With nothing trained ahead, each step of the seed slider is a new setting.
SEEDS = """
from d2l_rnn import explorers
from d2l_rnn.explorers import training_job

training_job.AHEAD = 0
explorer = explorers.Training(show=["seed"], num_hiddens={}, num_epochs={})
"""
SHOWN = SEEDS + "explorer"
THETA = """
from d2l_rnn import explorers

explorer = explorers.Training(show=["theta"], num_hiddens=64, theta=0.01)
explorer
"""
FORGET = """
explorer.clear()
explorer.set(seed=0, num_epochs={})
explorer.wait(60)
"""
# In turn: the same run without the panel's work, and with it.
PAIRS = """
import time
from d2l_rnn.explorers.training_runs import Run

def rest():
    while explorer.live.is_running:  # it draws what the notebook keeps
        time.sleep(0.05)

def alone():
    rest()
    run = Run(explorer.plan, explorer.current.text)
    started = time.perf_counter()
    list(run.go_on(explorer.num_epochs))
    return time.perf_counter() - started

def drawn():
    rest()
    explorer.start()
    explorer.wait(60)
    return explorer.current.seconds

explorer.wait(60)
"""
PAIR = "[alone(), drawn()]"
# What the README shows of it.
PORTRAIT = """
from d2l_rnn import explorers

explorer = explorers.Training(show=["theta", "lr"], lr=5, theta=0.1)
for theta in (0.5, 0.2):
    explorer.wait()
    explorer.theta = theta
explorer
"""
LONG = 500  # epochs of a run that is watched
IDLE = 15  # seconds in which neighbours are trained
SWEEP = 3  # seconds of a hand over all values of theta
SLOW, SLOW_EPOCHS = 512, 60


def portray(lab: Lab, path: Path) -> None:
    """Keep a picture of the panel."""
    screen = {"width": 1366, "height": 1000, "device_scale_factor": 2}
    with lab.panel(PORTRAIT, **screen) as panel:
        panel.element.screenshot(path=path)


def measure(lab: Lab, moves: int, pairs: int) -> dict:
    """Everything measured on the training panel in a browser."""
    return {
        **at_64_units(lab, moves, pairs),
        "small_curve_ms": small_curves(lab, moves),
        "sweep": theta_sweep(lab),
        "slow": slow_run(lab),
    }


def at_64_units(lab: Lab, moves: int, pairs: int) -> dict:
    """What is measured on the training panel with its usual model."""
    with lab.panel(SHOWN.format(64, 100)) as panel:
        new = [panel.press("ArrowRight") for _ in range(moves)]
        seen = [panel.press("ArrowLeft") for _ in range(moves)]
        return {
            "idle_ms": [first_point(each) for each in new],
            "curve_ms": [whole_curve(each) for each in new],
            "seen_ms": [whole_curve(each) for each in seen],
            "busy_ms": while_another_sleeps(panel, moves),
            "gap_ms": gaps_while_training(panel),
            **many_moves(panel),
            "seconds_alone_and_drawn": cost_of_drawing(panel, pairs),
        }


def first_point(pictures: Sequence[Picture]) -> float:
    """Milliseconds until the run that a move begins had a point."""
    return next(each.at for each in pictures if each.drawn)


def whole_curve(pictures: Sequence[Picture], num_epochs: int = 100) -> float:
    """Milliseconds until its curve was complete."""
    return next(each.at for each in pictures if each.drawn >= num_epochs)


def while_another_sleeps(panel: Panel, moves: int) -> list[float]:
    """Milliseconds to the first point while the kernel sleeps."""
    panel.notebook.ask("None", FORGET.format(100))
    with panel.while_another_sleeps():
        new = [panel.press("ArrowRight") for _ in range(moves)]
    return [first_point(each) for each in new]


def gaps_while_training(panel: Panel) -> list[float]:
    """Milliseconds between the pictures of a run, but for its first and last ones."""
    panel.notebook.ask("None", FORGET.format(1))
    panel.forget()
    panel.notebook.ask("None", f"explorer.num_epochs = {LONG}; explorer.wait(60)")
    times = [each.at for each in panel.pictures if 5 < each.drawn < LONG - 5]
    return [after - before for before, after in itertools.pairwise(times)]


def many_moves(panel: Panel) -> dict:
    """Press twenty keys in about two seconds, and count the runs that this begins."""
    begun = "explorer.live.num_begun"
    before = panel.notebook.ask(begun, FORGET.format(100))
    panel.handle.focus()
    started = time.perf_counter()
    for i in range(20):
        panel.page.keyboard.press("ArrowRight")
        due = started + 0.1 * (i + 1) - time.perf_counter()
        panel.page.wait_for_timeout(1000 * max(0, due))
    took = time.perf_counter() - started
    panel.page.wait_for_timeout(500)
    last = "explorer.current.plan == explorer.plan"
    after, is_the_last = panel.notebook.ask(f"[{begun}, {last}]", "explorer.wait(60)")
    return {
        "twenty_moves_s": took,
        "starts": after - before,
        "is_the_last": is_the_last,
    }


def cost_of_drawing(panel: Panel, pairs: int) -> list[list[float]]:
    """Seconds of a run without the panel and with it, in pairs."""
    panel.notebook.ask("None", FORGET.format(LONG))
    panel.notebook.ask("None", PAIRS)
    return [panel.notebook.ask(PAIR) for _ in range(pairs)]


def small_curves(lab: Lab, moves: int) -> list[float]:
    """Milliseconds from a move to the complete curve of 32 hidden units."""
    with lab.panel(SHOWN.format(32, 100)) as panel:
        return [whole_curve(panel.press("ArrowRight")) for _ in range(moves)]


def theta_sweep(lab: Lab) -> dict:
    """Whole curves shown, and seconds taken, in a drag over all values of theta.

    The slider has rested first, so that its neighbours are trained.
    """
    with lab.panel(THETA) as panel:
        panel.press("ArrowRight")
        panel.press("ArrowLeft")
        panel.page.wait_for_timeout(1000 * IDLE)
        first, *pictures = panel.drag(SWEEP, SWEEP)
    whole = {each.run for each in pictures if each.drawn >= 100} - {first.run}
    return {"curves": len(whole), "seconds": (pictures[-1].at - first.at) / 1000}


def slow_run(lab: Lab) -> dict:
    """How far the readout of a slow run was behind its curve."""
    with lab.panel(SHOWN.format(SLOW, 1)) as panel:
        panel.forget()
        run = f"explorer.num_epochs = {SLOW_EPOCHS}; explorer.wait(120)"
        panel.notebook.ask("None", run)
        panel.page.wait_for_timeout(500)
        pictures = [*panel.pictures, panel.now]
    return {"pictures": len(pictures), "behind_s": behind(pictures)}


def behind(pictures: Sequence[Picture]) -> float:
    """The most seconds from an epoch in the curve to a readout that had it, too."""
    longest = 0.0
    for i, now in enumerate(pictures):
        later = pictures[i:]
        told = (each.at for each in later if each.read >= now.drawn)
        longest = max(longest, next(told, later[-1].at) - now.at)
    return longest / 1000


def in_a_kernel_alone(pairs: int) -> list[list[float]]:
    """Seconds of a run without the panel and with it, in a kernel with no page.

    So the panel computes and sends what is to be drawn, and nothing draws it.
    """
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(stderr=subprocess.DEVNULL)
    code = SEEDS.format(64, LONG) + PAIRS
    asked = {"pairs": f"[{PAIR} for _ in range({pairs})]"}
    reply = client.execute(code, user_expressions=asked, reply=True, timeout=600)
    client.stop_channels()
    manager.shutdown_kernel()
    if reply["content"]["status"] == "error":
        raise RuntimeError(reply["content"]["evalue"])
    answer = reply["content"]["user_expressions"]["pairs"]
    return ast.literal_eval(answer["data"]["text/plain"])
