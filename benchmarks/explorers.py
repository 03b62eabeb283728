"""How fast the training explorer answers, in a real JupyterLab in a real browser.

    python benchmarks/explorers.py

A key moves a slider; from then on the page itself takes the time until the picture has
been drawn anew. The kernel measures what drawing costs the training. Needs Playwright
and Chromium, as tests/browser does.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path

from _common import arguments, described, machine, markdown, save
from _lab import LOG, Notebook, chromium, jupyterlab, write_notebook

# A setting that nobody has seen: the slider of the seed, with nothing trained ahead.
SETUP = """
import json, statistics, threading, time
from d2l_rnn import explorers
from d2l_rnn.explorers import training

training.AHEAD = -1
explorer = explorers.Training(show=["seed", "num_epochs"], num_hiddens=64)
starts, learn = [], explorer._learn
explorer._learn = lambda *args, **kwargs: (starts.append(args), learn(*args, **kwargs))
"""
SHOW = "explorer"
FORGET = "explorer.set(seed=0); explorer.clear(); explorer.set(num_epochs={}); explorer.wait()"
COST = """
def alone(setting):
    run = training.Run(setting, training.load(setting["text"]))
    started = time.perf_counter()
    list(run.begin(lambda: None))
    return time.perf_counter() - started

def drawn(setting):
    explorer.start()
    explorer.wait()
    return explorer.current.seconds

explorer.set(num_epochs=500)
explorer.wait()
pairs = [(alone(explorer.setting), drawn(explorer.setting)) for _ in range(9)]
print(json.dumps([after / before for before, after in pairs]))
"""
STARTS = """
explorer.wait()
threads = [each.name for each in threading.enumerate() if "explorer" in each.name]
ended = explorer.current.setting == explorer.setting and explorer.current.is_complete
print(json.dumps([len(starts), len(threads), ended, len(explorer.runs), explorer.seed]))
"""
# The page notes when a key went down and when a picture was there.
WATCH = """() => {
    const image = document.querySelector('.d2l-rnn-explorer img');
    window.keys = []; window.pictures = []; window.blank = 0; window.frames = 0;
    document.addEventListener('keydown', () => keys.push(performance.now()), true);
    image.addEventListener('load', () => pictures.push(performance.now()));
    const look = () => {
        frames += 1; blank += image.naturalWidth > 0 ? 0 : 1;
        requestAnimationFrame(look);
    };
    look();
}"""
FIRST = "() => { const k = keys.at(-1); const p = pictures.find(t => t > k); return p ? p - k : null; }"


def main():
    args = arguments(__doc__, moves={"type": int, "default": 30})
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        cells = [SETUP, SHOW, "time.sleep(60)", COST, STARTS,]
        write_notebook(root / "measure.ipynb", *cells)
        with jupyterlab(root) as address, chromium() as browser:
            notebook = Notebook(browser, address.format("measure.ipynb"))
            ...
