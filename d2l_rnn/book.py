"""The book's own names: `from d2l_rnn import book as d2l` runs the chapter's code.

Each name that the RNN chapter of *Dive into Deep Learning* 0.17 defines is here, a
thin name on the real implementation, and so is what fetches its text: `download` and
`DATA_HUB`. Every other name (`plot`, `Timer`, `Animator`, `try_gpu`, …) comes from the
`d2l` package, if that is installed: d2l 1.0.3 still has those, but no longer has the
chapter's. It works on Python 3.10 to 3.14, with packages newer than those it asks for:

    pip install --no-deps d2l==1.0.3
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Sequence

import torch

from d2l_rnn import batching, clipping, corpora, generating, rnn, text, training
from d2l_rnn.batching import random_sampling as seq_data_iter_random
from d2l_rnn.batching import sequential_partitioning as seq_data_iter_sequential
from d2l_rnn.checks import files, shown
from d2l_rnn.gradients import ByAutograd
from d2l_rnn.rnn import Device, Model, RNNModelScratch, State
from d2l_rnn.text import Vocab, count_corpus, tokenize

__all__ = [
    "DATA_HUB", "DATA_URL", "RNNModel", "RNNModelScratch", "SeqDataLoader", "Vocab",
    "count_corpus", "download", "download_extract", "grad_clipping",
    "load_corpus_time_machine", "load_data_time_machine", "predict_ch8",
    "read_time_machine", "seq_data_iter_random", "seq_data_iter_sequential", "tokenize",
    "train_ch8", "train_epoch_ch8",
]  # fmt: skip

INSTALL_D2L = "pip install --no-deps d2l==1.0.3"

# The book's server, and what lies there: each name with its address and SHA-1. Once d2l
# is loaded, it looks names up in the same dict.
DATA_URL = "http://d2l-data.s3-accelerate.amazonaws.com/"
DATA_HUB = {"time_machine": (DATA_URL + corpora.FILE_NAME, corpora.SHA1)}
_TEXT_URLS = {DATA_URL + corpora.FILE_NAME, *corpora.MIRRORS}  # http, and https


def download(url: str, folder: str = "../data", sha1_hash: str | None = None) -> str:
    """The path of a file, given by its name in `DATA_HUB` or by its address.

    The text is found as everywhere else, offline too, and stays where it lies:
    `corpora.find_text`. Any other file is for d2l to download, into `folder`.

    Raises ModuleNotFoundError for any other file if d2l is not installed, and
    ValueError if it is installed and knows no such name.
    """
    if files.address("url", url, DATA_HUB) in _TEXT_URLS:
        return str(corpora.find_text().path)
    d2l = _installed_d2l()  # which puts its own names into the hub
    files.check_address("url", url, DATA_HUB)
    return d2l.download(url, folder, sha1_hash)


def download_extract(name: str, folder: str | None = None) -> str:
    """The folder that holds what was in an archive, given as to `download`.

    The text is in no archive: this is the folder where it lies, whatever `folder` says.
    Any other file is for d2l to download and unpack.

    Raises ModuleNotFoundError and ValueError as `download` does.
    """
    if files.address("name", name, DATA_HUB) in _TEXT_URLS:
        return str(corpora.find_text().path.parent)
    d2l = _installed_d2l()
    files.check_address("name", name, DATA_HUB)
    return d2l.download_extract(name, folder)


def read_time_machine() -> list[str]:
    """The text's cleaned lines: `text.load_lines`."""
    return text.load_lines()


def load_corpus_time_machine(max_tokens: int = -1) -> tuple[list[int], Vocab]:
    """The text's characters as indices, and their vocabulary: `text.load_corpus`.

    The indices are a list, as in the book.
    """
    corpus, vocab = text.load_corpus(max_tokens=max_tokens)
    return corpus.tolist(), vocab


class SeqDataLoader(batching.SequenceLoader):
    """The loader over the text, with its vocabulary: `batching.SequenceLoader`."""

    def __init__(
        self, batch_size: int, num_steps: int, use_random_iter: bool, max_tokens: int
    ):
        corpus, self.vocab = load_corpus_time_machine(max_tokens)
        super().__init__(corpus, batch_size, num_steps, use_random_iter)


def load_data_time_machine(
    batch_size: int,
    num_steps: int,
    use_random_iter: bool = False,
    max_tokens: int = 10000,
) -> tuple[SeqDataLoader, Vocab]:
    """The loader and its vocabulary: `batching.load_data`."""
    data_iter = SeqDataLoader(batch_size, num_steps, use_random_iter, max_tokens)
    return data_iter, data_iter.vocab


class RNNModel(rnn.RNNModel):
    """The concise model, with the book's order of arguments: `rnn.RNNModel`."""

    def begin_state(self, device: Device = None, batch_size: int = 1) -> State:
        """Zeros for `batch_size` sequences: `rnn.RNNModel.begin_state`."""
        return super().begin_state(batch_size, device)


def predict_ch8(
    prefix: Sequence[str], num_preds: int, net: Model, vocab: Vocab, device: Device
) -> str:
    """Greedy prediction: `generating.predict`."""
    return generating.predict(prefix, num_preds, net, vocab, device)


def grad_clipping(net: Model, theta: float) -> None:
    """Clip the gradients in place, or raise FloatingPointError: `clip_gradients`."""
    clipping.clip_gradients(net, theta)


