"""How fast the other models train, and how fast all of them write.

    python benchmarks/models.py

Three comparisons, each of contenders that take turns in one process; medians over the
rounds, batch 32, 35 steps.

words    The scratch RNN on the first 10,000 words of *The Time Machine*, with a
         vocabulary of 4,580, beside the same on characters, by `bptt`, and `nn.RNN`.
gated    The scratch GRU and LSTM beside `nn.GRU` and `nn.LSTM`, on characters: the same
         shapes, and the same step of training, `training.train`'s, for all of them.
writing  What `generating.predict` writes with the scratch models and with PyTorch's.

Writes `results/models.json`. Takes about four minutes, and needs a machine that has
nothing else to do.
"""

import functools

from _common import arguments, described, markdown, rounds_and_sizes, save
from _contenders import BATCH_SIZE, NUM_STEPS, data, model, our_run
from _race import Contender, Maker, race, ratios

from d2l_rnn import batching, generating

SIZES = (32, 128, 256)
SIZES_OF_WRITERS = [32, 64, 128, 256, 512]
LETTERS = 200  # written in one call
# Ours and PyTorch's, side by side.
PAIRS = {"scratch": "rnn", "scratch_gru": "gru", "scratch_lstm": "lstm"}
LABELS = {"scratch": "RNN", "scratch_gru": "GRU", "scratch_lstm": "LSTM"}


def on_words() -> dict[str, Maker]:
    """The scratch RNN and `nn.RNN`, which learn to predict words."""
    words = functools.partial(our_run, token="word")
    return {
        "words": words,
        "characters": our_run,
        "bptt": functools.partial(words, backpropagate="bptt"),
        "rnn": functools.partial(words, cell="rnn"),
    }


def with_gates() -> dict[str, Maker]:
    """The scratch GRU and LSTM and those of PyTorch."""
    cells = [cell for pair in PAIRS.items() for cell in pair][2:]
    return {cell: functools.partial(our_run, cell=cell) for cell in cells}


def writers() -> dict[str, Maker]:
    """All six models, with the parameters that they begin with."""
    cells = [cell for pair in PAIRS.items() for cell in pair]
    return {cell: functools.partial(writer, cell=cell) for cell in cells}


def writer(num_hiddens: int, cell: str) -> Contender:
    """A model that continues "time traveller", a character at a time."""
    _, vocab = batching.load_data(BATCH_SIZE, NUM_STEPS)
    net = model(cell, len(vocab), num_hiddens)
    write = functools.partial(generating.predict, "time traveller", LETTERS, net, vocab)
    return Contender(write, LETTERS)


def rows(makers: dict[str, Maker], sizes: list[int], rounds: int) -> list[dict]:
    """Median speeds, one row for each size."""
    return [
        {"num_hiddens": H, "tokens_per_second": race(makers, H, rounds)} for H in sizes
    ]


# ---- The tables ----


def words_table(result: dict) -> str:
    """Words beside characters, and beside others on words, as a Markdown table."""
    columns = [
        "H", "words/s", "characters/s", "over words by `bptt`", "over `nn.RNN`, words"
    ]  # fmt: skip
    rows = []
    for row in result["words"]:
        speeds = row["tokens_per_second"]
        rows.append([
            str(row["num_hiddens"]),
            f"{speeds['words']:,.0f}",
            f"{speeds['characters']:,.0f}",
            *ratios(speeds, "words", ["bptt", "rnn"]),
        ])  # fmt: skip
    sizes = result["vocab_size"]
    more = f"{sizes['word']:,} words, {sizes['char']} characters"
    return f"{markdown(columns, rows)}\n\n{described(result, more)}"


def gated_table(result: dict) -> str:
    """The gated models beside PyTorch's, as a Markdown table."""
    return _pairs(result, "gated", "tokens/s")


def writing_table(result: dict) -> str:
    """What each model writes in a second, beside PyTorch's, as a Markdown table."""
    return _pairs(result, "writing", "characters/s")


def _pairs(result: dict, name: str, unit: str) -> str:
    ours = [cell for cell in PAIRS if cell in result[name][0]["tokens_per_second"]]
    columns = ["H"]
    for cell in ours:
        columns += [f"{LABELS[cell]}, {unit}", f"over `nn.{LABELS[cell]}`"]
    rows = []
    for row in result[name]:
        speeds, cells = row["tokens_per_second"], [str(row["num_hiddens"])]
        for cell in ours:
            cells += [f"{speeds[cell]:,.0f}", *ratios(speeds, cell, [PAIRS[cell]])]
        rows.append(cells)
    return f"{markdown(columns, rows)}\n\n{described(result)}"


def main() -> None:
    """Run the three comparisons, and keep the result."""
    writers_sizes = {"type": int, "nargs": "+", "default": SIZES_OF_WRITERS}
    args = arguments(__doc__, **rounds_and_sizes(5, SIZES), writers=writers_sizes)
    result = {
        "batch_size": BATCH_SIZE,
        "num_steps": NUM_STEPS,
        "vocab_size": {token: data(token).vocab_size for token in ("char", "word")},
        "words": rows(on_words(), args.sizes, args.rounds),
        "gated": rows(with_gates(), args.sizes, args.rounds),
        "writing": rows(writers(), args.writers, args.rounds),
    }
    save("models", args, result, words_table, gated_table, writing_table)


if __name__ == "__main__":
    main()
