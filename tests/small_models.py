"""Random scratch RNNs and minibatches, for the tests of the backward pass by hand."""

import torch
from torch.nn import functional as F

from d2l_rnn import rnn

NAMES = ["H_0", "W_xh", "W_hh", "b_h", "W_hq", "b_q"]


def normal(*shape, scale=1.0):
    return torch.randn(shape, dtype=torch.float64) * scale


def parameters(V, H, dtype=torch.float64, scale=0.6):
    shapes = [(V, H), (H, H), (H,), (H, V), (V,)]
    params = [normal(*shape, scale=scale).to(dtype) for shape in shapes]
    return [param.requires_grad_() for param in params]


def minibatch(T, B, V):
    return torch.randint(V, (B, T)), torch.randint(V, (B, T))


def some_model(V, H, dtype=torch.float64, scale=0.6):
    return rnn.RNNModelScratch(
        V, H,
        get_params=lambda V, H, device: parameters(V, H, dtype, scale),
        init_state=lambda B, H, device: (torch.zeros(B, H, dtype=dtype),),
    )  # fmt: skip


def step_by_step(X, state, params):
    """The recurrence step by step, the gradients left to autograd."""
    one_hot = F.one_hot(X.T.long(), len(params[0])).to(params[0].dtype)
    return rnn.rnn(one_hot, state, params)


def other_rnn(inputs, state, params):
    """`rnn.rnn` under another name, so that it is left to autograd."""
    return rnn.rnn(inputs, state, params)
