"""How fast the training explorer answers, in a real JupyterLab in a real browser.

    python benchmarks/explorers.py

A key moves a slider, and the page itself measures the time until the picture has been
redrawn. Writes `results/explorers.json`, and a picture of the panel,
`results/explorer.png`. Takes five minutes. Needs Playwright and Chromium, as
tests/browser does, and says so where they are missing.
"""

import base64
import io
import statistics
import tempfile
import time
from pathlib import Path

from _common import arguments, described, markdown, save
from _lab import (
    CURRENT,
    LOG,
    MISSING,
    Notebook,
    chromium,
    is_there,
    jupyterlab,
    write_notebook,
)
from PIL import Image

# The slider of the seed has settings that nobody has seen, if none is trained ahead.
SETUP_CELL = """
import json, threading, time
from d2l_rnn import explorers
from d2l_rnn.explorers import training_panel
from d2l_rnn.explorers.training_runs import Run

training_panel.AHEAD = -1
explorer = explorers.Training(show=["seed"], num_hiddens=64)
explorer
"""
FORGET_ALL = """
explorer.clear()
explorer.set(seed=0, num_epochs=100)
explorer.wait(60)
before = explorer.live.num_begun
"""
SLEEP_LONG = "time.sleep({})"
LONG_RUN = "explorer.num_epochs = 500; explorer.wait(60)"
# Alternating: the same run without a picture, and with it.
COST_OF_DRAWING = """
explorer.num_epochs = 500
explorer.wait(60)

def alone():
    run = Run(explorer.plan, explorer.current.text)
    started = time.perf_counter()
    list(run.begin(lambda: None))
    return time.perf_counter() - started

def drawn():
    explorer.start()
    explorer.wait(60)
    return explorer.current.seconds

print(json.dumps([[alone(), drawn()] for _ in range(PAIRS)]))
"""
COUNT_STARTS = """
explorer.wait(60)
time.sleep(0.2)
threads = [each for each in threading.enumerate() if "explorer" in each.name]
is_the_last = explorer.current.plan == explorer.plan
starts = explorer.live.num_begun - before
print(json.dumps([starts, len(threads), is_the_last]))
"""
SHOW, FORGET, SLEEP, LONG, COST, COUNT = range(6)  # the cells
# What the README shows of it.
PORTRAIT = """
from d2l_rnn import explorers

explorer = explorers.Training(show=["theta", "lr"], lr=5, theta=0.1)
for theta in (0.5, 0.2):
    explorer.wait()
    explorer.theta = theta
explorer
"""
HANDLE = ".d2l-rnn-explorer .widget-slider:has-text('seed') .noUi-handle"
# The page notes when a key went down and when a picture was there.
WATCH = """() => {
    window.image = document.querySelector('.d2l-rnn-explorer img');
    window.key = 0; window.pictures = [];
    document.addEventListener('keydown', () => {
        key = performance.now(); pictures = [];
    }, true);
    image.addEventListener('load', () => pictures.push(performance.now()));
}"""
PLACE = """() => {
    const box = image.getBoundingClientRect();
    return [box.left, box.top, box.right, Math.min(box.bottom, innerHeight - 40)];
}"""
# Milliseconds from the key to the first and to the last picture, once all are there.
ANSWER = """() => pictures.length && performance.now() - pictures.at(-1) > 700
    ? [pictures[0] - key, pictures.at(-1) - key] : null"""


# ---- What is measured ----


