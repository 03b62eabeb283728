"""Autoregressive models trained by gradient descent: the book's MLP and a latent one.

The MLP is a predictor in the sense of `series`, from the last tau values to the next.
The latent autoregressive model has no tau: it keeps a summary of everything before,
and is the first recurrent network of the course. Both are trained with Adam, and
random numbers depend on `seed` alone.

Sources: "latent autoregressive models" in the notes; section 8.1 of Dive into Deep
Learning, PyTorch 0.17 ("the book").
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from d2l_rnn import checks
from d2l_rnn.checks.reals import as_examples, as_series, finite, generator, on_cpu, real
from d2l_rnn.checks.tensors import Sizes

LARGEST_LR = 1e37  # Adam's first steps divide the learning rate by 0.1, in float32

# --- The book's small MLP ------------------------------------------------------


def make_mlp(tau: int, seed: int = 0) -> nn.Sequential:
    """Return the book's network from tau values to the next: tau, 10 ReLU units, 1.

    Raises ValueError if `tau` is not at least 1 or `seed` is negative.
    """
    tau = checks.integer("tau", tau, 1)
    with _seeded(seed):
        net = nn.Sequential(nn.Linear(tau, 10), nn.ReLU(), nn.Linear(10, 1))
        for layer in (net[0], net[2]):
            nn.init.xavier_uniform_(layer.weight)
    return net


@on_cpu()
@torch.inference_mode(False)  # which lets gradients be computed, in `no_grad` too
def train_mlp(
    features: ArrayLike,
    labels: ArrayLike,
    num_epochs: int = 5,
    lr: float = 0.01,
    batch_size: int = 16,
    seed: int = 0,
) -> tuple[nn.Sequential, list[float]]:
    """Train the book's MLP with Adam on shuffled minibatches of a lag matrix's rows.

    Returns the network, and a list of the mean squared error over all rows after each
    epoch. The network has the dtype of the features.

    Raises ValueError for bad features or labels, as `series.fit_ar` does, a size that
    is not positive, and a learning rate that is not, or over 1e37; FloatingPointError
    if the training diverges.
    """
    features, labels = as_examples(features, labels)  # (N, tau), (N, 1)
    num_epochs = checks.integer("num_epochs", num_epochs, 1)
    batch_size = checks.integer("batch_size", batch_size, 1, math.inf)
    batch_size = min(batch_size, len(features))
    lr = checks.positive("lr", lr, LARGEST_LR)
    dtype = features.dtype
    wide = torch.promote_types(dtype, torch.float32)  # float16 is too coarse for Adam
    features, labels = features.to(wide), labels.to(wide)
    net = make_mlp(features.shape[1], seed).to(wide)
    trainer = torch.optim.Adam(net.parameters(), lr=lr)
    loss, shuffle, losses = nn.MSELoss(), generator(seed), []
    for epoch in range(1, num_epochs + 1):
        order = torch.randperm(len(features), generator=shuffle)  # (N,)
        for batch in order.split(batch_size):
            trainer.zero_grad()
            loss(net(features[batch]), labels[batch]).backward()
            trainer.step()
        with torch.no_grad():
            losses.append(loss(net(features), labels).item())
        _expect_finite(net, losses[-1], epoch)
    return net.to(dtype), losses


# --- The latent autoregressive model -------------------------------------------


class LatentAR(nn.Module):
    """Keep a summary h of the past, and predict the next value from h alone.

    h_t = g(h_{t-1}, x_{t-1}) and x_hat_t = h_t W_hq + b_q (the notes, "latent
    autoregressive models"). It needs no tau: how far back h remembers is learned. `h`
    (B, num_hiddens) starts as zeros.

    Raises ValueError if `num_hiddens` is not at least 1 or `seed` is negative.
    """

    def __init__(self, num_hiddens: int = 16, seed: int = 0):
        super().__init__()
        self.num_hiddens = checks.integer("num_hiddens", num_hiddens, 1)
        with _seeded(seed):
            self.W_xh = _weight(1, num_hiddens)
            self.W_hh = _weight(num_hiddens, num_hiddens)
            self.W_hq = _weight(num_hiddens, 1)
            self.b_h = nn.Parameter(torch.zeros(num_hiddens))
            self.b_q = nn.Parameter(torch.zeros(1))

    def g(self, h: Tensor, x: Tensor) -> Tensor:
        """Return the new summary from the old one (B, H) and the value (B, 1) seen.

        Raises ValueError if one of them has another shape.
        """
        self._check_step(h, x)
        return torch.tanh(x @ self.W_xh + h @ self.W_hh + self.b_h)  # (B, H)

    def output(self, h: Tensor) -> Tensor:
        """Return the prediction that the summary (…, H) makes.

        Raises ValueError if it has another shape, dtype or device.
        """
        self._check_summary(h)
        return h @ self.W_hq + self.b_q  # (B, 1)

    def forward(self, x: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read series x (B, T) one value at a time.

        Returns predictions (B, T) and summaries (B, T, H): entry t of each is what
        the model holds after reading x[:, t], so it predicts x[:, t + 1].

        Raises ValueError if x has another number of dimensions or no values, if h is
        not (B, H), or if they hold anything but finite real numbers.
        """
        x, h = self._checked(x, h)
        h = x.new_zeros(len(x), self.num_hiddens) if h is None else h  # (B, H)
        summaries = []
        for value in x.T:  # (B,)
            h = self.g(h, value[:, None])  # (B, H)
            summaries.append(h)
        summaries = torch.stack(summaries, dim=1)  # (B, T, H)
        return self.output(summaries).squeeze(2), summaries

    @torch.no_grad()
    def forecast(self, x: ArrayLike, num_steps: int) -> Tensor:
        """Read the series x (T,), then continue it by num_steps values.

        Raises ValueError if x is empty, `num_steps` is not at least 1, or the model
        predicts a number that is not finite.
        """
        summaries = self._read(as_series(x, at_least=1))  # (T, H)
        return self._continue(summaries[-1:], num_steps)[0]  # (num_steps,)

    @torch.no_grad()
    def k_step_forecasts(self, x: ArrayLike, k: int = 1) -> Tensor:
        """Forecast each value of the series x (T,) from those up to k steps before.

        The result has T - k values and lines up with `x[k:]`: its entry for time t is
        made after reading x up to time t - k.

        Raises ValueError if x has only k values or fewer, or the model predicts a
        number that is not finite.
        """
        x = as_series(x)
        k = checks.integer("k", k, 1, len(x) - 1, f"the series has {len(x)} values")
        return self._continue(self._read(x)[:-k], k)[:, -1]  # (T - k,)

    def _check_step(self, h: Tensor, x: Tensor) -> None:
        sizes, dtype = Sizes(I=1, H=self.num_hiddens), self.W_hh.dtype
        sizes.check("BI", dtype, x=x)
        sizes.check("BH", dtype, h=h)

    def _check_summary(self, h: Tensor) -> None:
        kind = self.W_hq.dtype, self.W_hq.device
        is_one = isinstance(h, Tensor) and (h.dtype, h.device) == kind
        if not is_one or h.shape[-1:] != (self.num_hiddens,):
            raise ValueError(
                f"h must be {kind[0]} of shape (…, {self.num_hiddens}) on {kind[1]}, "
                f"got {checks.shown(h)}"
            )

    def _checked(self, x: Tensor, h: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Series (B, T) and a summary (B, H), with the dtype of the parameters."""
        if self.W_xh.is_meta:
            raise ValueError("the model must have its parameters in memory, not meta")
        x = finite("x", real("x", x).to(self.W_xh))
        if x.ndim != 2 or x.shape[1] == 0:
            raise ValueError(
                f"x must have the shape (B, T), T at least 1, got {tuple(x.shape)}"
            )
        h = h if h is None else finite("h", real("h", h).to(self.W_xh))
        if h is not None and h.shape != (len(x), self.num_hiddens):
            raise ValueError(
                f"h must have the shape ({len(x)}, {self.num_hiddens}), "
                f"got {tuple(h.shape)}"
            )
        return x, h

    def _read(self, x: Tensor) -> Tensor:
        """The summaries (T, H) after each value of the series x (T,)."""
        _, summaries = self(x[None])  # (1, T, H)
        return summaries[0]

    def _continue(self, h: Tensor, num_steps: int) -> Tensor:
        """Continue from each summary in h (N, H), feeding predictions back."""
        predictions = [self.output(h)]  # (N, 1)
        for _ in range(checks.integer("num_steps", num_steps, 1) - 1):
            h = self.g(h, predictions[-1])  # (N, H)
            predictions.append(self.output(h))  # (N, 1)
        return finite("predictions", torch.cat(predictions, dim=1))  # (N, num_steps)


@on_cpu()
@torch.inference_mode(False)
def train_latent_ar(
    x: ArrayLike,
    num_hiddens: int = 16,
    num_steps: int = 32,
    num_epochs: int = 150,
    lr: float = 0.01,
    seed: int = 0,
) -> tuple[LatentAR, list[float]]:
    """Train a LatentAR with Adam on windows of num_steps values of the series x (T,).

    The windows overlap by half. One epoch is one update on all of them at once, each
    read from a zero summary. Returns the model, and a list of the mean squared error
    before each update.

    Raises ValueError if x has only `num_steps` values or fewer, for a size that is not
    positive, and for a learning rate that is not, or over 1e37; FloatingPointError if
    the training diverges.
    """
    x = finite("x", as_series(x).float()).clone()  # (T,), no inference tensor
    num_steps = checks.integer(
        "num_steps", num_steps, 1, len(x) - 1, f"the series has {len(x)} values"
    )
    num_epochs = checks.integer("num_epochs", num_epochs, 1)
    lr = checks.positive("lr", lr, LARGEST_LR)
    model = LatentAR(num_hiddens, seed)
    trainer = torch.optim.Adam(model.parameters(), lr=lr)
    stretches = x.unfold(0, num_steps + 1, (num_steps + 1) // 2)  # (N, num_steps + 1)
    losses = []
    for epoch in range(1, num_epochs + 1):
        predictions, _ = model(stretches[:, :-1])  # (N, num_steps)
        loss = nn.functional.mse_loss(predictions, stretches[:, 1:])
        trainer.zero_grad()
        loss.backward()
        trainer.step()
        losses.append(loss.item())
        _expect_finite(model, losses[-1], epoch)
    return model, losses


def _expect_finite(model: nn.Module, loss: float, epoch: int) -> None:
    """Raise FloatingPointError if the loss or a parameter is not finite any more."""
    weights_are = all(param.isfinite().all() for param in model.parameters())
    if not (weights_are and math.isfinite(loss)):
        raise FloatingPointError(
            f"training diverged in epoch {epoch}, with a loss of {loss:g}: try a "
            "smaller lr, or a series of smaller numbers"
        )


def _weight(num_inputs: int, num_outputs: int) -> nn.Parameter:
    weight = torch.empty(num_inputs, num_outputs)
    return nn.Parameter(nn.init.xavier_uniform_(weight))


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed PyTorch's initialisation in the block, on the CPU and in float32.

    Then the global state is as it was before.
    """
    seed, dtype = checks.integer("seed", seed, 0, 2**64 - 1), torch.get_default_dtype()
    with on_cpu(), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
