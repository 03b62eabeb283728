"""How fast the scratch RNN trains, beside others that do the same.

    python benchmarks/speed.py

Tokens per second at several hidden sizes, with batch 32, 35 steps and the first 10,000
characters. The contenders take turns in one process, and medians over the rounds are
compared: `d2l_rnn`, on as many threads as PyTorch has, on one, and by `bptt`, which is
what trains without the engine; the notes' code as it stands; the book's concise version
around `nn.RNN`; and, where they are installed, a jitted scan in JAX and the plain loop
under `torch.compile`. Then the first again while other processes keep all cores but one
busy. "Of the best product" is the share of the multiplications a second that PyTorch's
fastest product of two matrices makes, on as many threads.

Writes `results/speed.json` and `results/speed.md`. Takes about four minutes, and needs
a machine that has nothing else to do.

Two contenders need the notes and the d2l 0.17.6 wheel. Where either is not to be had, a
plain loop of our own stands in for both. The tables say so, and go into
`results/speed_plain_loop.json` and `.md`: the course quotes the other ones.
"""

import contextlib
import functools
import importlib.util
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import _originals
import torch
from _common import arguments, described, machine, markdown, save
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm

from d2l_rnn import batching, bptt, rnn, training

BATCH_SIZE, NUM_STEPS = 32, 35
SIZES = (32, 64, 128, 256, 512, 1024)
TURN = 0.15  # seconds that a contender has at least, each time it is its turn
CPU = torch.device("cpu")
ORIGINALS = "the notes' code as it stands, and the book's RNNModel in the notes' loop"
COLUMNS = {
    "bptt": "over `bptt`",
    "notes": "over the notes' code",
    "nn_rnn": "over `nn.RNN`",
    "plain_loop": "over a plain loop",
    "plain_nn_rnn": "over `nn.RNN` in a plain loop",
    "jax": "over JAX",
    "torch_compile": "over `torch.compile`",
    "notes_on_one_thread": "over it on one thread",
    "plain_loop_on_one_thread": "over it on one thread",
}


class Contender:
    """Something that does an epoch's work each time it is called."""

    def __init__(self, epoch: Callable[[], object], tokens: int):
        self.epoch, self.tokens, self.speeds = epoch, tokens, []
        self.calls = 1

    def warm_up(self) -> None:
        """Find out how many epochs make a turn, from the quickest of three."""
        self.epoch()
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            self.epoch()
            seconds.append(time.perf_counter() - start)
        self.calls = 1 + int(TURN / min(seconds))

    def take_turn(self) -> None:
        start = time.perf_counter()
        for _ in range(self.calls):
            self.epoch()
        seconds = time.perf_counter() - start
        self.speeds.append(self.calls * self.tokens / seconds)


def loader():
    """The minibatches of the book's setting, the size of the vocabulary, and tokens."""
    minibatches, vocab = batching.load_data(BATCH_SIZE, NUM_STEPS, seed=0)
    return minibatches, len(vocab), sum(X.numel() for X, _ in minibatches)


def d2l_rnn(num_hiddens: int, **kwargs) -> Contender:
    """This package's own training run."""
    minibatches, vocab_size, tokens = loader()
    net = rnn.make_model("scratch", vocab_size, num_hiddens)
    run = training.train(net, minibatches, lr=1, num_epochs=sys.maxsize, **kwargs)
    return Contender(lambda: next(run), tokens)


def by_bptt(num_hiddens: int) -> Contender:
    """The same without the engine."""
    minibatches, vocab_size, tokens = loader()
    net = rnn.make_model("scratch", vocab_size, num_hiddens)
    run = training.train(
        net, minibatches, lr=1, num_epochs=sys.maxsize, backpropagate=bptt.ByHand(net)
    )
    return Contender(lambda: next(run), tokens)


def others() -> tuple[str, dict[str, Callable]]:
    """Whom we race with, in words, and what makes each of them, the scratch RNN first.

    They are the originals, or plain loops of our own where those are not to be had.
    """
    try:
        text, d2l = _originals.read_notes(), _originals.book()
    except _originals.NotToBeHad as missing:
        return f"our own plain loop over autograd ({missing})", {
            "plain_loop": functools.partial(plain_loop, "scratch"),
            "plain_nn_rnn": functools.partial(plain_loop, "rnn"),
        }
    code = _originals.notes_code(text, d2l)
    return ORIGINALS, {
        "notes": functools.partial(notes, code),
        "nn_rnn": functools.partial(nn_rnn, code),
    }


