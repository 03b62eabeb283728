"""8.5: the RNN from scratch, trained by a loop of its own that draws as it goes."""

# %%
# %matplotlib inline
import math

import torch
from torch import nn
from torch.nn import functional as F

from d2l_rnn import book as d2l

# %%
batch_size, num_steps = 64, 35
train_iter, vocab = d2l.load_data_time_machine(batch_size, num_steps)
print(F.one_hot(torch.tensor([0, 2]), len(vocab)))


# %%
def get_params(vocab_size, num_hiddens, device):
    shapes = [(vocab_size, num_hiddens), (num_hiddens, num_hiddens), (num_hiddens,)]
    shapes += [(num_hiddens, vocab_size), (vocab_size,)]
    params = [torch.zeros(shape, device=device) for shape in shapes]
    for param in params:
        if param.ndim == 2:
            param.normal_(0, 0.01)
        param.requires_grad_(True)
    return params


def init_rnn_state(batch_size, num_hiddens, device):
    return (torch.zeros((batch_size, num_hiddens), device=device),)


def rnn(inputs, state, params):
    W_xh, W_hh, b_h, W_hq, b_q = params
    (H,) = state
    hidden = []
    for X in inputs:
        H = torch.tanh(X @ W_xh + H @ W_hh + b_h)
        hidden.append(H)
    return torch.cat(hidden) @ W_hq + b_q, (H,)


# %%
class RNNModelScratch:
    def __init__(self, vocab_size, num_hiddens, device, get_params, init_state, step):
        self.params = get_params(vocab_size, num_hiddens, device)
        self.init_state, self.step = init_state, step

    def __call__(self, X, state):
        vocab_size = len(self.params[0])
        return self.step(F.one_hot(X.T, vocab_size).float(), state, self.params)

    def begin_state(self, batch_size, device):
        W_hh = self.params[1]
        return self.init_state(batch_size, len(W_hh), device)


# %%
X, num_hiddens, device = torch.arange(10).reshape((2, 5)), 32, d2l.try_gpu()
net = RNNModelScratch(
    len(vocab), num_hiddens, device, get_params, init_rnn_state, rnn
)  # fmt: skip
state = net.begin_state(X.shape[0], device)
Y, new_state = net(X.to(device), state)
print(Y.shape, len(new_state), new_state[0].shape)


# %%
def predict_ch8(prefix, num_preds, net, vocab, device):
    state = net.begin_state(1, device)
    indices = vocab[list(prefix)]
    for i in range(len(indices) + num_preds - 1):
        y, state = net(torch.tensor([[indices[i]]], device=device), state)
        if i + 1 == len(indices):
            indices.append(int(y.argmax(dim=1)))
    return "".join(vocab.idx_to_token[i] for i in indices)


print(predict_ch8("time traveller ", 10, net, vocab, device))


# %%
def grad_clipping(net, theta):
    params = list(net.parameters()) if isinstance(net, nn.Module) else net.params
    norm = math.sqrt(sum(float((param.grad**2).sum()) for param in params))
    for param in params:
        param.grad *= min(1, theta / norm)


# %%
def train_epoch_ch8(net, train_iter, loss, updater, device, use_random_iter):
    timer, sums = d2l.Timer(), d2l.Accumulator(2)
    for i, (inputs, labels) in enumerate(train_iter):
        if i == 0 or use_random_iter:
            state = net.begin_state(len(inputs), device)
        (H,) = state
        outputs, state = net(inputs.to(device), (H.detach(),))
        mean_loss = loss(outputs, labels.T.flatten().to(device))
        mean_loss.backward()
        grad_clipping(net, 1)
        updater(batch_size=1)
        sums.add(mean_loss.detach() * labels.numel(), labels.numel())
    return math.exp(sums[0] / sums[1]), sums[1] / timer.stop()


# %%
def train_ch8(net, train_iter, vocab, lr, num_epochs, device, use_random_iter=False):
    loss = nn.CrossEntropyLoss()
    animator = d2l.Animator(
        xlabel="epoch", ylabel="perplexity", legend=["train"], xlim=[2, num_epochs]
    )

    def updater(batch_size):
        d2l.sgd(net.params, lr, batch_size)

    for epoch in range(num_epochs):
        ppl, speed = train_epoch_ch8(
            net, train_iter, loss, updater, device, use_random_iter
        )
        if (epoch + 1) % 2 == 0:
            animator.add(epoch + 1, [ppl])
    print(f"perplexity {ppl:.1f}, {speed:.1f} tokens/s on {device}")
    print(predict_ch8("time traveller", 50, net, vocab, device))
    assert ppl < len(vocab)


# %% draws
train_ch8(net, train_iter, vocab, 1, 6, device)

# %% draws
net = RNNModelScratch(
    len(vocab), num_hiddens, device, get_params, init_rnn_state, rnn
)  # fmt: skip
train_ch8(net, train_iter, vocab, 1, 6, device, use_random_iter=True)
