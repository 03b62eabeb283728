"""How the gradient flows back through time, and what clipping can do about it.

The notes, "gradient clipping": a chain of T products with the same matrix makes the
gradient vanish or explode. Clipping rescales the gradient of the parameters after it
has been computed, and so scales the part from each time step by the same factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from d2l_rnn import bptt, checks, clipping, corpora, rnn, text
from d2l_rnn.checks.tensors import check_tokens
from d2l_rnn.explorers.caching import cached
from d2l_rnn.explorers.precision import Single

MOST_STEPS, BATCH_SIZE = 200, 16
LAST, ALL = "last", "all"


@dataclass(frozen=True)
class Flow:
    """The result of one backward pass through T time steps.

    state_norms  ‖dL/dH_t‖ for t = 1 … T, shape (T,)
    part_norms   the norms of the parts of dL/dW_hh, H_{t-1}ᵀ dL/dZ_t, for t = 1 … T,
                 shape (T,); the first is 0, because H_0 is
    early, late  the norms of the sum of the first T // 2 parts, and of the sum of the
                 others
    gradient     the gradient of all five parameters, as one long vector
    """

    state_norms: Tensor
    part_norms: Tensor
    early: float
    late: float
    gradient: Tensor

    @property
    def early_share(self) -> float:
        """The share of dL/dW_hh that the first half of the time steps adds, 0 to 1."""
        both = self.early + self.late
        return self.early / both if both else 0.0


@torch.no_grad()
def flow(
    net: rnn.RNNModelScratch, X: Tensor, Y: Tensor, last_only: bool = False
) -> Flow:
    """One forward and backward pass over a minibatch X, Y of shape (B, T), H_0 = 0.

    L is the mean cross-entropy of all time steps, or with `last_only` that of the last,
    as in `vanishing.state_gradient_norms`.

    Raises ValueError if `net` is not a scratch RNN, or if X and Y are not tensors of
    token indices of the same shape (B, T), which is not empty.
    """
    if not bptt.ByHand.can_train(net):
        raise ValueError(
            f"net must be a scratch RNN with rnn.rnn in it, got {checks.shown(net)}"
        )
    W_xh = net.params[0]
    check_tokens("X", X, len(W_xh), W_xh.device)
    check_tokens("Y", Y, len(W_xh), W_xh.device, X.shape)
    H_0 = net.params[1].new_zeros(len(X), net.num_hiddens)
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


@cached(maxsize=1)
def sequences() -> tuple[Tensor, int]:
    """Pieces of the built-in story, shape (B, T + 1), and the size of its vocabulary.

    The gradient flows much the same in any text, and the story is always there.
    """
    length = MOST_STEPS + 1
    corpus, vocab = text.load_corpus(
        corpora.STORY_PATH, max_tokens=BATCH_SIZE * length
    )  # fmt: skip
    tokens = torch.tensor(corpus, dtype=torch.int64, device="cpu")
    return tokens.view(BATCH_SIZE, length), len(vocab)


def network(num_hiddens: int, scale: float, seed: int) -> rnn.RNNModelScratch:
    """A new scratch RNN, in double precision, whose W_hh has spectral radius `scale`.

    That is the largest absolute value of its eigenvalues. Raises ValueError if `scale`
    is not finite and at least 0, and as `rnn.make_model` does.
    """
    scale = checks.non_negative("scale", scale)
    with Single():
        net = rnn.make_model("scratch", sequences()[1], num_hiddens, seed=seed)
    W_xh, W_hh, *others = (param.detach().double() for param in net.params)
    W_hh *= scale / torch.linalg.eigvals(W_hh).abs().max()
    net.params = [param.requires_grad_() for param in (W_xh, W_hh, *others)]
    return net


@cached(maxsize=64)
def flow_of(
    scale: float, num_steps: int, loss: str, num_hiddens: int, seed: int
) -> Flow:
    """The `flow` in such a network, over the beginnings of the sequences.

    Raises ValueError as `network` does, if `num_steps` is not from 1 to 200, and for a
    `loss` that is neither LAST nor ALL.
    """
    checks.integer("num_steps", num_steps, 1, MOST_STEPS)
    checks.one_of("loss", loss, (LAST, ALL))
    tokens, _ = sequences()
    X, Y = tokens[:, :num_steps], tokens[:, 1 : num_steps + 1]
    return flow(network(num_hiddens, scale, seed), X, Y, last_only=loss == LAST)


def clipped(gradient: Tensor, theta: float | None) -> tuple[float, float]:
    """The norm of a gradient before and after clipping, which is done on a copy.

    A norm that is not finite is the same after clipping. Raises ValueError if theta is
    neither None nor greater than 0, or the gradient no tensor.
    """
    checks.of_type(Tensor, gradient=gradient)
    copy = gradient.clone()
    return clipping.project([copy], theta), float(copy.norm())
