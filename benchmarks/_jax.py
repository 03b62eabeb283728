"""The scratch RNN in JAX, jitted: an epoch is one scan over its minibatches.

The same recurrence, loss, clipping and step as everywhere else; JAX finds the gradient.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

THETA, LR = 1.0, 1.0
Params = list[jax.Array]  # W_xh, W_hh, b_h, W_hq, b_q


def mean_loss(
    params: Params, X: jax.Array, Y: jax.Array, H_0: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The mean loss of a minibatch (B, T), and the last state, (B, H)."""
    W_xh, W_hh, b_h, W_hq, b_q = params

    def step(H, X_t):
        H = jnp.tanh(W_xh[X_t] + H @ W_hh + b_h)  # (B, H)
        return H, H

    H_T, H = jax.lax.scan(step, H_0, X.T)
    log_p = jax.nn.log_softmax(H @ W_hq + b_q)  # (T, B, V)
    return -jnp.take_along_axis(log_p, Y.T[..., None], -1).mean(), H_T


def learn(
    carried: tuple[Params, jax.Array], minibatch: tuple[jax.Array, jax.Array]
) -> tuple[tuple[Params, jax.Array], jax.Array]:
    """A step of SGD along the clipped gradient.

    Takes the parameters and the state, and the minibatch (X, Y); returns both after the
    step, and the loss before it.
    """
    params, H = carried
    (loss, H), gradients = jax.value_and_grad(mean_loss, has_aux=True)(
        params, *minibatch, H
    )
    norm = jnp.sqrt(sum((g**2).sum() for g in gradients))
    step = LR * jnp.minimum(1.0, THETA / norm)
    return ([p - step * g for p, g in zip(params, gradients, strict=True)], H), loss


@jax.jit
def epoch(params: Params, X: jax.Array, Y: jax.Array) -> tuple[Params, jax.Array]:
    """The parameters after an epoch from H_0 = 0, and its losses. X, Y: (n, B, T)."""
    H_0 = jnp.zeros((X.shape[1], len(params[1])))
    (params, _), losses = jax.lax.scan(learn, (params, H_0), (X, Y))
    return params, losses


def epoch_of(
    params: Sequence[np.ndarray], X: np.ndarray, Y: np.ndarray
) -> Callable[[], jax.Array]:
    """A function that trains for an epoch, and returns its losses, (n,)."""
    held = {"params": [jnp.asarray(param) for param in params]}
    X, Y = jnp.asarray(X), jnp.asarray(Y)

    def train():
        held["params"], losses = epoch(held["params"], X, Y)
        return losses.block_until_ready()

    return train
