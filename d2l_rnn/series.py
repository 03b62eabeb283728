"""Series of real numbers: make one, regress it on its own past, forecast it.

A *predictor* here is any function from the last `tau` values to the next one:
windows (N, tau), the oldest value first, to predictions (N, 1). A linear
autoregression, an MLP and a lambda are all predictors, and every forecast below
takes any of them. A predictor of D series at once maps (N, tau, D) to (N, 1, D).

The series are short, so everything runs on the CPU. Tensors and arrays keep their
floating dtype; lists and integers become float32, as in the book. Nothing touches
the global random state: what is drawn depends on `seed` alone.

Sources: "Sequence models" in the notes; section 8.1 of Dive into Deep Learning,
PyTorch 0.17 ("the book").
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from d2l_rnn import checks

# --- The data ------------------------------------------------------------------


def noisy_sine(num_points=1000, noise=0.2, period=200 * math.pi, seed=0):
    """Return time 1 .. num_points and a sine of it with Gaussian noise, both (T,).

    The defaults are the book's data, sin(0.01 t) + N(0, 0.2^2). `noise` is the
    standard deviation, `period` is in time steps.
    """
    num_points = checks.integer("num_points", num_points, 1)
    noise = checks.non_negative("noise", noise)
    frequency = 2 * math.pi / checks.positive("period", period)
    time = torch.arange(1, num_points + 1, dtype=torch.float32)
    errors = torch.normal(0.0, noise, (num_points,), generator=_generator(seed))
    return time, torch.sin(frequency * time) + errors


def lag_matrix(x, tau):
    """Lay a series (T,) out as a regression on its own past.

    Returns features (T - tau, tau) and labels (T - tau, 1), as the book does: the
    row for time t holds x_{t-tau} ... x_{t-1}, the oldest first, and its label is
    x_t. Raises ValueError if x is not a 1-D series of finite numbers or has no
    more than tau values.
    """
    x = _series(x)
    tau = checks.integer("tau", tau, 1, len(x) - 1, f"the series has {len(x)} values")
    return _windows(x, tau)[:-1].clone(), x[tau:, None].clone()


# --- The linear autoregression, AR(tau) ----------------------------------------


@dataclass(frozen=True, eq=False)
class LinearAR:
    """Predict the next value as a weighted sum of the last tau values and a bias.

    `weights` (tau,) stand in the order of the lag matrix: weights[-1] is the weight
    of x_{t-1}. They are float64; predictions come in the dtype of the features.
    """

    weights: Tensor
    bias: Tensor

    @property
    def tau(self) -> int:
        return len(self.weights)

    def __call__(self, features: Tensor) -> Tensor:
        _expect_windows(features, self.tau)
        predictions = features.double() @ self.weights + self.bias  # (N,)
        return predictions[:, None].to(features.dtype)  # (N, 1)


def fit_ar(features, labels) -> LinearAR:
    """Fit AR(tau) to the rows of a lag matrix by least squares.

    Where many fits are equally good (a constant series, say), it is the one with the
    smallest weights. Raises ValueError if features and labels are not (N, tau) and
    (N, 1) or hold values that are not finite.
    """
    features, labels = _examples(features, labels)
    weights, bias = _least_squares(features, labels)
    return LinearAR(weights[:, 0], bias[0])


def _least_squares(features, targets):
    """Return weights (F, D) and bias (D,), computed in float64."""
    ones = features.new_ones(len(features), 1)
    design = torch.cat((features, ones), dim=1).double()  # (N, F + 1)
    # gelsd works by singular values, so dependent columns do no harm.
    solution = torch.linalg.lstsq(design, targets.double(), driver="gelsd").solution
    return solution[:-1], solution[-1]


# --- The book's small MLP ------------------------------------------------------


def make_mlp(tau, seed=0) -> nn.Sequential:
    """Return the book's network from tau values to the next: tau, 10 ReLU units, 1."""
    tau = checks.integer("tau", tau, 1)
    with _seeded(seed):
        net = nn.Sequential(nn.Linear(tau, 10), nn.ReLU(), nn.Linear(10, 1))
        for layer in (net[0], net[2]):
            nn.init.xavier_uniform_(layer.weight)
    return net


def train_mlp(features, labels, num_epochs=5, lr=0.01, batch_size=16, seed=0):
    """Train the book's MLP with Adam on shuffled minibatches of a lag matrix's rows.

    Returns the network and a list with the mean squared error over all the rows
    after each epoch. Bad features and labels raise ValueError, as in `fit_ar`.
    """
    features, labels = _examples(features, labels)
    num_epochs = checks.integer("num_epochs", num_epochs, 1)
    batch_size = checks.integer("batch_size", batch_size, 1)
    net = make_mlp(features.shape[1], seed).to(features.dtype)
    trainer = torch.optim.Adam(net.parameters(), lr=checks.positive("lr", lr))
    loss, generator, losses = nn.MSELoss(), _generator(seed), []
    for _ in range(num_epochs):
        order = torch.randperm(len(features), generator=generator)
        for batch in order.split(batch_size):
            trainer.zero_grad()
            loss(net(features[batch]), labels[batch]).backward()
            trainer.step()
        with torch.no_grad():
            losses.append(loss(net(features), labels).item())
    return net, losses


