"""How fast the playground's page is, in Chromium: training, answers, size, memory.

    python benchmarks/playground.py [--rounds N] [--sizes H …] [--recurrentjs FILE]

The page is opened as a file, and trains and draws as it does for a reader: tokens per
second over some seconds, beside those of `torch.nn.RNN` in this process, on the same
minibatches (the story's first 10,000 characters, batch 32, 35 steps); the sizes take
turns, medians over the rounds. With the file recurrent.js of Karpathy's recurrentjs,
what that trains in the same browser stands beside them: one layer of an RNN, letters
of five numbers as in its demo, and a step of its solver for 32 subsequences. Then how
long the page takes to show something, for how long its thread is blocked while it
trains, and the memory of its process. Writes `results/playground.json`. Takes four
minutes. Needs Playwright and Chromium, and says so where they are missing.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from _common import arguments, described, markdown, rounds_and_sizes, save
from _lab import MISSING, chromium, is_there

from d2l_rnn import batching, corpora, rnn, training
from d2l_rnn.web import PLAYGROUND

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = (32, 64, 128, 256)
SECONDS = 2.0  # of training in a turn
SIDE_BY_SIDE = {
    "page": "tokens/s in the page",
    "torch": "of `torch.nn.RNN`, in a kernel",
    "recurrentjs": "of recurrentjs",
}
RUNS = 100  # for the memory
VIEW = {"width": 1366, "height": 900}
# When the first point of a curve was drawn, in milliseconds after the page was opened.
WATCH = """
window.firstPoint = new Promise(found => {
  const look = () => globalThis.d2lPlayground?.session.store.get('curve_0')
    ? requestAnimationFrame(() => found(performance.now()))
    : requestAnimationFrame(look);
  look();
});
"""
TURN = """async ([H, seed, seconds]) => {
  const page = d2lPlayground, pause = ms => new Promise(go => setTimeout(go, ms));
  page.setTo({ H, seed, epochs: 500 });
  const state = () => page.session.current.state;
  while (!state()?.numEpochs) await pause(1);
  const [from, began] = [state(), performance.now()];
  while (performance.now() - began < 1000 * seconds && state().isRunning)
    await pause(5);
  const [to, took] = [state(), performance.now() - began];
  const tokens = from.batchSize * from.numSteps * Math.max(from.count, to.count);
  return 1000 * tokens * (to.numEpochs - from.numEpochs) / took;
}"""
# The time from a slider's event until the frame that has the first new point.
MOVE = """async i => {
  const slider = document.querySelector('.d2l-left input[type=range]');
  const store = d2lPlayground.session.store, began = performance.now();
  slider.value = i;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  const frame = () => new Promise(requestAnimationFrame);
  while (!store.get(`curve_${store.get('current')}`)) await frame();
  return performance.now() - began;
}"""
# The longest time between two turns of the page's thread, in this many seconds.
BLOCK = """seconds => new Promise(done => {
  const { port1, port2 } = new MessageChannel();
  const end = performance.now() + 1000 * seconds;
  let last = performance.now(), longest = 0;
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (now < end) port2.postMessage(0);
    else done(longest);
  };
  port2.postMessage(0);
})"""
HUNDRED = """async seed => {
  const page = d2lPlayground, began = performance.now();
  page.setTo({ H: 64, seed, epochs: 100 });
  while (!(page.session.current.state?.numEpochs >= 100))
    await new Promise(go => setTimeout(go, 1));
  return performance.now() - began;
}"""


RECURRENTJS = """([H, V, seconds]) => {
  const model = R.initRNN(5, [H], V), solver = new R.Solver();
  model.Wil = new R.RandMat(V, 5, 0, 0.08);
  const began = performance.now();
  let tokens = 0;
  while (performance.now() - began < 1000 * seconds) {
    for (let row = 0; row < 32; row++) {
      const graph = new R.Graph();
      let state = {};
      for (let t = 0; t < 35; t++, tokens++) {
        const letter = graph.rowPluck(model.Wil, R.randi(0, V));
        state = R.forwardRNN(graph, model, [H], letter, state);
        const scores = state.o, p = R.softmax(scores);
        scores.dw = p.w;
        scores.dw[R.randi(0, V)] -= 1;
      }
      graph.backward();
    }
    solver.step(model, 0.01, 0, 5);
  }
  return 1000 * tokens / (performance.now() - began);
}"""


def opened(browser: Browser, hash: str = "") -> Page:
    """The page, as a fresh browser opens it."""
    page = browser.new_context(viewport=VIEW).new_page()
    page.add_init_script(WATCH)
    page.goto(PLAYGROUND.as_uri() + hash)
    return page


def race(
    page: Page, beside: Page | None, sizes: Sequence[int], rounds: int
) -> list[dict]:
    """Rows of medians, one for each size: the page's, and those of the others."""
    speeds = {H: {"page": [], "torch": [], "recurrentjs": []} for H in sizes}
    for i in range(rounds):
        for H in sizes:
            speeds[H]["page"].append(page.evaluate(TURN, [H, i, SECONDS]))
            page.evaluate("() => d2lPlayground.session.clear()")
            speeds[H]["torch"].append(speed_of_torch(H))
            if beside:
                speed = beside.evaluate(RECURRENTJS, [H, 28, SECONDS])
                speeds[H]["recurrentjs"].append(speed)
    return [
        {"num_hiddens": H}
        | {name: statistics.median(each) for name, each in speeds[H].items() if each}
        for H in sizes
    ]


