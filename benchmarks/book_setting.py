"""Train the book's setting, with both ways of sampling, and write down what came out.

    python benchmarks/book_setting.py

H = 512, batch 32, 35 steps, learning rate 1, theta 1, the first 10,000 characters of
*The Time Machine*, 500 epochs: the run that ends the book's chapter. Writes
`results/book_setting.json`, with every epoch, and the table and the picture that the
README shows, `results/book_setting.md` and `.png`. Takes a few minutes on two cores.
"""

import random
import statistics
from dataclasses import asdict

import torch
from _common import arguments, described, machine, markdown, save
from tqdm import tqdm

from d2l_rnn import batching, figures, generating, rnn, training


def run(use_random_iter: bool, num_epochs: int, seed: int) -> dict:
    """One run of the book's setting: its epochs and what the model then writes."""
    random.seed(seed)
    torch.manual_seed(seed)
    minibatches, vocab = batching.load_data(32, 35, use_random_iter)
    net = rnn.make_model("scratch", len(vocab), num_hiddens=512)
    epochs = training.train(net, minibatches, lr=1, num_epochs=num_epochs, theta=1)
    history = training.History(tqdm(epochs, total=num_epochs, unit="epoch"))
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


def record(progress: training.Progress) -> dict:
    """A record as it is kept: without the norms at each time step."""
    return {**asdict(progress), "state_gradient_norms": ()}


def picture(result: dict) -> figures.Picture:
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
    where = f"{described(result['machine'])}, seed {result['seed']}"
    return f"{markdown(columns, rows)}\n\n{where}.\n"


def main() -> None:
    args = arguments(
        __doc__,
        epochs={"type": int, "default": 500},
        seed={"type": int, "default": 0},
    )
    result = {"machine": machine(), "seed": args.seed, "runs": []}
    for use_random_iter in (False, True):
        result["runs"].append(run(use_random_iter, args.epochs, args.seed))
    save("book_setting", result, table(result), args.results)
    (args.results / "book_setting.png").write_bytes(picture(result).png())


if __name__ == "__main__":
    main()