# --- Forecasts: between what was observed, and beyond it -----------------------


@torch.no_grad()
def continue_windows(model, windows, num_steps) -> Tensor:
    """Continue each window on its own for num_steps, feeding predictions back.

    windows (N, tau) give (N, num_steps); (N, tau, D) give (N, num_steps, D). This is
    the loop under every forecast here: only the first prediction rests on
    observations alone.
    """
    num_steps = checks.integer("num_steps", num_steps, 1)
    predictions = []
    for _ in range(num_steps):
        prediction = model(windows)  # (N, 1)
        if prediction.shape != windows[:, :1].shape:
            raise ValueError(
                "model must map windows (N, tau) to predictions (N, 1), "
                f"got {tuple(prediction.shape)} "
                f"from {tuple(windows.shape)}"
            )
        predictions.append(prediction)
        windows = torch.cat((windows[:, 1:], prediction), dim=1)  # (N, tau)
    return torch.cat(predictions, dim=1)


def forecast(model, x, tau, num_steps) -> Tensor:
    """Continue the series x beyond its end: extrapolation.

    x is (T,) or (T, D), and only its last tau values matter. Returns (num_steps,) or
    (num_steps, D). The book's multi-step picture is
    `forecast(net, x[:n_train + tau], tau, T - n_train - tau)`.
    """
    x = _series(x, (1, 2), at_least=1)
    tau = checks.integer("tau", tau, 1, len(x), f"the series has {len(x)} values")
    return continue_windows(model, x[None, -tau:], num_steps)[0]


def k_step_forecasts(model, x, tau, k=1) -> Tensor:
    """Forecast every value of x that has an observed window k steps before it.

    x is (T,) or (T, D). The result has T - tau - k + 1 values and stands beside
    `x[tau + k - 1:]`: its entry for time t was made from the tau observations that
    end at time t - k. k = 1 is the one-step forecast, from real observations alone;
    for k > 1 the predictions in between are fed back.
    """
    x, tau, k = _horizon(x, tau, "k", k)
    return continue_windows(model, _windows(x, tau)[:-k], k)[:, -1]


def rmse(predictions: Tensor, observed: Tensor) -> Tensor:
    """Root mean squared error over the first axis: a number, or (D,) for D series."""
    if predictions.shape != observed.shape or observed.numel() == 0:
        raise ValueError(
            "predictions and observed must have one shape and not be "
            f"empty, got {tuple(predictions.shape)} and "
            f"{tuple(observed.shape)}"
        )
    return (predictions - observed).square().mean(dim=0).sqrt()


def rmse_by_step(model, x, tau, max_steps) -> Tensor:
    """Return the error of the k-step forecasts of x for k = 1 .. max_steps.

    Entry k - 1 is the RMSE of `k_step_forecasts(model, x, tau, k)`, all from one
    pass. Shape (max_steps,), or (max_steps, D) where x is (T, D).
    """
    x, tau, max_steps = _horizon(x, tau, "max_steps", max_steps)
    forecasts = continue_windows(model, _windows(x, tau)[:-1], max_steps)
    errors = [
        rmse(forecasts[: len(forecasts) - k, k], x[tau + k :]) for k in range(max_steps)
    ]
    return torch.stack(errors)


# --- Several series that predict each other: VAR(tau) --------------------------


@dataclass(frozen=True, eq=False)
class VectorAR:
    """Predict D series from the last tau values of all: x_t = c + sum_i A_i x_{t-i}.

    `weights` (tau, D, D) hold the matrices A_1, A_2, ... in the order of the formula:
    weights[i - 1] is A_i, and A_i[d, e] says how far series e, i steps ago, moves
    series d now. `bias` (D,) is c. A predictor: (N, tau, D) to (N, 1, D).
    """

    weights: Tensor
    bias: Tensor

    @property
    def tau(self) -> int:
        return len(self.weights)

    def __call__(self, windows: Tensor) -> Tensor:
        _expect_windows(windows, self.tau, len(self.bias))
        newest_first = windows.double().flip(1)  # (N, tau, D)
        sums = torch.einsum("ide,nie->nd", self.weights, newest_first) + self.bias
        return sums[:, None].to(windows.dtype)  # (N, 1, D)