def speed_of_torch(num_hiddens: int) -> float:
    """Tokens per second of `torch.nn.RNN` on the same minibatches, in some epochs."""
    path = corpora.STORY_PATH
    minibatches, vocab = batching.load_data(32, 35, path=path, seed=0)
    net = rnn.make_model("rnn", len(vocab), num_hiddens, seed=0)
    speeds, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        speeds.append(training.train_epoch(net, minibatches, 1.0).tokens_per_second)
    return statistics.median(speeds)


def answers(browser: Browser, rounds: int) -> dict[str, float]:
    """Milliseconds: medians over the rounds, of the blocks and moves the worst, too."""
    opening = []
    for _ in range(rounds):
        page = opened(browser)
        opening.append(page.evaluate("window.firstPoint"))
        page.context.close()
    page = opened(browser, "#epochs=500&H=64")
    page.wait_for_timeout(1500)  # its code is compiled by then
    blocks = [page.evaluate(BLOCK, 1) for _ in range(rounds)]
    moves = [page.evaluate(MOVE, i) for i in range(12)]
    hundred = [page.evaluate(HUNDRED, 10 + seed) for seed in range(rounds)]
    page.context.close()
    return {
        "first point": statistics.median(opening),
        "move": statistics.median(moves),
        "slowest move": max(moves),
        "block": statistics.median(blocks),
        "longest block": max(blocks),
        "hundred epochs": statistics.median(hundred),
    }


def memory(browser: Browser) -> dict[str, float]:
    """Bytes of the page's process that no other has, after RUNS runs at H = 512.

    Also once its garbage is collected, which a browser with enough memory puts off.
    """
    before = set(renderers(browser))
    page = opened(browser, "#epochs=1&H=512")
    page.evaluate("window.firstPoint")
    # Chromium keeps an empty one in reserve, too.
    process = max(set(renderers(browser)) - before, key=private)
    begun = private(process)
    for seed in range(RUNS):
        page.evaluate(
            "async seed => { d2lPlayground.setTo({ seed, B: 32 }); while "
            "(!d2lPlayground.session.current.state?.numEpochs) "
            "await new Promise(go => setTimeout(go, 5)); }",
            seed,
        )
    page.wait_for_timeout(1000)
    many = private(process)
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    page.wait_for_timeout(1000)
    return {"one run": begun, "many runs": many, "collected": private(process)}


def renderers(browser: Browser) -> list[int]:
    """The processes that show pages."""
    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    return [each["id"] for each in found["processInfo"] if each["type"] == "renderer"]


def private(process: int) -> int:
    """Bytes that this process has for itself, as Linux counts them."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith("Private")]
    return 1024 * sum(kilobytes)


def table(result: dict) -> str:
    """The result as Markdown tables, with the machine below them."""
    rows = [
        [str(row["num_hiddens"])]
        + [f"{row[name]:,.0f}" if name in row else "" for name in SIDE_BY_SIDE]
        for row in result["rows"]
    ]
    columns = ["H", *SIDE_BY_SIDE.values()]
    took, used = result["milliseconds"], result["memory"]
    others = [
        ["file opened → first point of the curve", f"{took['first point']:.0f} ms"],
        ["slider moved → first new point", f"{took['move']:.0f} ms"],
        ["the slowest of twelve moves", f"{took['slowest move']:.0f} ms"],
        ["longest block of the page's thread in a second", f"{took['block']:.0f} ms"],
        ["the longest of all", f"{took['longest block']:.0f} ms"],
        ["100 epochs at H = 64", f"{took['hundred epochs'] / 1000:.2f} s"],
        ["file", f"{result['bytes'] / 1000:.0f} KB"],
        [
            "memory of its process, one run at H = 512",
            f"{used['one run'] / 1e6:.0f} MB",
        ],
        [f"after {RUNS} runs", f"{used['many runs'] / 1e6:.0f} MB"],
        ["and without their garbage", f"{used['collected'] / 1e6:.0f} MB"],
    ]
    parts = [
        markdown(columns, rows),
        markdown(["", ""], others),
        described(result, f"Chromium {result['chromium']}"),
    ]
    return "\n\n".join(parts)


def main() -> None:
    """Measure, and keep the result."""
    other = {"recurrentjs": {"type": Path, "help": "its file recurrent.js"}}
    args = arguments(__doc__, **rounds_and_sizes(5, SIZES), **other)
    if not is_there():
        return print(f"The playground was not measured: {MISSING}")
    torch.manual_seed(0)
    with chromium() as browser:
        page, beside = opened(browser, "#epochs=500"), None
        if args.recurrentjs:
            beside = browser.new_page()
            beside.add_script_tag(path=args.recurrentjs)
            args.recurrentjs = args.recurrentjs.name
        rows = race(page, beside, args.sizes, args.rounds)
        page.context.close()
        result = {
            "chromium": browser.version,
            "rows": rows,
            "milliseconds": answers(browser, args.rounds),
            "memory": memory(browser),
            "bytes": PLAYGROUND.stat().st_size,
        }
    save("playground", args, result, table)


if __name__ == "__main__":
    main()