class _Updater:
    """The book's `updater(batch_size)`, a function, as an optimizer: it steps."""

    def __init__(self, updater):
        self.updater = updater

    def step(self):
        self.updater(batch_size=1)  # the loss is a mean already


def train_epoch_ch8(
    net: Model,
    train_iter: Iterable,
    loss: Callable,
    updater: torch.optim.Optimizer | Callable,
    device: Device,
    use_random_iter: bool,
) -> tuple[float, float]:
    """One epoch with theta = 1; perplexity and tokens/s: `training.train_epoch`.

    Raises ValueError as it does, and for an `updater` that is none.
    """
    if not isinstance(updater, torch.optim.Optimizer):
        if isinstance(updater, type) or not callable(updater):
            raise ValueError(f"updater must be an optimizer, got {shown(updater)}")
        updater = _Updater(updater)
    progress = training.train_epoch(
        net, train_iter, None, 1.0, device, use_random_iter, updater,
        backpropagate=ByAutograd(net, loss),
    )  # fmt: skip
    return progress.perplexity, progress.tokens_per_second


def train_ch8(
    net: Model,
    train_iter: Iterable,
    vocab: Vocab,
    lr: float,
    num_epochs: int,
    device: Device,
    use_random_iter: bool = False,
) -> None:
    """Train with theta = 1, print and draw every ten epochs: `training.train`."""
    generating.check_vocab(vocab, net)
    from d2l_rnn import figures, pictures  # matplotlib is wanted only here

    def predict(prefix):
        return predict_ch8(prefix, 50, net, vocab, device)

    history, screen = training.History(), pictures.Screen()
    for progress in training.train(
        net, train_iter, lr, num_epochs, 1.0, device, use_random_iter,
        backpropagate=ByAutograd(net),
    ):  # fmt: skip
        history.append(progress)
        if progress.epoch % 10 == 0:
            print(predict("time traveller"))
            screen.show(figures.perplexity_curves({"train": history}))
    for last in history[-1:]:
        print(
            f"perplexity {last.perplexity:.1f}, "
            f"{last.tokens_per_second:.1f} tokens/sec on {device}"
        )
        if last.diverged:
            print(last)
    print(predict("time traveller"))
    print(predict("traveller"))


def __getattr__(name: str):
    """Any name that the chapter does not define: the installed d2l's own."""
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        d2l = _installed_d2l()
    except ModuleNotFoundError as error:
        raise AttributeError(f"no d2l.{name} here: {error}") from None
    if not hasattr(d2l, name):
        raise AttributeError(
            f"neither the RNN chapter nor the installed d2l has the name {name}: "
            "it may belong to another chapter of the book's edition 0.17"
        )
    return getattr(d2l, name)


@functools.cache
def _installed_d2l() -> types.ModuleType:
    """The module `d2l.torch`, loaded even where torchvision is missing or broken.

    d2l imports torchvision at its top, for chapters on vision; text needs none.

    Raises ModuleNotFoundError, which says what to install.
    """
    try:
        importlib.import_module("torchvision")
        stand_in = contextlib.nullcontext()
    except Exception:  # ImportError, or RuntimeError where it does not match torch
        stand_in = _without_torchvision()
    with stand_in, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of d2l's own code, nothing a reader can mend
        try:
            module = importlib.import_module("d2l.torch")
        except ModuleNotFoundError as error:
            raise _what_to_install(error) from None
    _share_hub(module)
    # Nor can a reader mend what its Accumulator does with the chapter's losses.
    warnings.filterwarnings(
        "ignore", "Converting a tensor with requires_grad", module=r"d2l\.torch"
    )
    return module


def _what_to_install(error: ModuleNotFoundError) -> ModuleNotFoundError:
    """The same error, saying what to install: d2l, or what d2l itself lacks."""
    if error.name is None:
        return error
    missing = error.name.partition(".")[0]
    if missing == "d2l":
        line = f"the d2l package is not installed: {INSTALL_D2L}"
    else:
        line = f"the d2l package needs {missing}: pip install {missing}"
    return ModuleNotFoundError(line, name=error.name)


def _share_hub(d2l: types.ModuleType) -> None:
    """Let d2l look names up in `DATA_HUB`, where the reader's come before its own."""
    for name, entry in d2l.DATA_HUB.items():
        DATA_HUB.setdefault(name, entry)
    d2l.DATA_HUB = DATA_HUB


class _NoTorchvision(types.ModuleType):
    """Stands where d2l wants torchvision, and says so if vision is really used."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"{self.__name__}.{name} needs a torchvision that matches torch "
            f"{torch.__version__}, and there is none: see pytorch.org"
        )


@contextlib.contextmanager
def _without_torchvision():
    """Let `import torchvision` succeed inside the block, with nothing in it.

    Afterwards sys.modules is as if torchvision had never been asked for, so that
    anybody else who imports it meets the true error.
    """
    _forget_torchvision()  # what a broken import has left behind
    torchvision = _NoTorchvision("torchvision")
    torchvision.transforms = _NoTorchvision("torchvision.transforms")
    sys.modules["torchvision"] = torchvision
    sys.modules["torchvision.transforms"] = torchvision.transforms
    try:
        yield
    finally:
        _forget_torchvision()


def _forget_torchvision() -> None:
    for name in [*sys.modules]:
        if name.split(".")[0] == "torchvision":
            del sys.modules[name]