def fit_var(x, tau=1) -> VectorAR:
    """Fit VAR(tau) to the series x (T, D) by least squares.

    Raises ValueError if x is not (T, D) with finite values or T is at most tau.
    """
    x = _series(x, (2,))
    tau = checks.integer("tau", tau, 1, len(x) - 1, f"the series has {len(x)} values")
    num_series = x.shape[1]
    lags = _windows(x, tau)[:-1].flatten(1)  # (T - tau, tau * D)
    weights, bias = _least_squares(lags, x[tau:])
    oldest_first = weights.reshape(tau, num_series, num_series)  # (lag, from, to)
    return VectorAR(oldest_first.flip(0).transpose(1, 2), bias)


WEATHER_SERIES = ("temperature", "humidity", "precipitation")

# The invented climate behind simulate_weather: a row for each of today's series, a
# column for each of yesterday's. A warm day leaves the next one more humid (+0.5 % for
# each degree), a humid day leaves it cooler (-0.1 degrees for each per cent), and both
# bring rain.
WEATHER = VectorAR(
    weights=torch.tensor(
        [[[0.8, -0.1, 0.0], [0.5, 0.7, 0.0], [0.3, 0.3, 0.0]]], dtype=torch.float64
    ),
    bias=torch.tensor([9.0, 10.5, -21.5], dtype=torch.float64),
)
WEATHER_NOISE = torch.tensor([2.0, 4.0, 1.5])


def simulate_weather(num_days=1000, seed=0) -> Tensor:
    """Return invented days (T, 3): temperature, humidity and precipitation.

    The units are degrees Celsius, per cent and millimetres. The days follow the
    VAR(1) `WEATHER`, with noise of standard deviation `WEATHER_NOISE`, around
    15 degrees and 60 per cent; 0 and 100 per cent are more than six standard
    deviations off. Rain cannot be negative, so what the model puts below 0 is a dry
    day: temperature and humidity, the first two columns, are exactly a VAR(1), and
    precipitation is not.
    """
    num_days = checks.integer("num_days", num_days, 1)
    noise = torch.randn(num_days, 3, generator=_generator(seed)) * WEATHER_NOISE
    today, days = torch.tensor([15.0, 60.0, 1.0]), []
    for shock in noise:
        today = WEATHER(today.reshape(1, 1, 3)).reshape(3) + shock
        days.append(today)
    weather = torch.stack(days)
    weather[:, 2].clamp_(min=0)
    return weather


# --- The latent autoregressive model -------------------------------------------


class LatentAR(nn.Module):
    """Keep a summary h of the past, and predict the next value from h alone.

    h_t = g(h_{t-1}, x_{t-1}) and x_hat_t = h_t W_hq + b_q (the notes, "latent
    autoregressive models"). It needs no tau: h may remember as far back as it learns
    to. `h` (B, num_hiddens) starts as zeros.
    """

    def __init__(self, num_hiddens=16, seed=0):
        super().__init__()
        self.num_hiddens = checks.integer("num_hiddens", num_hiddens, 1)
        with _seeded(seed):
            self.W_xh = _weight(1, num_hiddens)
            self.W_hh = _weight(num_hiddens, num_hiddens)
            self.W_hq = _weight(num_hiddens, 1)
        self.b_h = nn.Parameter(torch.zeros(num_hiddens))
        self.b_q = nn.Parameter(torch.zeros(1))

    def g(self, h, x):
        """Return the new summary from the old one (B, H) and the value (B, 1) seen."""
        return torch.tanh(x @ self.W_xh + h @ self.W_hh + self.b_h)  # (B, H)

    def output(self, h):
        """Return the prediction (B, 1) that the summary (B, H) makes."""
        return h @ self.W_hq + self.b_q

    def forward(self, x, h=None):
        """Read series x (B, T) one value at a time.

        Returns predictions (B, T) and summaries (B, T, H): entry t of each is what
        the model holds after reading x[:, t], so it predicts x[:, t + 1].
        """
        if x.ndim != 2:
            raise ValueError(f"x must have the shape (B, T), got {tuple(x.shape)}")
        h = x.new_zeros(len(x), self.num_hiddens) if h is None else h
        summaries = []
        for value in x.T:  # (B,)
            h = self.g(h, value[:, None])
            summaries.append(h)
        summaries = torch.stack(summaries, dim=1)  # (B, T, H)
        return self.output(summaries).squeeze(2), summaries

    @torch.no_grad()
    def forecast(self, x, num_steps) -> Tensor:
        """Read the series x (T,), then continue it by num_steps values."""
        summaries = self._read(_series(x, at_least=1))
        return self._continue(summaries[-1:], num_steps)[0]

    @torch.no_grad()
    def k_step_forecasts(self, x, k=1) -> Tensor:
        """Forecast every value of the series x (T,) from what came k steps before it.

        The result has T - k values and stands beside `x[k:]`: its entry for time t
        was made after reading all of x up to time t - k.
        """
        x = _series(x)
        k = checks.integer("k", k, 1, len(x) - 1, f"the series has {len(x)} values")
        return self._continue(self._read(x)[:-k], k)[:, -1]

    def _read(self, x):
        _, summaries = self(x[None].to(self.W_xh.dtype))
        return summaries[0]  # (T, H)

    def _continue(self, h, num_steps):
        """Continue from each summary in h (N, H) on predictions fed back."""
        predictions = [self.output(h)]  # (N, 1)
        for _ in range(checks.integer("num_steps", num_steps, 1) - 1):
            h = self.g(h, predictions[-1])
            predictions.append(self.output(h))
        return torch.cat(predictions, dim=1)  # (N, num_steps)


