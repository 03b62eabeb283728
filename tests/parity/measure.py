"""The chapter's experiments, on any module that has the book's names.

    python measure.py TEXT OUT WHEEL    the names of the d2l 0.17.6 wheel
    python measure.py TEXT OUT          the names of d2l_rnn.book

Run twice by test_wheel.py, each time in a Python of its own; what was computed goes
into the JSON file OUT. TEXT is a text file. The scratch RNN, whose functions are the
notes', is left out where those are not available.
"""

import hashlib
import json
import random
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
import _originals

EPOCHS = 5
LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
CPU = torch.device("cpu")


def wheel_names(wheel, text):
    """The wheel's module as it is, reading the text that is given."""
    d2l = _originals.import_wheel(wheel)
    d2l.download = lambda name: text
    d2l.Animator = Silent
    return d2l


def our_names(text):
    """d2l_rnn.book, reading the same text."""
    from d2l_rnn import book, corpora

    found = corpora.find_text(text)
    corpora.find_text = lambda path=None: found
    return book


class Silent:
    """An animator that draws nothing."""

    def __init__(self, **kwargs):
        pass

    def add(self, x, y):
        pass


def seed(value):
    random.seed(value)
    torch.manual_seed(value)


def digest(tensors):
    """Fingerprint of values that must agree to the last bit."""
    sha1 = hashlib.sha1()
    for tensor in tensors:
        sha1.update(str(tuple(tensor.shape)).encode())
        sha1.update(tensor.detach().contiguous().numpy().tobytes())
    return sha1.hexdigest()


def minibatches(d2l):
    """Every minibatch of two epochs, for several sizes and seeds, both samplings."""
    settings = [(32, 35, 10000), (2, 5, 200), (1, 1, 50), (7, 3, -1)]
    for use_random_iter in (False, True):
        for batch_size, num_steps, max_tokens in settings:
            for value in (0, 1):
                seed(value)
                loader, _ = d2l.load_data_time_machine(
                    batch_size, num_steps, use_random_iter, max_tokens
                )
                epochs = [list(loader), list(loader)]
                yield [len(epoch) for epoch in epochs]
                yield [digest([*X, *Y]) for epoch in epochs for X, Y in epoch][:50]
                yield random.random()  # as many numbers were drawn


def make(d2l, functions, cell, vocab):
    if cell != "scratch":
        return d2l.RNNModel(LAYERS[cell](len(vocab), 64), len(vocab))
    return d2l.RNNModelScratch(
        len(vocab), 64, CPU,
        functions.get_params, functions.init_rnn_state, functions.rnn,
    )  # fmt: skip


def parameters(net):
    return list(net.parameters()) if isinstance(net, nn.Module) else net.params


def training(d2l, functions, cell, use_random_iter):
    """Initial parameters, perplexities of the epochs, predictions."""
    seed(42)
    loader, vocab = d2l.load_data_time_machine(32, 35, use_random_iter)
    net = make(d2l, functions, cell, vocab)
    result = {"initial": digest(parameters(net)), "vocab": vocab.idx_to_token}
    if isinstance(net, nn.Module):
        updater = torch.optim.SGD(net.parameters(), 1)
    else:

        def updater(batch_size):
            d2l.sgd(net.params, 1, batch_size)

    loss = nn.CrossEntropyLoss()
    result["perplexities"] = [
        d2l.train_epoch_ch8(net, loader, loss, updater, CPU, use_random_iter)[0]
        for _ in range(EPOCHS)
    ]
    result["predictions"] = [
        d2l.predict_ch8(prefix, 50, net, vocab, CPU)
        for prefix in ("time traveller", "traveller", "t")
    ]
    return result


def clipped_gradients(d2l, functions, cell):
    """The gradients of one minibatch, clipped at radii below and above their norm."""
    seed(7)
    loader, vocab = d2l.load_data_time_machine(8, 20)
    net = make(d2l, functions, cell, vocab)
    X, Y = next(iter(loader))
    for theta in (1e-3, 0.1, 100):
        for param in parameters(net):
            param.grad = None
        outputs, _ = net(X, net.begin_state(batch_size=8, device=CPU))
        F.cross_entropy(outputs, Y.T.reshape(-1)).backward()
        d2l.grad_clipping(net, theta)
        gradients = torch.cat([param.grad.reshape(-1) for param in parameters(net)])
        yield [gradients.norm().item(), *gradients[::97].tolist()]


def measure(d2l, functions):
    """All experiments, or all but the scratch RNN's if its `functions` are None."""
    lines = d2l.read_time_machine()
    words = d2l.tokenize(lines)
    vocab = d2l.Vocab(words, min_freq=2, reserved_tokens=["<pad>", "<bos>"])
    corpus, characters = d2l.load_corpus_time_machine()
    cells = ["scratch", *LAYERS] if functions else [*LAYERS]
    return {
        "lines": lines,
        "characters": d2l.tokenize(lines, "char")[:50],
        "counts": d2l.count_corpus(words).most_common(),
        "vocab": vocab.idx_to_token,
        "token_freqs": vocab.token_freqs,
        "indices": vocab[words[0] + ["no such word"]],
        "tokens": vocab.to_tokens([0, 5, 3]),
        "corpus": corpus,
        "characters_vocab": characters.token_to_idx,
        "minibatches": list(minibatches(d2l)),
        "clipped": {c: list(clipped_gradients(d2l, functions, c)) for c in cells},
        "training": {
            f"{cell} {'random' if use_random_iter else 'sequential'}": training(
                d2l, functions, cell, use_random_iter
            )
            for cell in cells
            for use_random_iter in (False, True)
        },
    }


def main(text, out, wheel=None):
    torch.set_num_threads(1)  # the same order of sums in both runs
    if wheel is None:
        from d2l_rnn import rnn as functions

        result = measure(our_names(text), functions)
    else:
        d2l = wheel_names(wheel, text)
        result = measure(d2l, notes_functions(d2l))
    with open(out, "w", encoding="utf-8") as file:
        json.dump(result, file)


def notes_functions(d2l):
    """What the wheel leaves to the chapter's text, or None where that is not here."""
    try:
        return _originals.notes_code(_originals.read_notes(), d2l)
    except _originals.Unavailable:
        return None


if __name__ == "__main__":
    main(*sys.argv[1:])
