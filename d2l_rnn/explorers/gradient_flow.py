"""How the gradient flows back through time, and what clipping can do about it.

The notes, "gradient clipping": a chain of T products with the same matrix makes the
gradient vanish or explode. Clipping shortens the gradient of the parameters when it is
all computed, and so shortens what each time step has added to it by the same factor.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from d2l_rnn import bptt, clipping, corpora, rnn, text
from d2l_rnn.threads import limited_to

MOST_STEPS, BATCH_SIZE = 200, 16
LAST, ALL = "last", "all"


@dataclass(frozen=True)
class Flow:
    """What one backward pass through T time steps comes to.

    state_norms  ‖dL/dH_t‖ for t = 1 … T, shape (T,)
    part_norms   the norms of what the time steps add to dL/dW_hh, H_{t-1}ᵀ dL/dZ_t, for
                 t = 1 … T, shape (T,); the first is 0, because H_0 is
    early, late  the norms of what the first T // 2 time steps add to it together, and
                 the others
    gradient     that of all five parameters, as one long vector
    """

    state_norms: Tensor
    part_norms: Tensor
    early: float
    late: float
    gradient: Tensor

    @property
    def early_share(self) -> float:
        """How much of dL/dW_hh the first half of the time steps makes up, 0 to 1."""
        both = self.early + self.late
        return self.early / both if both else 0.0


@torch.no_grad()
def flow(
    net: rnn.RNNModelScratch, X: Tensor, Y: Tensor, last_only: bool = False
) -> Flow:
    """Go forward and back once, over a minibatch X, Y of shape (B, T), from H_0 = 0.

    L is the mean cross-entropy of all time steps, or with `last_only` that of the last,
    as in `vanishing.state_gradient_norms`.

    Raises ValueError if `net` is no scratch RNN.
    """
    if not bptt.ByHand.can_train(net):
        raise ValueError(f"net must be a scratch RNN with rnn.rnn in it, got {net!r}")
    H_0 = net.params[1].new_zeros(len(X), net.num_hiddens)
    with limited_to(1):
        H, outputs = bptt.forward(X, H_0, net.params)
        _, dO = bptt.cross_entropy(outputs, Y, last_only)
        gradients, dH, dZ = bptt.backward(X, H, dO, net.params)
        parts = H[:-1].mT @ dZ  # (T, H, H)
        first, second = parts.tensor_split([len(parts) // 2])
        halves = torch.stack([first.sum(0), second.sum(0)])
        gradient = torch.cat([each.flatten() for each in gradients])
        return Flow(
            bptt.norms(dH), bptt.norms(parts), *bptt.norms(halves).tolist(), gradient
        )


@functools.lru_cache(maxsize=1)
def sequences() -> tuple[Tensor, int]:
    """Pieces of the built-in story, shape (B, T + 1), and the size of its vocabulary.

    The gradient flows much the same in any text, and the story is always there.
    """
    length = MOST_STEPS + 1
    corpus, vocab = text.load_corpus(
        corpora.STORY_PATH, max_tokens=BATCH_SIZE * length
    )  # fmt: skip
    return torch.tensor(corpus).view(BATCH_SIZE, length), len(vocab)


def network(num_hiddens: int, scale: float, seed: int) -> rnn.RNNModelScratch:
    """A new scratch RNN, in double precision, whose W_hh has spectral radius `scale`.

    That is the largest absolute value of its eigenvalues.
    """
    net = rnn.make_model("scratch", sequences()[1], num_hiddens, seed=seed)
    W_xh, W_hh, *others = (param.detach().double() for param in net.params)
    W_hh *= scale / torch.linalg.eigvals(W_hh).abs().max()
    net.params = [param.requires_grad_() for param in (W_xh, W_hh, *others)]
    return net


@functools.lru_cache(maxsize=64)
def flow_of(
    scale: float, num_steps: int, loss: str, num_hiddens: int, seed: int
) -> Flow:
    """The `flow` in such a network, over the first characters of the sequences."""
    tokens, _ = sequences()
    X, Y = tokens[:, :num_steps], tokens[:, 1 : num_steps + 1]
    return flow(network(num_hiddens, scale, seed), X, Y, last_only=loss == LAST)


def clipped(gradient: Tensor, theta: float | None) -> tuple[float, float]:
    """The norm of a gradient before and after `clipping.project`; it stays as it is.

    One that is not finite has the same norm after as before.
    """
    copy = gradient.clone()
    return clipping.project([copy], theta), float(copy.norm())
