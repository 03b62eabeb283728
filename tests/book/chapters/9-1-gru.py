"""9.1: the GRU, from scratch and as PyTorch's layer."""

# %%
import torch
from torch import nn

from d2l_rnn import book as d2l

batch_size, num_steps = 64, 35
train_iter, vocab = d2l.load_data_time_machine(batch_size, num_steps)


# %%
def get_params(vocab_size, num_hiddens, device):
    def weights(*shape):
        return (torch.randn(shape, device=device) * 0.01).requires_grad_()

    def zeros(size):
        return torch.zeros(size, device=device, requires_grad=True)

    params = []
    for _ in ("update gate", "reset gate", "candidate"):
        params.append(weights(vocab_size, num_hiddens))
        params.append(weights(num_hiddens, num_hiddens))
        params.append(zeros(num_hiddens))
    return [*params, weights(num_hiddens, vocab_size), zeros(vocab_size)]


def init_gru_state(batch_size, num_hiddens, device):
    return (torch.zeros((batch_size, num_hiddens), device=device),)


# %%
def gru(inputs, state, params):
    W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h, W_hq, b_q = params
    (H,) = state
    hidden = []
    for X in inputs:
        Z = torch.sigmoid(X @ W_xz + H @ W_hz + b_z)
        R = torch.sigmoid(X @ W_xr + H @ W_hr + b_r)
        candidate = torch.tanh(X @ W_xh + (R * H) @ W_hh + b_h)
        H = Z * H + (1 - Z) * candidate
        hidden.append(H)
    return torch.cat(hidden) @ W_hq + b_q, (H,)


# %% draws
vocab_size, num_hiddens, device = len(vocab), 32, d2l.try_gpu()
num_epochs, lr = 10, 1
model = d2l.RNNModelScratch(
    len(vocab), num_hiddens, device, get_params, init_gru_state, gru
)  # fmt: skip
d2l.train_ch8(model, train_iter, vocab, lr, num_epochs, device)

# %% draws
gru_layer = nn.GRU(vocab_size, num_hiddens)
model = d2l.RNNModel(gru_layer, len(vocab))
model = model.to(device)
d2l.train_ch8(model, train_iter, vocab, lr, num_epochs, device)
