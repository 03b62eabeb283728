"""How fast the engine trains in a browser, as WebAssembly, on one thread.

    python benchmarks/webassembly.py

Tokens per second in a headless Chromium, driven by Playwright, and of the same engine
in this process, on one thread: the minibatches of an epoch of the first 10,000
characters, batch 32, 35 steps. The sizes take turns; medians over the rounds. Writes
`results/webassembly.json`. Takes a minute. Needs Playwright and Chromium, and says so
where they are missing.
"""

from __future__ import annotations

import base64
import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from _common import arguments, described, markdown, rounds_and_sizes, save
from _lab import MISSING, chromium, is_there
from torch import Tensor

from d2l_rnn import batching, engine, rnn
from d2l_rnn.engine.compiled import BIN

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZES = (32, 64, 128, 256, 512)
ENGINES = ("engine-relaxed.wasm", "engine.wasm")  # the first that the browser can run
# The fields of `Run` in rnn.c, four bytes each: seven integers, two floats, the places
# of 17 arrays, three results, one to fill up, and two counters of eight bytes.
PAGE = """
async ({ wasm, T, B, V, n, X, Y, sizes }) => {
  const bytes = wasm.map((each) => Uint8Array.from(atob(each), (c) => c.charCodeAt(0)))
    .find((each) => WebAssembly.validate(each));
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const { memory, rnn_train, rnn_workspace, __heap_base } = instance.exports;
  let end = __heap_base.value;
  const room = (numbers) => {
    const start = (end + 63) & ~63;
    end = start + 4 * numbers;
    const pages = Math.ceil((end - memory.buffer.byteLength) / 65536);
    if (pages > 0) memory.grow(pages);
    return start;
  };
  const integers = (start, values) =>
    new Int32Array(memory.buffer, start, values.length).set(values);
  const tokens = [X, Y].map((values) => {
    const start = room(values.length);
    integers(start, values);
    return start;
  });
  const epochs = sizes.map((H) => {
    const run = room(34);
    const shapes = [V * H, H * H, H, H * V, V];
    const places = shapes.map((size) => room(size));
    shapes.forEach((size, i) => {
      const numbers = new Float32Array(memory.buffer, places[i], size);
      if (i !== 2 && i !== 4) numbers.forEach((_, j) => {
        numbers[j] = 0.035 * (Math.random() - 0.5);
      });
    });
    const others = [...shapes, B * H, 2 * n, 2 * n, 2 * T * B].map(room);
    integers(run, [T, B, H, V, n, 0, 1, 0, 0, ...tokens, ...places, ...others]);
    new Float32Array(memory.buffer, run + 28, 2).set([1, 1]);
    integers(run + 100, [room(Number(rnn_workspace(run)))]);
    return () => {
      integers(run + 104, Array(8).fill(0));
      rnn_train(run);
      const [trained] = new Int32Array(memory.buffer, run + 104, 1);
      if (trained !== n) throw new Error(`${trained} of ${n} minibatches`);
    };
  });
  window.turn = (i, milliseconds) => {
    const start = performance.now();
    let done = 0;
    while (performance.now() - start < milliseconds) epochs[i](), done++;
    return (1000 * done * n * T * B) / (performance.now() - start);
  };
}
"""


def epoch_here(
    num_hiddens: int, X: Tensor, Y: Tensor, vocab_size: int
) -> Callable[[], object]:
    """A function that trains for an epoch in this process, on one thread."""
    net = rnn.make_model("scratch", vocab_size, num_hiddens, seed=0)
    mine, H_0 = engine.Engine(net.params), torch.zeros(X.shape[1], num_hiddens)
    return lambda: mine.train(X, Y, H_0, 1.0, 1.0, num_threads=1)


def turn_here(epoch: Callable[[], object], tokens: int, seconds: float) -> float:
    """Tokens per second, in as many epochs as these seconds have room for."""
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        epoch()
        done += 1
    return done * tokens / (time.perf_counter() - start)


def race(
    page: Page, X: Tensor, Y: Tensor, vocab_size: int, sizes: Sequence[int], rounds: int
) -> list[dict]:
    """Rows of medians, one for each size. X, Y: an epoch's tokens, (n, B, T)."""
    n, B, T = X.shape
    wasm = [base64.b64encode((BIN / name).read_bytes()).decode() for name in ENGINES]
    given = {"wasm": wasm, "T": T, "B": B, "V": vocab_size, "n": n, "sizes": sizes}
    page.evaluate(PAGE, {**given, "X": X.flatten().tolist(), "Y": Y.flatten().tolist()})
    here = [epoch_here(H, X, Y, vocab_size) for H in sizes]
    speeds = {H: {"browser": [], "here": []} for H in sizes}
    for _ in range(rounds + 1):  # the first warms up
        for i, H in enumerate(sizes):
            speed = page.evaluate("([i, ms]) => window.turn(i, ms)", [i, 200])
            speeds[H]["browser"].append(speed)
            speeds[H]["here"].append(turn_here(here[i], X.numel(), 0.2))
    return [
        {
            "num_hiddens": H,
            **{name: statistics.median(each[1:]) for name, each in speeds[H].items()},
        }
        for H in sizes
    ]


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    columns = ["H", "tokens/s in the browser", "of this process on one thread"]
    rows = [
        [str(row["num_hiddens"]), f"{row['browser']:,.0f}"]
        + [f"{row['browser'] / row['here']:.0%}"]
        for row in result["rows"]
    ]
    where = described(result, f"Chromium {result['chromium']}")
    return f"{markdown(columns, rows)}\n\n{where}"


def main() -> None:
    """Measure here and in a browser, and keep the result."""
    args = arguments(__doc__, **rounds_and_sizes(9, SIZES))
    if not is_there():
        return print(f"The engine in a browser was not measured: {MISSING}")
    minibatches, vocab = batching.load_data(32, 35, seed=0)
    X, Y = (torch.stack(part) for part in zip(*minibatches, strict=True))
    with chromium() as browser:
        rows = race(browser.new_page(), X, Y, len(vocab), args.sizes, args.rounds)
        result = {"chromium": browser.version, "rows": rows}
    save("webassembly", args, result, table)


if __name__ == "__main__":
    main()
