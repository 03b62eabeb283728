"""How far our curves are from those by autograd, and those from the truth.

    python benchmarks/agreement.py

The same run, 20 epochs of the scratch RNN with learning rate 1, from the same seed: as
`training.train` does it, with the engine in float32 and with `bptt` in float64, and
with autograd through `rnn.rnn` in both. Compared is the perplexity, over all epochs the
largest difference. Writes `results/agreement.json` and `results/agreement.md`. Takes a
minute.
"""

import torch
from _common import arguments, described, machine, markdown, save
from tqdm import tqdm

from d2l_rnn import batching, rnn, training

SIZES = (32, 64, 128, 256, 512)
EPOCHS = 20


def curve(num_hiddens: int, dtype: torch.dtype, ours: bool) -> list[float]:
    """The perplexities of a run; the same random numbers in both types."""
    torch.manual_seed(0)
    minibatches, vocab = batching.load_data(32, 35, seed=0)
    net = rnn.make_model("scratch", len(vocab), num_hiddens)
    net.params = [param.detach().to(dtype).requires_grad_() for param in net.params]
    backpropagate = None if ours else training.ByAutograd(net)
    if dtype == torch.float64:  # the first state is float32 zeros, which do not fit
        net.init_state = lambda batch_size, num_hiddens, device: (
            torch.zeros(batch_size, num_hiddens, dtype=dtype),
        )
    run = training.train(net, minibatches, 1, EPOCHS, backpropagate=backpropagate)
    return [progress.perplexity for progress in run]


def apart(one: list[float], other: list[float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def row(num_hiddens: int) -> dict:
    engine_32, autograd_32, bptt_64, autograd_64 = (
        curve(num_hiddens, dtype, ours)
        for dtype in (torch.float32, torch.float64)
        for ours in (True, False)
    )
    return {
        "num_hiddens": num_hiddens,
        "bptt_and_autograd_float64": apart(bptt_64, autograd_64),
        "engine_and_autograd_float32": apart(engine_32, autograd_32),
        "autograd_float32_and_float64": apart(autograd_32, autograd_64),
    }


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    columns = [
        "H", "`bptt` and autograd, float64", "engine and autograd, float32",
        "autograd, float32 and float64",
    ]  # fmt: skip
    rows = []
    for num_hiddens, *differences in (row.values() for row in result["rows"]):
        rows.append([str(num_hiddens), *(f"{apart:.0e}" for apart in differences)])
    return f"{markdown(columns, rows)}\n\n{described(result['machine'])}.\n"


def main() -> None:
    sizes = {"type": int, "nargs": "+", "default": SIZES}
    args = arguments(__doc__, sizes=sizes)
    rows = [row(num_hiddens) for num_hiddens in tqdm(args.sizes)]
    result = {"machine": machine(), "epochs": EPOCHS, "rows": rows}
    save("agreement", result, table(result), args.results)


if __name__ == "__main__":
    main()
