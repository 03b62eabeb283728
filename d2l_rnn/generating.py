"""Text from a model: warm up on a prefix, then predict one token after another."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from d2l_rnn.checks import integer, positive, shown
from d2l_rnn.checks.tensors import Device, Sizes, State
from d2l_rnn.gradients import outputs_of
from d2l_rnn.parameters import own_device, reading
from d2l_rnn.rnn import Model
from d2l_rnn.text import Vocab
from d2l_rnn.threads import suited_to


def predict(
    prefix: Sequence[str],
    num_preds: int,
    net: Model,
    vocab: Vocab,
    device: Device = None,
) -> str:
    """Continue `prefix` by `num_preds` tokens, each the most probable one.

    In the warm-up (预热期) the model only reads the prefix and so updates its hidden
    state; then each token that it predicts is its next input (the notes, "prediction").
    Returns the prefix and its continuation as one string: the tokens side by side if
    the prefix is a string, of characters, and with spaces between them if it is a list.
    A token that is not in the vocabulary is read, and written, as `<unk>`.

    Raises ValueError if the prefix is empty, or neither a string nor a list of tokens,
    if `num_preds` is negative, if `vocab` is not of the model's size, if the model
    returns anything but outputs, (T, vocab_size), and a state, and if the outputs are
    not finite, as those of a model that diverged.
    """
    return _generate(prefix, num_preds, net, vocab, device, most_probable)


def sample(
    prefix: Sequence[str],
    num_preds: int,
    net: Model,
    vocab: Vocab,
    temperature: float = 1.0,
    seed: int | None = None,
    device: Device = None,
) -> str:
    """Continue `prefix` by `num_preds` tokens drawn from the model's distribution.

    Each token is drawn from softmax(O_t / temperature): at 1 it is the model's own
    distribution, near 0 it is `predict`, above 1 it evens out. The same `seed` draws
    the same tokens; the global generator is left alone.

    Raises ValueError as `predict` does, and for a temperature that is not greater than
    0 or a negative seed.
    """
    temperature = positive("temperature", temperature)
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(integer("seed", seed, 0, 2**64 - 1))

    def choose(output: torch.Tensor) -> int:  # (V,)
        output = _finite(output).cpu().double()
        # Subtracting the largest first keeps a tiny temperature from overflowing.
        probabilities = torch.softmax((output - output.max()) / temperature, dim=0)
        return int(torch.multinomial(probabilities, 1, generator=generator))

    return _generate(prefix, num_preds, net, vocab, device, choose)


def most_probable(output: torch.Tensor) -> int:
    """The index of the largest of the outputs, shape (vocab_size,).

    Raises ValueError if they are not finite.
    """
    return int(_finite(output).argmax())


def warm_up(
    prefix: Sequence[str], net: Model, vocab: Vocab, device: Device = None
) -> tuple[torch.Tensor, State]:
    """Read a prefix; return the output after it, shape (vocab_size,), and the state.

    Raises ValueError if the prefix is empty, since there is nothing to start from, or
    neither a string nor a list of tokens, and if `vocab` is not of the model's size.
    """
    check_prefix(prefix)
    check_vocab(vocab, net)
    device = own_device(net, device)
    state = net.begin_state(batch_size=1, device=device)
    with reading(net):
        return _read(vocab[list(prefix)], state, net, device)


def check_prefix(prefix: Sequence[str]) -> None:
    """Raises ValueError unless it is a string or a list of tokens, and not empty."""
    is_text = isinstance(prefix, (str, list, tuple))
    if not is_text or any(isinstance(token, list) for token in prefix):
        raise ValueError(
            f"prefix must be a string or a list of tokens, got {shown(prefix)}"
        )
    if len(prefix) == 0:
        raise ValueError("prefix must have at least one token, got none")


def check_vocab(vocab: Vocab, net: Model) -> None:
    """Raises ValueError unless the model may be one of this vocabulary."""
    size = getattr(net, "vocab_size", None)
    if not isinstance(vocab, Vocab):
        raise ValueError(f"vocab must be a Vocab, got {shown(vocab)}")
    if size not in (None, len(vocab)):
        raise ValueError(
            f"vocab must be the model's, which has {size} tokens, got {shown(vocab)} "
            "of another text"
        )


def _generate(prefix, num_preds, net, vocab, device, choose) -> str:
    integer("num_preds", num_preds, at_least=0)
    output, state = warm_up(prefix, net, vocab, device)
    indices, device = vocab[list(prefix)], output.device
    with reading(net) as let_through, suited_to(net):
        for _ in range(num_preds):
            indices.append(choose(output))
            output, state = _read(indices[-1:], state, net, device)
            let_through()
    # Characters stand side by side; words (a prefix given as a list) stand apart.
    tokens = map(str, vocab.to_tokens(indices))
    return ("" if isinstance(prefix, str) else " ").join(tokens)


def _finite(output: torch.Tensor) -> torch.Tensor:
    Sizes().check("V", output=output)
    if output.is_meta or not output.isfinite().all():
        raise ValueError("net must have finite outputs, got NaN or infinity in them")
    return output


def _read(indices: list[int], state, net, device):
    """The output after the last of the indices, and the state that led to it."""
    X = torch.tensor([indices], device=device)  # (1, T)
    outputs, state = outputs_of(net, X, state)  # (T, V)
    return outputs[-1], state
