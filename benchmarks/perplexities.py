"""What the models of the course make of text that they have not learned from.

    python benchmarks/perplexities.py

Each learns from the first 10,000 characters of *The Time Machine*, and again from the
first eight tenths of it. What has to be chosen is chosen on the ninth tenth: n and
epsilon of the n-grams, and the epoch after which a network stops. The last tenth is
held out: nothing was learned from it and nothing chosen on it. Networks have five
seeds. Writes `results/perplexities.json`. Takes about a quarter of an hour.
"""

import statistics
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from _common import arguments, described, markdown, save
from torch import Tensor
from torch.nn import functional as F

from d2l_rnn import batching, evaluating, progress, rnn, text, training
from d2l_rnn.ngrams import Tally

BATCH_SIZE, NUM_STEPS, NUM_HIDDENS, THETA = 32, 35, 256, 1
NUM_FIRST = 10_000  # the characters that the book trains on
MAX_N = 8
EPSILONS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
# Adam's learning rate, and the epochs after which no seed is still getting better: on
# the first characters, and on eight tenths of the book.
NETWORKS = {"scratch": (0.002, 40, 24), "gru": (0.003, 30, 9)}
NAMES = {
    "guessing": "guessing evenly",
    "bigram": "bigram, counted",
    "network": "bigram, as a network",
    "ngram": "best n-gram",
    "scratch": "RNN",
    "gru": "GRU",
}


class Texts(NamedTuple):
    """A text cut in three, as indices; `name` says what is learned from."""

    name: str
    learned: Tensor
    chosen_on: Tensor
    held_out: Tensor
    vocab_size: int


class Found(NamedTuple):
    """Perplexities of a model on the three texts, and what was chosen."""

    learned: float
    chosen_on: float
    held_out: float
    choice: str


def texts() -> Iterator[Texts]:
    """The first characters and eight tenths of the book, with the same other texts."""
    corpus, vocab = text.load_corpus()
    seen, held_out = batching.split(corpus, 0.1)
    learned, chosen_on = batching.split(seen, len(held_out) / len(seen))
    first = learned[:NUM_FIRST]
    yield Texts("first", first, chosen_on, held_out, len(vocab))
    yield Texts("book", learned, chosen_on, held_out, len(vocab))


def best(found: Iterable[Found]) -> Found:
    """The one with the lowest perplexity on the text that is chosen on."""
    return min(found, key=lambda each: each.chosen_on)


# ---- The models ----


def counted(cut: Texts, orders: Iterable[int]) -> Iterator[Found]:
    """N-grams of these orders, smoothed with each of the epsilons."""
    vocab, seen = range(cut.vocab_size), cut.learned.tolist()
    choosing = Tally(seen, cut.chosen_on.tolist(), MAX_N, vocab)
    testing = Tally(seen, cut.held_out.tolist(), MAX_N, vocab)
    for epsilon in EPSILONS:
        on_learned, on_chosen = choosing.perplexities(epsilon)
        _, on_held_out = testing.perplexities(epsilon)
        for n in orders:
            three = (on[n - 1] for on in (on_learned, on_chosen, on_held_out))
            yield Found(*three, f"n = {n}, epsilon = {epsilon:g}")


def bigram_network(cut: Texts, seed: int) -> Iterator[Found]:
    """One layer, softmax(x W), by gradient descent; measured every ten steps."""
    torch.manual_seed(seed)
    counts = [pairs(part, cut.vocab_size) for part in cut[1:4]]  # of P(next | last)
    W = torch.randn(cut.vocab_size, cut.vocab_size, dtype=torch.float64) * 0.01
    W.requires_grad_()
    optimizer = torch.optim.Adam([W], lr=0.1)
    for step in range(1, 501):
        optimizer.zero_grad()
        mean_loss(W, counts[0]).backward()
        optimizer.step()
        if step % 10 == 0:
            with torch.no_grad():
                losses = (mean_loss(W, each).item() for each in counts)
                yield Found(*map(progress.perplexity, losses), f"{step} steps")


def pairs(tokens: Tensor, vocab_size: int) -> Tensor:
    """How often each token follows each, (V, V)."""
    codes = tokens[:-1].long() * vocab_size + tokens[1:]
    return torch.bincount(codes, minlength=vocab_size**2).reshape(vocab_size, -1)


def mean_loss(W: Tensor, counts: Tensor) -> Tensor:
    """The cross-entropy of softmax(x W) on pairs that occur so often."""
    return -(counts * F.log_softmax(W, dim=1)).sum() / counts.sum()


def recurrent(cut: Texts, cell: str, seed: int) -> Iterator[Found]:
    """A recurrent network after each epoch."""
    lr, on_first, on_book = NETWORKS[cell]
    net = rnn.make_model(cell, cut.vocab_size, NUM_HIDDENS, seed=seed)
    learned, chosen_on, held_out = (
        batching.SequenceLoader(part, BATCH_SIZE, NUM_STEPS, seed=seed)
        for part in cut[1:4]
    )
    num_epochs = on_first if cut.name == "first" else on_book
    for record in training.train(
        net, learned, lr, num_epochs, THETA,
        optimizer=torch.optim.Adam, held_out=chosen_on,
    ):  # fmt: skip
        yield Found(
            record.perplexity,
            record.held_out_perplexity,
            evaluating.evaluate(net, held_out),
            f"{record.epoch} epochs",
        )


def measured(cut: Texts, seeds: int) -> dict[str, list[Found]]:
    """Each model, with its best choice; the networks once for each seed."""
    found = {
        "guessing": [Found(*[float(cut.vocab_size)] * 3, "")],
        "bigram": [best(counted(cut, [2]))],
        "network": [best(bigram_network(cut, seed)) for seed in range(seeds)],
        "ngram": [best(counted(cut, range(1, MAX_N + 1)))],
    }
    for cell in NETWORKS:
        found[cell] = []
        for seed in range(seeds):
            found[cell].append(best(recurrent(cut, cell, seed)))
            print(cut.name, cell, seed, found[cell][-1], file=sys.stderr, flush=True)
    return found


# ---- The table ----


def table(result: dict) -> str:
    """Held-out perplexities, learned from little and from much, as a Markdown table."""
    first, book = (f"{result['characters'][name]:,}" for name in ("first", "book"))
    columns = ["model", f"learned from {first} characters", f"from {book}"]
    rows = [
        [name, *(cell(result[learned][key]) for learned in ("first", "book"))]
        for key, name in NAMES.items()
    ]
    held_out = f"{result['characters']['held_out']:,} characters held out"
    return f"{markdown(columns, rows)}\n\n{described(result, held_out)}"


def cell(found: list[list]) -> str:
    """The median of the seeds on held-out text, and its range if there is one."""
    values = [each[Found._fields.index("held_out")] for each in found]
    middle = f"{statistics.median(values):.1f}"
    low, high = f"{min(values):.1f}", f"{max(values):.1f}"
    return middle if low == high else f"{middle} ({low} to {high})"


def main() -> None:
    """Measure all models on both texts, and keep the result."""
    args = arguments(__doc__, seeds={"type": int, "default": 5})
    first, book = texts()
    sizes = {"first": first.learned, "book": book.learned, "held_out": book.held_out}
    result = {
        "characters": {name: len(tokens) for name, tokens in sizes.items()},
        "first": measured(first, args.seeds),
        "book": measured(book, args.seeds),
    }
    save("perplexities", args, result, table)


if __name__ == "__main__":
    main()
