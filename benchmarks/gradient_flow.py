"""The picture of gradients that vanish and explode on their way back through time.

    python benchmarks/gradient_flow.py

A scratch RNN with 128 hidden units reads 16 sequences of 100 characters; L is the loss
at the last of them. Drawn is ‖dL/dH_t‖ for recurrent weights of three sizes: the
largest absolute eigenvalue of W_hh is about 0.8, 1.3 and 2. Writes
`results/gradient_flow.png`, which the README shows. Takes a few seconds.
"""

import torch
from _common import arguments

from d2l_rnn import batching, figures, rnn, vanishing

NUM_HIDDENS, NUM_STEPS, BATCH_SIZE = 128, 100, 16
RADII = (0.8, 1.3, 2.0)


def norms(radius: float) -> list[float]:
    """‖dL/dH_t‖ for t = 1 … T, with eigenvalues of W_hh up to `radius`."""
    torch.manual_seed(0)
    minibatches, vocab = batching.load_data(BATCH_SIZE, NUM_STEPS, seed=0)
    X, Y = next(iter(minibatches))
    net = rnn.make_model("scratch", len(vocab), NUM_HIDDENS)
    with torch.no_grad():
        net.params[1].normal_(0, radius / NUM_HIDDENS**0.5)
    return vanishing.state_gradient_norms(net, X, Y, last_only=True).tolist()


def main() -> None:
    """Compute the norms for the three sizes, and draw them."""
    args = arguments(__doc__)
    steps = range(1, NUM_STEPS + 1)
    picture = figures.curves(
        {f"eigenvalues of W_hh up to {r}": (steps, norms(r)) for r in RADII},
        "t, time step",
        "norm of dL/dH_t",
        log="y",
    )
    (args.results / "gradient_flow.png").write_bytes(picture.png())


if __name__ == "__main__":
    main()
