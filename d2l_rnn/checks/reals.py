"""Real numbers as tensors: what series, vector_ar and neural_ar let in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from d2l_rnn import checks
from d2l_rnn.checks.layouts import is_dense

PLAIN = {"dtype": torch.float32, "device": "cpu"}  # whatever PyTorch's defaults are
FLOATING = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@contextlib.contextmanager
def on_cpu() -> Iterator[None]:
    """In the block, what PyTorch makes is on the CPU, whatever its default device."""
    is_default = torch.empty(0).device.type == "cpu"
    # A device in a `with` takes time at each call, so only where it is needed.
    with contextlib.nullcontext() if is_default else torch.device("cpu"):
        yield


def real(name: str, x: ArrayLike, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return x, of any shape, as a floating tensor of finite numbers on the CPU.

    Tensors and arrays keep their floating dtype; lists and integers get `dtype`. A
    floating tensor is not copied, and gradients flow through it.

    Raises ValueError for anything but finite real numbers, and for a sparse tensor.
    """
    if not isinstance(x, Tensor):
        return finite(name, _of_numpy(name, x, dtype))
    is_plain = is_dense(x) and not x.is_quantized
    is_real = x.dtype in FLOATING or not (x.is_floating_point() or x.is_complex())
    if not (is_plain and is_real) or x.is_meta:
        raise ValueError(
            f"{name} must hold real numbers in a dense tensor, got {x.dtype} with the "
            f"layout {x.layout} on {x.device}"
        )
    return finite(name, x.to("cpu", x.dtype if x.is_floating_point() else dtype))


def finite(name: str, x: Tensor) -> Tensor:
    """Return x; ValueError if a number in it is infinite or NaN."""
    if x.isfinite().all():
        return x
    raise ValueError(f"{name} must be finite, got NaN or infinity in {x.dtype}")


def as_series(
    x: ArrayLike,
    shapes: tuple[str, ...] = ("T,",),
    at_least: int = 2,
    name: str = "x",
) -> Tensor:
    """Return x as `real` does, without gradients, if it has one of the shapes.

    A shape is "T,", "T, D" or any other letters: only their number counts.

    Raises ValueError as `real` does, for another number of dimensions, for fewer than
    `at_least` rows, and for rows of no numbers.
    """
    x = real(name, x).detach()
    ndims = [len(shape.strip(",").split(",")) for shape in shapes]
    if x.ndim not in ndims or 0 in x.shape[1:]:
        allowed = " or ".join(f"({shape})" for shape in shapes)
        raise ValueError(f"{name} must have the shape {allowed}, got {tuple(x.shape)}")
    if len(x) < at_least:
        raise ValueError(
            f"{name} must have a length of at least {at_least}, got {len(x)}"
        )
    return x


def as_examples(features: ArrayLike, labels: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return the two halves of a lag matrix, (N, tau) and (N, 1), in one dtype.

    Raises ValueError if their shapes are wrong or their values are not all finite.
    """
    features = as_series(features, ("N, tau",), at_least=1, name="features")
    labels = as_series(labels, ("N, 1",), at_least=1, name="labels")
    if labels.shape != (len(features), 1):
        raise ValueError(
            f"labels must have the shape ({len(features)}, 1), one for "
            f"each row of features, got {tuple(labels.shape)}"
        )
    return features, finite("labels", labels.to(features.dtype))


def as_windows(windows: ArrayLike, *shape: int) -> Tensor:
    """Return windows as `real` does; ValueError unless they are (N, *shape)."""
    windows = real("windows", windows)
    if windows.ndim == 0 or windows.shape[1:] != shape:
        sizes = ", ".join(map(str, shape))
        raise ValueError(
            f"this model needs windows of the shape (N, {sizes}), "
            f"got {tuple(windows.shape)}"
        )
    return windows


def own_parameters(model: object, **ndims: int) -> None:
    """Make parameters of a frozen model float64 copies, which nobody else can change.

    Raises ValueError if one has another number of dimensions than `ndims` says, or as
    `real` does.
    """
    for name, ndim in ndims.items():
        values = real(name, getattr(model, name), torch.float64).detach()
        if values.ndim != ndim or values.numel() == 0:
            raise ValueError(
                f"{name} must have {ndim} dimensions and not be empty, "
                f"got the shape {tuple(values.shape)}"
            )
        object.__setattr__(model, name, values.to(torch.float64, copy=True))


def generator(seed: int) -> torch.Generator:
    """A new generator with this seed; ValueError unless 0 <= seed < 2^64."""
    seed = checks.integer("seed", seed, 0, 2**64 - 1)
    return torch.Generator("cpu").manual_seed(seed)


def _of_numpy(name: str, x: ArrayLike, dtype: torch.dtype) -> Tensor:
    given = getattr(x, "dtype", None)
    if getattr(given, "kind", "") == "f":
        dtype = {2: torch.float16, 4: torch.float32}.get(given.itemsize, torch.float64)
    return torch.from_numpy(checks.array(name, x)).to(dtype)
