"""How far our curves are from those by autograd, and those from the truth.

    python benchmarks/agreement.py

The same run, 20 epochs of the scratch RNN with learning rate 1, from the same seed: as
`training.train` does it, with the engine in float32 and with `bptt` in float64, and
with autograd through `rnn.rnn` in both. Compared is the perplexity, over all epochs the
largest difference. Writes `results/agreement.json`. Takes a minute.
"""

import sys

import torch
from _common import arguments, described, markdown, save

from d2l_rnn import batching, rnn, training

SIZES = (32, 64, 128, 256, 512)
EPOCHS = 20


def curve(num_hiddens: int, dtype: torch.dtype, ours: bool) -> list[float]:
    """The perplexities of a run; the same random numbers in both types."""
    torch.manual_seed(0)
    minibatches, vocab = batching.load_data(32, 35, seed=0)
    net = rnn.make_model("scratch", len(vocab), num_hiddens)
    net.params = [param.detach().to(dtype).requires_grad_() for param in net.params]
    way = None if ours else "autograd"
    run = training.train(net, minibatches, 1, EPOCHS, backpropagate=way)
    return [progress.perplexity for progress in run]


def difference(one: list[float], other: list[float]) -> float:
    """The largest over all epochs."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def row(num_hiddens: int) -> dict:
    """The differences at one size."""
    print(f"H = {num_hiddens} …", file=sys.stderr, flush=True)
    engine_32, autograd_32, bptt_64, autograd_64 = (
        curve(num_hiddens, dtype, ours)
        for dtype in (torch.float32, torch.float64)
        for ours in (True, False)
    )
    return {
        "num_hiddens": num_hiddens,
        "bptt_and_autograd_float64": difference(bptt_64, autograd_64),
        "engine_and_autograd_float32": difference(engine_32, autograd_32),
        "autograd_float32_and_float64": difference(autograd_32, autograd_64),
    }


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    columns = [
        "H", "`bptt` and autograd, float64", "engine and autograd, float32",
        "autograd, float32 and float64",
    ]  # fmt: skip
    rows = []
    for num_hiddens, *differences in (row.values() for row in result["rows"]):
        rows.append([str(num_hiddens), *(f"{each:.0e}" for each in differences)])
    return f"{markdown(columns, rows)}\n\n{described(result)}"


def main() -> None:
    """Compare at each size, and keep the result."""
    sizes = {"type": int, "nargs": "+", "default": SIZES}
    args = arguments(__doc__, sizes=sizes)
    rows = [row(num_hiddens) for num_hiddens in args.sizes]
    save("agreement", args, {"epochs": EPOCHS, "rows": rows}, table)


if __name__ == "__main__":
    main()
