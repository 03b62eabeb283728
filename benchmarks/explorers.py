"""How fast the training explorer answers, in a real JupyterLab in a real browser.

    python benchmarks/explorers.py

A key moves a slider, and the page itself takes the time until the picture has been
drawn anew. Needs Playwright and Chromium, as tests/browser does.
"""

import statistics
import tempfile
import time
from pathlib import Path

from _common import arguments, described, machine, markdown, save
from _lab import LOG, Notebook, chromium, jupyterlab, write_notebook

# The slider of the seed has settings that nobody has seen, if none is trained ahead.
SETUP = """
import json, threading, time
from d2l_rnn import explorers
from d2l_rnn.explorers import training

training.AHEAD = -1
explorer = explorers.Training(show=["seed"], num_hiddens=64)
starts, learn = [], explorer._learn
explorer._learn = lambda *args, **kwargs: (starts.append(args), learn(*args, **kwargs))
explorer
"""
BUSY = "time.sleep({})"
LONG = """
explorer.clear()
explorer.set(num_epochs=500)
explorer.wait()
"""
# Alternating: the same run without a picture, and with it.
COST = """
def alone():
    run = training.Run(explorer.setting, explorer.current.text)
    started = time.perf_counter()
    list(run.begin(lambda: None))
    return time.perf_counter() - started

def drawn():
    explorer.start()
    explorer.wait(60)
    return explorer.current.seconds

print(json.dumps([[alone(), drawn()] for _ in range(9)]))
"""
COUNT = """
explorer.wait(60)
threads = [each.name for each in threading.enumerate() if "explorer" in each.name]
print(json.dumps({
    "starts": len(starts), "threads": len(threads), "shown": explorer.current.setting["seed"],
    "asked": explorer.seed, "complete": explorer.current.is_complete,
}))
starts.clear()
"""
HANDLE = ".d2l-rnn-explorer .noUi-handle"
# The page notes when a key went down, when a picture was there, and every blank frame.
WATCH = """() => {
    const image = document.querySelector('.d2l-rnn-explorer img');
    window.keys = []; window.pictures = []; window.blank = 0;
    document.addEventListener('keydown', () => keys.push(performance.now()), true);
    image.addEventListener('load', () => pictures.push(performance.now()));
    const look = () => {
        blank += image.naturalWidth > 0 ? 0 : 1;
        requestAnimationFrame(look);
    };
    look();
}"""
ANSWER = """() => {
    const key = keys.at(-1), picture = pictures.find(time => time > key);
    return picture === undefined ? null : picture - key;
}"""
READOUT = "() => document.querySelector('.d2l-rnn-explorer').innerText"


def main():
    args = arguments(__doc__, moves={"type": int, "default": 30})
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_notebook(root / "measure.ipynb", SETUP, BUSY.format(args.moves * 2), LONG,
                       COST, COUNT)  # fmt: skip
        with jupyterlab(root) as address, chromium() as browser:
            notebook = Notebook(browser, address.format("measure.ipynb"))
            result = measure(notebook, args.moves) | {"machine": machine()}
            notebook.close()
        log = (root / LOG).read_text(encoding="utf-8")
        result["log"] = [line for line in log.splitlines() if "Error" in line]
    save("explorers", result, table(result), args.results)


def measure(notebook: Notebook, moves: int) -> dict:
    result = {}
    notebook.run(0)
    notebook.until(lambda: has_ended(notebook), 60)
    notebook.page.evaluate(WATCH)
    notebook.page.locator(HANDLE).first.focus()
    result["idle"] = [move(notebook) for _ in range(moves)]
    ...


if __name__ == "__main__":
    main()
