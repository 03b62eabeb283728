"""8.6: the same network around a layer of PyTorch's."""

# %%
import torch
from torch import nn
from torch.nn import functional as F

from d2l_rnn import book as d2l

batch_size, num_steps = 64, 35
train_iter, vocab = d2l.load_data_time_machine(batch_size, num_steps)

# %%
num_hiddens = 32
rnn_layer = nn.RNN(len(vocab), num_hiddens)
state = torch.zeros((1, batch_size, num_hiddens))
Y, state_new = rnn_layer(torch.rand(num_steps, batch_size, len(vocab)), state)
print(Y.shape, state_new.shape)


# %%
class RNNModel(nn.Module):
    def __init__(self, rnn_layer, vocab_size):
        super().__init__()
        self.rnn, self.vocab_size = rnn_layer, vocab_size
        self.linear = nn.Linear(rnn_layer.hidden_size, vocab_size)

    def forward(self, inputs, state):
        X = F.one_hot(inputs.T.long(), self.vocab_size).float()
        Y, state = self.rnn(X, state)
        return self.linear(Y.flatten(0, 1)), state

    def begin_state(self, device, batch_size=1):
        shape = (self.rnn.num_layers, batch_size, self.rnn.hidden_size)
        return torch.zeros(shape, device=device)


# %%
device = d2l.try_gpu()
net = RNNModel(rnn_layer, vocab_size=len(vocab)).to(device)
print(d2l.predict_ch8("time traveller", 10, net, vocab, device))

# %% draws
num_epochs, lr = 10, 1
d2l.train_ch8(net, train_iter, vocab, lr, num_epochs, device)
