"""An RNN that reads your text, one time step after another.

For each character: the three terms of the hidden state, the state, and the
probabilities of the next character. The notes, "recurrent neural networks".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from d2l_rnn import checks, rnn, text, training
from d2l_rnn.batching import SequenceLoader
from d2l_rnn.checks import integer, shown
from d2l_rnn.explorers.caching import cached
from d2l_rnn.explorers.precision import Single

MAX_TOKENS = 10_000  # of the text that the network learns from, as in the book
BATCH_SIZE, NUM_STEPS, LR, SEED = 16, 20, 2, 0


@dataclass(frozen=True)
class Reading:
    """Everything a scratch RNN computes from T tokens, with a row for each time step.

    from_input      X_t W_xh, shape (T, H)
    from_state      H_{t-1} W_hh, shape (T, H)
    bias            b_h, shape (H,), the same at each step
    H               the hidden states H_t = tanh(X_t W_xh + H_{t-1} W_hh + b_h), (T, H)
    probabilities   of the token after step t, softmax(H_t W_hq + b_q), shape (T, V)
    """

    from_input: Tensor
    from_state: Tensor
    bias: Tensor
    H: Tensor
    probabilities: Tensor

    def terms(self, t: int) -> list[Tensor]:
        """The three that add up to Z_t, for t = 1 … T, shape (H,) each.

        Raises ValueError for another t.
        """
        t = integer("t", t, 1, len(self.H))
        return [self.from_input[t - 1], self.from_state[t - 1], self.bias]


@torch.no_grad()
def steps_of(net: rnn.RNNModelScratch, indices: Sequence[int]) -> Reading:
    """Let a scratch RNN read token indices, starting from H_0 = 0, and keep everything.

    Raises ValueError if `net` is another model, or if `indices` are not indices of its
    vocabulary, at least one.
    """
    if not isinstance(net, rnn.RNNModelScratch):
        raise ValueError(f"net must be a scratch RNN, got {shown(net)}")
    W_xh, W_hh, b_h, W_hq, b_q = (param.detach() for param in net.params)
    indices = checks.items("indices", indices)
    if not indices:
        raise ValueError("indices must have at least one index, got none")
    for index in indices:
        integer(
            "each of indices", index, 0, len(W_xh) - 1, "the size of the vocabulary"
        )
    rows = torch.tensor(indices, device=W_xh.device)
    from_input = W_xh[rows]  # one-hot times W_xh
    H_t, from_state, H = torch.zeros_like(b_h), [], []
    for X_t_W_xh in from_input:
        from_state.append(H_t @ W_hh)
        H_t = torch.tanh(X_t_W_xh + from_state[-1] + b_h)
        H.append(H_t)
    H = torch.stack(H)
    probabilities = torch.softmax(H @ W_hq + b_q, dim=1)
    return Reading(from_input, torch.stack(from_state), b_h, H, probabilities)


def check_reading(reading: Reading, vocab: text.Vocab) -> None:
    """Raises ValueError unless they are a reading, and the vocabulary of its tokens."""
    checks.of_type(Reading, reading=reading)
    checks.of_type(text.Vocab, vocab=vocab)
    size = reading.probabilities.shape[1]
    if len(vocab) != size:
        raise ValueError(
            f"vocab must have the {size} tokens of the reading, got {len(vocab)}"
        )


def multiplications(vocab_size: int, num_hiddens: int) -> int:
    """How many multiplications one time step takes for one sequence.

    One for each weight: X_t W_xh, H_{t-1} W_hh and H_t W_hq.

    Raises ValueError if either is not an integer of at least 1.
    """
    integer("vocab_size", vocab_size, 1)
    integer("num_hiddens", num_hiddens, 1)
    return num_hiddens * (vocab_size + num_hiddens + vocab_size)


@cached(maxsize=1)
def corpus() -> tuple[np.ndarray, text.Vocab]:
    """The characters that the network learns from, and their vocabulary."""
    return text.load_corpus(max_tokens=MAX_TOKENS)


@cached(maxsize=32)
def trained(num_hiddens: int, num_epochs: int) -> rnn.RNNModelScratch:
    """A scratch RNN after some epochs on the text, with a fixed seed.

    Raises ValueError if `num_hiddens` is not an integer of at least 1, or `num_epochs`
    one of at least 0.
    """
    integer("num_hiddens", num_hiddens, 1)
    integer("num_epochs", num_epochs, 0)
    indices, vocab = corpus()
    with Single():
        net = rnn.make_model("scratch", len(vocab), num_hiddens, seed=SEED)
    minibatches = SequenceLoader(indices, BATCH_SIZE, NUM_STEPS, seed=SEED)
    for _ in training.train(net, minibatches, LR, num_epochs):
        pass
    return net