def notes(code, num_hiddens: int) -> Contender:
    """The notes' `train_epoch_ch8` with the notes' model."""
    minibatches, vocab_size, tokens = loader()
    net = code.RNNModelScratch(
        vocab_size, num_hiddens, CPU, code.get_params, code.init_rnn_state, code.rnn
    )

    def updater(batch_size):
        code.d2l.sgd(net.params, 1, batch_size)

    return _by_the_notes(code, net, minibatches, tokens, updater)


def nn_rnn(code, num_hiddens: int) -> Contender:
    """The same loop with the book's `RNNModel`."""
    minibatches, vocab_size, tokens = loader()
    net = code.d2l.RNNModel(nn.RNN(vocab_size, num_hiddens), vocab_size)
    updater = torch.optim.SGD(net.parameters(), lr=1)
    return _by_the_notes(code, net, minibatches, tokens, updater)


def _by_the_notes(code, net, minibatches, tokens, updater) -> Contender:
    loss = nn.CrossEntropyLoss()
    return Contender(
        lambda: code.train_epoch_ch8(net, minibatches, loss, updater, CPU, False),
        tokens,
    )


def plain_loop(cell: str, num_hiddens: int) -> Contender:
    """A model of ours, trained as one would write it with PyTorch alone."""
    minibatches, vocab_size, tokens = loader()
    net = rnn.make_model(cell, vocab_size, num_hiddens)
    optimizer = torch.optim.SGD(rnn.parameters_of(net), lr=1)
    return Contender(lambda: plain_epoch(net, minibatches, optimizer), tokens)


def plain_epoch(net, minibatches, optimizer) -> float:
    """An epoch by autograd, step by step through time, and its perplexity."""
    state = net.begin_state(batch_size=BATCH_SIZE)
    losses = []
    for X, Y in minibatches:
        outputs, state = net(X, rnn.detach(state))
        mean_loss = F.cross_entropy(outputs, Y.T.flatten())
        optimizer.zero_grad()
        mean_loss.backward()
        nn.utils.clip_grad_norm_(rnn.parameters_of(net), max_norm=1)
        optimizer.step()
        losses.append(mean_loss.item())
    return math.exp(statistics.mean(losses))


def others_installed() -> dict[str, Callable]:
    """Contenders that take packages which the course does without."""
    found = {}
    if importlib.util.find_spec("jax"):
        import _jax

        found["jax"] = functools.partial(_stacked, _jax.epoch_of)
    if any(map(shutil.which, ("g++", "c++", "clang++"))) and not os.name == "nt":
        found["torch_compile"] = compiled_loop
    return found


def _stacked(epoch_of: Callable, num_hiddens: int) -> Contender:
    """A contender that takes the minibatches of an epoch as two arrays, once."""
    minibatches, vocab_size, tokens = loader()
    X, Y = (torch.stack(part).numpy() for part in zip(*minibatches, strict=True))
    params = rnn.get_params(vocab_size, num_hiddens)
    params = [param.detach().numpy() for param in params]
    return Contender(epoch_of(params, X, Y), tokens)


def compiled_loop(num_hiddens: int) -> Contender:
    """The plain loop, its forward pass and loss under `torch.compile`."""
    minibatches, vocab_size, tokens = loader()
    net = rnn.make_model("scratch", vocab_size, num_hiddens)
    optimizer = torch.optim.SGD(net.params, lr=1)
    compiled = torch.compile(net.__call__)
    compiled.begin_state, compiled.params = net.begin_state, net.params
    return Contender(lambda: plain_epoch(compiled, minibatches, optimizer), tokens)


def work(num_hiddens: int, vocab_size: int) -> int:
    """The multiplications of a token: three products with W_hh, three with W_hq."""
    return 3 * num_hiddens * (num_hiddens + vocab_size)


def best_product() -> float:
    """Multiplications a second in PyTorch's fastest product of two matrices."""
    best = 0.0
    for size in (256, 512, 1024):
        A, B, out = torch.randn(3, size, size)
        for _ in range(5):
            start = time.perf_counter()
            torch.mm(A, B, out=out)
            best = max(best, size**3 / (time.perf_counter() - start))
    return best