def in_jupyterlab(results: Path, moves: int, pairs: int) -> dict:
    """Measure in a JupyterLab of its own; keep its complaints and the page's."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        cells = [
            SETUP_CELL, FORGET_ALL, SLEEP_LONG.format(2.5 * moves), LONG_RUN,
            COST_OF_DRAWING.replace("PAIRS", str(pairs)), COUNT_STARTS,
        ]  # fmt: skip
        write_notebook(root / "measure.ipynb", *cells)
        write_notebook(root / "portrait.ipynb", PORTRAIT)
        with jupyterlab(root) as address, chromium() as browser:
            notebook = Notebook(browser, address.format("portrait.ipynb"), 1500)
            portray(notebook, results / "explorer.png")
            notebook = Notebook(browser, address.format("measure.ipynb"))
            result = measure(notebook, moves)
            complaints = [*map(str, notebook.errors()), *notebook.complaints]
            notebook.close()
        log = (root / LOG).read_text(encoding="utf-8").splitlines()
    complaints += [line for line in log if "Traceback" in line]
    return {**result, "complaints": complaints}


def portray(notebook: Notebook, path: Path) -> None:
    """Keep a picture of the panel."""
    run(notebook, 0)
    notebook.until(lambda: len(notebook.outputs()) == 3, 60)
    notebook.page.wait_for_timeout(1000)
    notebook.page.locator(".d2l-rnn-explorer").screenshot(path=path)
    notebook.close()


def measure(notebook: Notebook, moves: int) -> dict:
    """All that the table tells, and what it is computed from."""
    run(notebook, SHOW, wait=False)
    notebook.until(lambda: len(notebook.outputs()) == 3, 60)
    notebook.page.evaluate(WATCH)
    return {
        **answers(notebook, moves),
        **pictures_while_training(notebook),
        **cost_of_drawing(notebook),
        **many_moves(notebook),
    }


def answers(notebook: Notebook, moves: int) -> dict:
    """Milliseconds from a key to a picture: of new settings, of settings seen before,
    and of new ones while another cell sleeps."""
    new = [move(notebook, "ArrowRight") for _ in range(moves)]
    seen = [move(notebook, "ArrowLeft") for _ in range(moves)]
    run(notebook, FORGET)
    run(notebook, SLEEP, wait=False)
    busy = [move(notebook, "ArrowRight") for _ in range(moves)]
    was_busy = notebook.is_running()
    notebook.until(lambda: not notebook.is_running(), 600)
    return {
        "idle_ms": [first for first, _ in new],
        "curve_ms": [last for _, last in new],
        "seen_ms": [first for first, _ in seen],
        "busy_ms": [first for first, _ in busy] if was_busy else [],
    }


def pictures_while_training(notebook: Notebook) -> dict:
    """Milliseconds between the pictures of a run, and the screens that were blank."""
    run(notebook, FORGET)
    notebook.page.evaluate("() => { pictures = [] }")
    run(notebook, LONG)
    times = notebook.page.evaluate("() => pictures")[1:-1]
    gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
    run(notebook, FORGET)
    screens, blank = screens_while(notebook, LONG)
    return {"gap_ms": gaps, "screens": screens, "blank_screens": blank}


def cost_of_drawing(notebook: Notebook) -> dict:
    """Seconds of a run without pictures and with them, in pairs."""
    run(notebook, COST)
    return {"seconds_alone_and_drawn": notebook.printed(COST)}


def run(notebook: Notebook, number: int, wait: bool = True) -> None:
    """Run a cell, and wait for its end if `wait` says so."""
    notebook.run(number)
    notebook.page.wait_for_timeout(200)
    if wait:
        notebook.until(lambda: not notebook.is_running(), 300)
        notebook.page.wait_for_timeout(500)


def move(notebook: Notebook, key: str) -> tuple[float, float]:
    """Milliseconds from a key on the slider to the first and to the last picture."""
    notebook.page.locator(HANDLE).press(key)
    answers: list = []
    notebook.until(
        lambda: answers.append(notebook.page.evaluate(ANSWER)) or answers[-1], 30
    )
    return tuple(answers[-1])


def screens_while(notebook: Notebook, number: int) -> tuple[int, int]:
    """How often the screen was redrawn while a cell ran, and how often there was
    nothing in the picture's place."""
    notebook.go_to(SHOW)
    notebook.page.wait_for_timeout(500)
    drawn: list[bytes] = []
    session = notebook.page.context.new_cdp_session(notebook.page)

    def note(frame: dict) -> None:
        drawn.append(base64.b64decode(frame["data"]))
        session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    session.on("Page.screencastFrame", note)
    session.send("Page.startScreencast", {"format": "png"})
    place = notebook.page.evaluate(PLACE)
    notebook.page.evaluate(f"() => {{ {CURRENT}.content.activeCellIndex = {number} }}")
    notebook.command("notebook:run-cell")
    notebook.page.wait_for_timeout(200)
    notebook.until(lambda: not notebook.is_running(), 300)
    session.send("Page.stopScreencast")
    screens = [Image.open(io.BytesIO(png)).convert("L").crop(place) for png in drawn]
    extremes = [screen.getextrema() for screen in screens]
    return len(screens), sum(light - dark < 50 for dark, light in extremes)


