"""Train the book's setting, with both ways of sampling, and keep the results.

    python benchmarks/book_setting.py

H = 512, batch 32, 35 steps, learning rate 1, theta 1, the first 10,000 characters of
*The Time Machine*, 500 epochs: the run that ends the book's chapter. Writes
`results/book_setting.json`, with every epoch, and the picture that the README shows,
`results/book_setting.png`. Takes a few minutes on two cores.
"""

import random
import statistics
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import torch
from _common import arguments, described, markdown, save

from d2l_rnn import batching, figures, generating, pictures, rnn, training


def run(use_random_iter: bool, num_epochs: int, seed: int) -> dict:
    """One run of the book's setting: its epochs and what the model then writes."""
    random.seed(seed)
    torch.manual_seed(seed)
    minibatches, vocab = batching.load_data(32, 35, use_random_iter)
    net = rnn.make_model("scratch", len(vocab), num_hiddens=512)
    epochs = training.train(net, minibatches, lr=1, num_epochs=num_epochs, theta=1)
    history = training.History(reported(epochs))
    return {
        "sampling": "random" if use_random_iter else "sequential",
        "vocab_size": len(vocab),
        "last_perplexity": history[-1].perplexity,
        "best_perplexity": history.best.perplexity,
        "best_epoch": history.best.epoch,
        "tokens_per_second": statistics.median(history.tokens_per_second),
        "prediction": generating.predict("time traveller", 50, net, vocab),
        "epochs": [record(progress) for progress in history],
    }


def reported(
    epochs: Iterable[training.Progress], every: int = 50
) -> Iterator[training.Progress]:
    """The same records; a few are printed, so that one sees that it goes on."""
    for progress in epochs:
        if progress.epoch % every == 0:
            print(progress, file=sys.stderr, flush=True)
        yield progress


def record(progress: training.Progress) -> dict:
    """A record as it is kept: without the norms at each time step."""
    return {**asdict(progress), "state_gradient_norms": ()}


def picture(result: dict) -> pictures.Picture:
    """Perplexity against epoch, one curve for each way of sampling."""
    runs = {
        row["sampling"]: [training.Progress(**epoch) for epoch in row["epochs"]]
        for row in result["runs"]
    }
    return figures.perplexity_curves(
        runs, {"guessing": result["runs"][0]["vocab_size"]}
    )


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    columns = [
        "sampling", "last perplexity", "best perplexity (epoch)", "tokens/s (median)"
    ]  # fmt: skip
    rows = [
        [
            row["sampling"],
            f"{row['last_perplexity']:.2f}",
            f"{row['best_perplexity']:.2f} ({row['best_epoch']})",
            f"{row['tokens_per_second']:,.0f}",
        ]
        for row in result["runs"]
    ]
    where = described(result, f"seed {result['arguments']['seed']}")
    return f"{markdown(columns, rows)}\n\n{where}"


def main() -> None:
    """Train with both ways of sampling; keep the records and a picture of them."""
    args = arguments(
        __doc__,
        epochs={"type": int, "default": 500},
        seed={"type": int, "default": 0},
    )
    runs = [run(random_iter, args.epochs, args.seed) for random_iter in (False, True)]
    result = {"runs": runs}
    save("book_setting", args, result, table)
    (args.results / "book_setting.png").write_bytes(picture(result).png())


if __name__ == "__main__":
    main()