@contextlib.contextmanager
def threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def on_one_thread(contender: Contender) -> Contender:
    """The same, on one thread."""

    def epoch():
        with threads(1):
            all_of_it()

    all_of_it, contender.epoch = contender.epoch, epoch
    return contender


@contextlib.contextmanager
def busy_cores(number: int) -> Iterator[None]:
    """So many processes that do nothing, as fast as they can."""
    processes = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(number)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def race(contenders: dict[str, Callable], sizes, rounds: int) -> list[dict]:
    """Rows of medians, one for each size: the contenders take turns in each round."""
    rows = []
    for num_hiddens in sizes:
        torch.manual_seed(0)
        runners = {name: make(num_hiddens) for name, make in contenders.items()}
        for runner in runners.values():
            runner.warm_up()
        best = dict.fromkeys(("d2l_rnn", "one_thread"), 0.0)
        for _ in tqdm(range(rounds), desc=f"H = {num_hiddens}", leave=False):
            for runner in runners.values():
                runner.take_turn()
            best["d2l_rnn"] = max(best["d2l_rnn"], best_product())
            with threads(1):
                best["one_thread"] = max(best["one_thread"], best_product())
        speeds = {name: statistics.median(r.speeds) for name, r in runners.items()}
        rows.append(
            {
                "num_hiddens": num_hiddens,
                "tokens_per_second": speeds,
                "of_best_product": {
                    name: speeds[name] * work(num_hiddens, loader()[1]) / best[name]
                    for name in best
                    if name in speeds
                },
            }
        )
    return rows


def table(result: dict) -> str:
    """The result as two Markdown tables, with the machine between them.

    Where our own loop stood in for the originals, a sentence below says so.
    """
    parts = [
        markdown(*cells("H", result["rows"])),
        f"{described(result['machine'])}.",
        markdown(*cells("H, other cores busy", result["busy"])),
    ]
    if "plain_loop" in result["rows"][0]["tokens_per_second"]:
        parts.append(f"Compared with {result['compared_with']}.")
    return "\n\n".join(parts) + "\n"


def cells(first: str, rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    """Columns, and a row for each H: our speeds, and how many times each other one."""
    ours = list(rows[0]["of_best_product"])
    others = [name for name in rows[0]["tokens_per_second"] if name not in ours]
    columns = [first]
    for name in ours:
        columns += ["tokens/s" + (", one thread" if name != "d2l_rnn" else "")]
        columns += ["of the best product"]
    columns += [COLUMNS[name] for name in others]
    table = []
    for row in rows:
        speed, shares = row["tokens_per_second"], row["of_best_product"]
        cells = [str(row["num_hiddens"])]
        for name in ours:
            cells += [f"{speed[name]:,.0f}", f"{shares[name]:.0%}"]
        cells += [f"{speed['d2l_rnn'] / speed[name]:.2f}×" for name in others]
        table.append(cells)
    return columns, table


def main() -> None:
    args = arguments(
        __doc__,
        rounds={"type": int, "default": 9},
        sizes={"type": int, "nargs": "+", "default": SIZES},
        without={"nargs": "*", "default": [], "help": "jax, torch_compile"},
    )
    installed = others_installed()
    for name in args.without:
        installed.pop(name, None)
    in_words, makers = others()
    scratch, make = next(iter(makers.items()))
    one_thread = functools.partial(d2l_rnn, num_threads=1)
    quiet = {"d2l_rnn": d2l_rnn, "one_thread": one_thread, "bptt": by_bptt, **makers}
    crowded = {
        "d2l_rnn": d2l_rnn,
        "one_thread": one_thread,
        scratch: make,
        f"{scratch}_on_one_thread": lambda num_hiddens: on_one_thread(
            make(num_hiddens)
        ),
    }
    result = {
        "machine": machine(),
        "compared_with": in_words,
        "batch_size": BATCH_SIZE,
        "num_steps": NUM_STEPS,
        "rows": race(quiet | installed, args.sizes, args.rounds),
    }
    with busy_cores(max(1, (os.cpu_count() or 2) - 1)):
        result["busy"] = race(crowded, args.sizes, args.rounds)
    name = "speed" if scratch == "notes" else f"speed_{scratch}"
    save(name, result, table(result), args.results)


if __name__ == "__main__":
    main()