def many_moves(notebook: Notebook) -> dict:
    """Press twenty keys in about two seconds, and count the runs that this begins."""
    run(notebook, FORGET)
    handle = notebook.page.locator(HANDLE)
    handle.focus()
    started = time.perf_counter()
    for i in range(20):
        notebook.page.keyboard.press("ArrowRight")
        due = started + 0.1 * (i + 1) - time.perf_counter()
        notebook.page.wait_for_timeout(max(0, 1000 * due))
    took = time.perf_counter() - started
    run(notebook, COUNT)
    starts, threads, is_the_last = notebook.printed(COUNT)
    return {
        "twenty_moves_s": took,
        "starts": starts,
        "threads_left": threads,
        "is_the_last": is_the_last,
    }


# ---- The table and the program ----


def median_and_worst(milliseconds: list[float]) -> str:
    """The two of them, as in "88 ms / 117 ms"."""
    if not milliseconds:  # the machine was so slow that the other cell had ended
        return "not measured"
    return f"{statistics.median(milliseconds):.0f} ms / {max(milliseconds):.0f} ms"


def table(result: dict) -> str:
    """What was asked for beside what was measured, as a Markdown table."""
    gaps = result["gap_ms"]
    left = "the last" if result["is_the_last"] else "another"
    pairs = result["seconds_alone_and_drawn"]
    slower = statistics.median(drawn / alone for alone, drawn in pairs) - 1
    rows = [
        ["slider moved → first picture with a new point, median / worst",
         "100 ms / 250 ms", median_and_worst(result["idle_ms"])],
        ["the same while another cell sleeps", "150 ms / 400 ms",
         median_and_worst(result["busy_ms"])],
        ["pictures per second while training", "12",
         f"{1000 / statistics.mean(gaps):.1f}, {result['blank_screens']} blank"],
        ["training slowed by drawing", "10%", f"{slower:.0%}"],
        ["100 epochs complete, median / worst", "3 s",
         f"{statistics.median(result['curve_ms']) / 1000:.1f} s / "
         f"{max(result['curve_ms']) / 1000:.1f} s"],
        ["a setting seen before is back", "100 ms",
         median_and_worst(result["seen_ms"])],
        [f"20 moves in {result['twenty_moves_s']:.1f} s", "8 runs, the last left",
         f"{result['starts']} runs, {left} left, {len(result['complaints'])} errors"],
    ]  # fmt: skip
    where = described(result, "the browser on the same machine")
    return f"{markdown(['H = 64', 'wanted', 'measured'], rows)}\n\n{where}"


def main() -> None:
    """Measure where there is a browser, and keep the result."""
    args = arguments(
        __doc__,
        moves={"type": int, "default": 30, "help": "of the slider, for each row"},
        pairs={"type": int, "default": 9, "help": "of runs without and with picture"},
    )
    if not is_there():
        return print(f"The panels were not measured: {MISSING}")
    result = in_jupyterlab(args.results, args.moves, args.pairs)
    save("explorers", args, result, table)


if __name__ == "__main__":
    main()
