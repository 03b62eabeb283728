"""8.4: a hidden state is one product of what is put side by side."""

# %%
import torch

from d2l_rnn import book as d2l

# %%
X, W_xh = torch.normal(0, 1, (3, 1)), torch.normal(0, 1, (1, 4))
H, W_hh = torch.normal(0, 1, (3, 4)), torch.normal(0, 1, (4, 4))
apart = torch.matmul(X, W_xh) + torch.matmul(H, W_hh)
print(apart)

# %%
together = torch.matmul(torch.cat((X, H), 1), torch.cat((W_xh, W_hh), 0))
print(together)
assert torch.allclose(apart, together, atol=1e-5)

# %%
print(d2l.matmul(d2l.concat((X, H), 1), d2l.concat((W_xh, W_hh), 0)))
