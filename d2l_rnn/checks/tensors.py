"""The checks at the door for tensors: tokens, states, devices, minibatches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn

from d2l_rnn.checks import shown
from d2l_rnn.checks.layouts import is_dense

# PyTorch does not compare these, but NumPy does.
UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)
INTEGERS = (
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, *UNSIGNED,
)  # fmt: skip
# So many tokens are compared sooner by Python than by PyTorch.
FEW = 16

Device = torch.device | str | None
State = Tensor | tuple[Tensor, ...]


def check_tokens(
    name: str,
    tokens: Tensor,
    vocab_size: int,
    device: torch.device,
    shape: Sequence[int] | None = None,
) -> None:
    """Raises ValueError unless these are indices of a vocabulary, shape (B, T).

    `shape` says which, if not any will do. They must be on the `device`.
    """
    if not isinstance(tokens, Tensor):
        raise ValueError(
            f"{name} must be a tensor of token indices, got a {type(tokens).__name__}"
        )
    is_any = shape is None
    if not (_are_tokens(tokens) and (is_any or tokens.shape == tuple(shape))):
        wanted = "(batch_size, num_steps)" if is_any else tuple(shape)
        raise ValueError(
            f"{name} must be token indices, shape {wanted} and not empty, got "
            f"{contents(tokens)}"
        )
    check_device(name, tokens, device)
    if not tokens.is_meta:
        check_range(name, tokens, vocab_size)


def check_device(name: str, tensor: Tensor, device: torch.device) -> None:
    """Raises ValueError for a tensor on another device."""
    if tensor.device != device:
        raise ValueError(f"{name} must be on {device}, got {tensor.device}")


def check_range(name: str, tokens: Tensor, vocab_size: int) -> None:
    """Raises ValueError if one of the tokens is not in the vocabulary."""
    if tokens.numel() <= FEW:
        tokens = tokens.flatten().tolist()
        least, most = min(tokens), max(tokens)
    elif tokens.dtype in UNSIGNED:
        tokens = tokens.cpu().numpy()
        least, most = int(tokens.min()), int(tokens.max())
    else:
        least, most = (int(each) for each in tokens.aminmax())
    if least < 0 or most >= vocab_size:
        got = least if least < 0 else most
        raise ValueError(f"{name} must be tokens from 0 to {vocab_size - 1}, got {got}")


def check_state(
    state: State, shape: tuple[int, ...], like: Tensor, form: str = "any"
) -> None:
    """Raises ValueError unless the parts of a state have the shape (…, B, H).

    Their dtype and device must be those of `like`, a parameter. A state of one sequence
    would be spread over all the others in silence. `form` is "tensor" or "pair" where
    the state must be one or two tensors of this very shape.
    """
    parts = (state,) if isinstance(state, Tensor) else state
    fits = isinstance(parts, (tuple, list)) and all(
        isinstance(part, Tensor)
        and is_dense(part)
        and part.shape[-len(shape) :] == shape
        and (part.dtype, part.device) == (like.dtype, like.device)
        and (form == "any" or part.dim() == len(shape))
        for part in parts
    )
    is_tensor = isinstance(state, Tensor)
    is_pair = fits and not is_tensor and len(parts) == 2
    if not (fits and {"any": True, "tensor": is_tensor, "pair": is_pair}[form]):
        raise ValueError(
            f"state must be {like.dtype} on {like.device} in shapes that end in "
            f"{shape}, (…, batch_size, num_hiddens), got {contents(state)}"
        )


def parts_of(state: State) -> Sequence[Tensor]:
    """The tensors of a state; ValueError if there is anything else in it."""
    parts = (state,) if isinstance(state, Tensor) else state
    if isinstance(parts, (tuple, list)) and all(isinstance(p, Tensor) for p in parts):
        return parts
    raise ValueError(
        f"state must be a tensor, or tensors in a tuple, got {contents(state)}"
    )


def only_part(state: Sequence[Tensor]) -> Tensor:
    """The one tensor of an RNN's state; ValueError if it is no tuple of one."""
    if isinstance(state, (tuple, list)) and len(state) == 1:
        return state[0]
    raise ValueError(
        "state must be one tensor, (batch_size, num_hiddens), in a tuple, got "
        f"{contents(state)}"
    )


class Sizes(dict):
    """What T, B, V, H … are, as the tensors say that have been checked so far."""

    def check(self, letters: str, dtype: torch.dtype | None = None, **tensors) -> None:
        """Raises ValueError unless the tensors have the sizes that the letters mean.

        A new letter takes its size from the first of them. They must be floats, of
        `dtype` if it is given.
        """
        for name, tensor in tensors.items():
            fits = isinstance(tensor, Tensor) and is_dense(tensor)
            shape = tensor.shape if fits else ()
            fits = fits and len(shape) == len(letters)
            for letter, size in zip(letters, shape, strict=False):
                fits = fits and self.setdefault(letter, size) == size > 0
            if not (fits and tensor.is_floating_point()):
                sizes = ", ".join(f"{each}={self.get(each, '?')}" for each in letters)
                raise ValueError(
                    f"{name} must be a tensor of floats, shape ({sizes}), got "
                    f"{contents(tensor)}"
                )
            if dtype not in (None, tensor.dtype):
                raise ValueError(f"{name} must be {dtype}, got {tensor.dtype}")
            check_device(name, tensor, self.setdefault("device", tensor.device))

    def check_params(self, names: Sequence[str], params: Sequence[Tensor]) -> None:
        """Raises ValueError unless these are a recurrence's parameters, by these names.

        W_x… has the shape (D, H), W_h… (H, H), b… (H,), but W_hq (H, Q) and b_q (Q,).
        """
        listed = list(params) if isinstance(params, LISTS) else []
        if len(listed) != len(names):
            raise ValueError(
                f"params must be the {len(names)} tensors {', '.join(names)}, got "
                f"{contents(params)}"
            )
        for name, param in zip(names, listed, strict=True):
            letters = LETTERS.get(name) or LETTERS[name[:-1]]
            self.check(letters, getattr(listed[0], "dtype", None), **{name: param})


