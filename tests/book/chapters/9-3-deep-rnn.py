"""9.3: two layers of an LSTM, one on top of the other."""

# %%
from torch import nn

from d2l_rnn import book as d2l

batch_size, num_steps = 64, 35
train_iter, vocab = d2l.load_data_time_machine(batch_size, num_steps)

# %%
vocab_size, num_hiddens, num_layers = len(vocab), 32, 2
device = d2l.try_gpu()
lstm_layer = nn.LSTM(vocab_size, num_hiddens, num_layers)
model = d2l.RNNModel(lstm_layer, len(vocab))
model = model.to(device)

# %% draws
num_epochs, lr = 10, 2
d2l.train_ch8(model, train_iter, vocab, lr * 1.0, num_epochs, device)
