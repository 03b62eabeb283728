"""The code of the notes, as it stands there, on the names of `d2l_rnn.book`.

One line is changed, the import. X, which the notes use before they have it, is given.
"""

import importlib.util
import math

import _originals
import pytest
import torch

IMPORT = "from d2l import torch as d2l\n"


@pytest.fixture(scope="module")
def blocks(notes):
    return _originals.code_blocks(notes)


def is_code(block):
    """True for functions and programs, False for a value that the notes print."""
    return "import" in block or "def" in block


def test_every_literal_of_the_notes(blocks, time_machine):
    from d2l_rnn import text

    literals = [block for block in blocks if not is_code(block)]
    words = text.tokenize(text.load_lines(time_machine))
    vocab = text.Vocab(words)
    first = f"{words[0]}\n"
    assert literals == [
        first,
        f"{list(vocab.token_to_idx.items())[:6]}\n",
        f"文本: {first}索引: {vocab[words[0]]}\n",
    ]


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad:UserWarning")
def test_the_code_runs_to_its_end(blocks, seed):
    if importlib.util.find_spec("d2l") is None:
        pytest.skip("the notes' code wants Timer, Accumulator, try_gpu: no d2l here")
    scratch, clipping = (block for block in blocks if is_code(block))
    assert scratch.count(IMPORT) == 1
    scratch = scratch.replace(IMPORT, "from d2l_rnn import book as d2l\n")

    names = {"X": torch.arange(10).reshape((2, 5))}
    exec(compile(scratch, "the notes", "exec"), names)
    exec(compile(clipping, "the notes", "exec"), names)
    d2l, net, vocab = names["d2l"], names["net"], names["vocab"]
    assert d2l.__name__ == "d2l_rnn.book"
    assert names["Y"].shape == (10, len(vocab))
    assert [H.shape for H in names["new_state"]] == [(2, 512)]

    device = d2l.try_gpu()
    predicted = names["predict_ch8"]("time traveller ", 10, net, vocab, device)
    assert predicted == d2l.predict_ch8("time traveller ", 10, net, vocab, device)
    assert predicted.startswith("time traveller ")

    perplexity, speed = names["train_epoch_ch8"](
        net, names["train_iter"], torch.nn.CrossEntropyLoss(),
        lambda batch_size: d2l.sgd(net.params, 1, batch_size), device, False,
    )  # fmt: skip
    assert 10 < perplexity < len(vocab) + 1 and math.isfinite(speed)
