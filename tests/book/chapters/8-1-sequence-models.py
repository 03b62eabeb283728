"""8.1: a noisy sine, predicted one step ahead and further."""

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l_rnn import book as d2l

# %% draws
T = 400
time = torch.arange(1, T + 1, dtype=torch.float32)
x = torch.sin(0.05 * time) + 0.1 * torch.randn(T)
d2l.plot(time, [x], "time", "x", xlim=[1, T], figsize=(6, 3))

# %%
tau, batch_size, n_train = 4, 16, 250
features = torch.stack([x[i : i + T - tau] for i in range(tau)], dim=1)
labels = x[tau:].reshape((-1, 1))
train_iter = d2l.load_array(
    (features[:n_train], labels[:n_train]), batch_size, is_train=True
)


# %%
def init_weights(m):
    if type(m) is nn.Linear:
        nn.init.xavier_uniform_(m.weight)


net = nn.Sequential(nn.Linear(tau, 10), nn.ReLU(), nn.Linear(10, 1))
net.apply(init_weights)
loss = nn.MSELoss(reduction="none")
losses = [d2l.evaluate_loss(net, train_iter, loss)]

# %%
trainer = torch.optim.Adam(net.parameters(), 0.01)
for epoch in range(4):
    for X, y in train_iter:
        trainer.zero_grad()
        loss(net(X), y).sum().backward()
        trainer.step()
    losses.append(d2l.evaluate_loss(net, train_iter, loss))
    print(f"epoch {epoch + 1}: loss {losses[-1]:f}")
assert losses[-1] < losses[0]

# %% draws
one_step = net(features)
d2l.plot(
    [time, time[tau:]],
    [x.detach().numpy(), one_step.detach().numpy()],
    "time", "x", legend=["data", "one step"], xlim=[1, T], figsize=(6, 3),
)  # fmt: skip

# %% draws
start = n_train + tau
many_steps = torch.zeros(T)
many_steps[:start] = x[:start]
for i in range(start, T):
    many_steps[i] = net(many_steps[i - tau : i].reshape((1, -1)))
later = many_steps[start:].detach().numpy()
d2l.plot(
    [time, time[tau:], time[start:]],
    [x.detach().numpy(), one_step.detach().numpy(), later],
    "time", "x", legend=["data", "one step", "many steps"], xlim=[1, T], figsize=(6, 3),
)  # fmt: skip

# %% draws
steps = (1, 4, 16)
columns = list(features[: T - tau - max(steps) + 1].T)
for _ in range(max(steps)):
    columns.append(net(torch.stack(columns[-tau:], dim=1)).reshape(-1))
d2l.plot(
    [time[tau + k - 1 :][: len(columns[0])] for k in steps],
    [columns[tau + k - 1].detach().numpy() for k in steps],
    "time", "x", legend=[f"{k} steps" for k in steps], xlim=[5, T], figsize=(6, 3),
)  # fmt: skip
