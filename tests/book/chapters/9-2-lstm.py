"""9.2: the LSTM, from scratch and as PyTorch's layer."""

# %%
import torch
from torch import nn

from d2l_rnn import book as d2l

batch_size, num_steps = 64, 35
train_iter, vocab = d2l.load_data_time_machine(batch_size, num_steps)


# %%
def get_lstm_params(vocab_size, num_hiddens, device):
    gate = [(vocab_size, num_hiddens), (num_hiddens, num_hiddens), (num_hiddens,)]
    shapes = [*gate * 4, (num_hiddens, vocab_size), (vocab_size,)]
    params = [torch.zeros(shape, device=device) for shape in shapes]
    for param in params:
        if param.ndim == 2:
            param.normal_(0, 0.01)
        param.requires_grad_(True)
    return params


def init_lstm_state(batch_size, num_hiddens, device):
    H = torch.zeros((batch_size, num_hiddens), device=device)
    return (H, H.clone())


# %%
def lstm(inputs, state, params):
    *gates, W_hq, b_q = params
    (H, C), hidden = state, []
    for X in inputs:
        I, F, O, candidate = (  # noqa: E741
            X @ W_x + H @ W_h + b
            for W_x, W_h, b in zip(gates[::3], gates[1::3], gates[2::3], strict=True)
        )
        C = torch.sigmoid(F) * C + torch.sigmoid(I) * torch.tanh(candidate)
        H = torch.sigmoid(O) * torch.tanh(C)
        hidden.append(H)
    return torch.cat(hidden) @ W_hq + b_q, (H, C)


# %% draws
vocab_size, num_hiddens, device = len(vocab), 32, d2l.try_gpu()
num_epochs, lr = 10, 1
model = d2l.RNNModelScratch(
    len(vocab), num_hiddens, device, get_lstm_params, init_lstm_state, lstm
)  # fmt: skip
d2l.train_ch8(model, train_iter, vocab, lr, num_epochs, device)

# %% draws
lstm_layer = nn.LSTM(vocab_size, num_hiddens)
model = d2l.RNNModel(lstm_layer, len(vocab))
model = model.to(device)
d2l.train_ch8(model, train_iter, vocab, lr, num_epochs, device)