LETTERS = {"W_x": "DH", "W_h": "HH", "b_": "H", "W_hq": "HQ", "b_q": "Q"}
LISTS = (list, tuple, nn.ParameterList)


def check_recurrence(
    inputs: Tensor,
    state: Sequence[Tensor],
    params: Sequence[Tensor],
    names: Sequence[str],
    num_states: int = 1,
) -> None:
    """Raises ValueError unless inputs (T, B, D), states (B, H) and params fit together.

    `names` are those of the parameters, as `Sizes.check_params` has them.
    """
    fits = _fit_together(inputs, state, params, num_states)
    if fits and len(params) == len(names):  # as a rule
        return
    sizes = Sizes()
    sizes.check_params(names, params)
    dtype = params[0].dtype
    sizes.check("TBD", dtype, inputs=inputs)
    if not isinstance(state, (tuple, list)) or len(state) != num_states:
        raise ValueError(
            f"state must be a tuple of {num_states} (batch_size, num_hiddens), got "
            f"{contents(state)}"
        )
    for part in state:
        sizes.check("BH", dtype, state=part)


def _fit_together(inputs, state, params, num_states: int) -> bool:
    """True if nothing is wrong; what it is would take longer to find out."""
    try:
        every = inputs, *state, *params
        shapes = [each.shape for each in every]
        kinds = {(each.dtype, each.device, each.layout) for each in every}
        (_, B, D), (_, H), (Q,) = shapes[0], shapes[num_states + 1], shapes[-1]
        is_float = inputs.dtype.is_floating_point and inputs.layout is torch.strided
    except (AttributeError, TypeError, ValueError, IndexError, RuntimeError):
        return False
    wanted = [(B, H)] * num_states + [(D, H), (H, H), (H,)] * (len(params) // 3)
    fits = shapes[1:] == [*wanted, (H, Q), (Q,)] and 0 not in shapes[0]
    return fits and is_float and len(kinds) == 1 and type(state) is tuple


def checked_device(device: Device) -> torch.device:
    """The device of this name; the CPU for None.

    Raises ValueError if this machine has none of that name.
    """
    try:
        return torch.empty(0, device="cpu" if device is None else device).device
    except (RuntimeError, TypeError, AssertionError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"device must be one that this machine has, such as 'cpu', "
            f"got {shown(device)}: "
            f"{reason}"
        ) from None


def checked_generator(generator: torch.Generator | None) -> torch.Generator | None:
    """The generator, or None; ValueError for anything else, such as a seed."""
    if generator is None or isinstance(generator, torch.Generator):
        return generator
    raise ValueError(
        f"generator must be a torch.Generator or None, got {shown(generator)}"
    )


def pairs(
    minibatches: Iterable, carries_state: bool, name: str = "minibatches"
) -> Iterator[tuple[Tensor, Tensor]]:
    """The minibatches (X, Y), one by one: tokens and labels, shape (B, T) each.

    Raises ValueError for one that is no such pair. If the state is carried, the batch
    size must not change either, since each sequence has a state of its own.
    """
    before = None
    for minibatch in minibatches:
        X, Y = _pair(minibatch, name)
        if carries_state and before not in (None, len(X)):
            raise ValueError(
                f"{name} must all have one batch size if the state is carried from one "
                f"to the next, got {before}, then {len(X)}: leave the last one out, or "
                "use use_random_iter=True, where each begins with a new state"
            )
        before = len(X)
        yield X, Y


def _pair(minibatch: object, name: str) -> tuple[Tensor, Tensor]:
    try:
        X, Y = minibatch
        are_tokens = _are_tokens(X) and _are_tokens(Y) and X.shape == Y.shape
        if are_tokens and not (X.is_meta or Y.is_meta):
            return X, Y
    except (TypeError, ValueError):  # not to be taken apart
        pass
    hint = " (load_data returns them and the vocabulary)" * hasattr(
        minibatch, "use_random_iter"
    )
    raise ValueError(
        f"{name} must yield pairs (X, Y) of token indices, shape (batch_size, "
        f"num_steps) each and not empty, got {contents(minibatch)}{hint}"
    )


def _are_tokens(part: object) -> bool:
    return (
        isinstance(part, Tensor)
        and is_dense(part)
        and part.dim() == 2
        and part.numel() > 0
        and part.dtype in INTEGERS
    )


MOST_SHOWN = 5  # parts of a value in a message


def contents(value: object, depth: int = 2) -> str:
    """A value in a few words: its type, and its shape or what is in it."""
    if isinstance(value, Tensor) and not value.is_nested:
        place = "" if value.is_cpu else f" on {value.device}"
        layout = "" if value.layout is torch.strided else f", {value.layout}"
        return f"{value.dtype} of shape {tuple(value.shape)}{layout}{place}"
    if isinstance(value, (tuple, list)) and depth:
        words = [contents(each, depth - 1) for each in value[:MOST_SHOWN]]
        if len(value) > MOST_SHOWN:
            words.append(f"… {len(value)} in all")
        return f"({', '.join(words)})"
    return f"a {type(value).__name__}"
