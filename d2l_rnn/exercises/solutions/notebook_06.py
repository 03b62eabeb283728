"""Solutions to the exercises of notebook 06, an RNN from scratch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from d2l_rnn import text
from d2l_rnn.rnn import RNNModelScratch, rnn


def input_term(X: Tensor, W_xh: Tensor) -> Tensor:
    """Indexing picks the rows; transposed, the time steps come first."""
    return W_xh[X.T]


def rnn_with_relu(
    inputs: Tensor, state: tuple[Tensor], params: list[Tensor]
) -> tuple[Tensor, tuple[Tensor]]:
    """The recurrence is the same; only the activation function is another."""
    W_xh, W_hh, b_h, W_hq, b_q = params
    (H,) = state
    outputs = []
    for X_t in inputs:
        H = torch.relu(X_t @ W_xh + H @ W_hh + b_h)
        outputs.append(H @ W_hq + b_q)
    return torch.cat(outputs), (H,)


def rnn_with_embedding(
    inputs: Tensor, state: tuple[Tensor], params: list[Tensor]
) -> tuple[Tensor, tuple[Tensor]]:
    """A one-hot row times E is the embedding of its token; the rest is as before."""
    E, *params = params
    return rnn(inputs @ E, state, params)


def perplexity_by_sequence(outputs: Tensor, Y: Tensor) -> Tensor:
    """Bring the losses into the shape (T, B), and average down the columns."""
    losses = F.cross_entropy(outputs, Y.T.reshape(-1), reduction="none")
    return losses.reshape(Y.T.shape).mean(dim=0).exp()


@torch.no_grad()
def finish_word(
    prefix: str, net: RNNModelScratch, vocab: text.Vocab, max_preds: int = 20
) -> str:
    """Each character is read once, whether it is given or has just been written."""
    state = net.begin_state(batch_size=1)
    for token in prefix:
        output, state = net(torch.tensor([[vocab[token]]]), state)
    for _ in range(max_preds):
        token = vocab.to_tokens(int(output.argmax()))
        if token == " ":
            break
        prefix += token
        output, state = net(torch.tensor([[vocab[token]]]), state)
    return prefix