def train_latent_ar(x, num_hiddens=16, num_steps=32, num_epochs=150, lr=0.01, seed=0):
    """Train a LatentAR with Adam on stretches of num_steps values of the series x (T,).

    The stretches overlap by half. One epoch is one update on all of them at once, each
    read from a zero summary. Returns the model and a list with the mean squared error
    before each update.
    """
    x = _series(x).float()
    num_steps = checks.integer(
        "num_steps", num_steps, 1, len(x) - 1, f"the series has {len(x)} values"
    )
    num_epochs = checks.integer("num_epochs", num_epochs, 1)
    model = LatentAR(num_hiddens, seed)
    trainer = torch.optim.Adam(model.parameters(), lr=checks.positive("lr", lr))
    stretches = x.unfold(0, num_steps + 1, (num_steps + 1) // 2)  # (N, num_steps + 1)
    losses = []
    for _ in range(num_epochs):
        predictions, _ = model(stretches[:, :-1])
        loss = nn.functional.mse_loss(predictions, stretches[:, 1:])
        trainer.zero_grad()
        loss.backward()
        trainer.step()
        losses.append(loss.item())
    return model, losses


# --- Shared ---------------------------------------------------------------------


def _windows(x, tau):
    """Return every stretch of tau values of x: (T - tau + 1, tau) or (.., tau, D)."""
    return x.unfold(0, tau, 1).movedim(-1, 1)


def _horizon(x, tau, name, k):
    """Check that x has a window of tau values with a value k steps after it."""
    x = _series(x, (1, 2))
    why = f"the series has {len(x)} values"
    tau = checks.integer("tau", tau, 1, len(x) - 1, why)
    return x, tau, checks.integer(name, k, 1, len(x) - tau, f"{why}, tau is {tau}")


def _expect_windows(windows, *shape):
    """Raise ValueError unless windows are (N, *shape), before anything broadcasts."""
    if tuple(windows.shape[1:]) != shape:
        sizes = ", ".join(map(str, shape))
        raise ValueError(
            f"this model needs windows of the shape (N, {sizes}), "
            f"got {tuple(windows.shape)}"
        )


def _series(x, ndims=(1,), at_least=2, name="x"):
    """Return x as a floating tensor of finite numbers, or raise ValueError."""
    try:
        x = torch.as_tensor(x, device="cpu")
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} must hold numbers: {error}") from None
    x = x.detach() if x.is_floating_point() else x.float()
    if x.ndim not in ndims or 0 in x.shape[1:]:
        shapes = " or ".join("(T,)" if ndim == 1 else "(T, D)" for ndim in ndims)
        raise ValueError(f"{name} must have the shape {shapes}, got {tuple(x.shape)}")
    if len(x) < at_least:
        raise ValueError(
            f"{name} must have a length of at least {at_least}, got {len(x)}"
        )
    if not x.isfinite().all():
        raise ValueError(f"{name} must be finite, got NaN or infinity in it")
    return x


def _examples(features, labels):
    """Return the two halves of a lag matrix, in one dtype, or raise ValueError."""
    features = _series(features, (2,), at_least=1, name="features")
    labels = _series(labels, (2,), at_least=1, name="labels")
    if labels.shape != (len(features), 1):
        raise ValueError(
            f"labels must have the shape ({len(features)}, 1), one for "
            f"each row of features, got {tuple(labels.shape)}"
        )
    return features, labels.to(features.dtype)


def _weight(num_inputs, num_outputs):
    weight = torch.empty(num_inputs, num_outputs)
    return nn.Parameter(nn.init.xavier_uniform_(weight))


def _seed(seed):
    return checks.integer("seed", seed, 0, 2**64 - 1)


def _generator(seed):
    return torch.Generator().manual_seed(_seed(seed))


@contextlib.contextmanager
def _seeded(seed):
    """Seed what PyTorch's layers draw in the block, then put the global state back."""
    seed = _seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
