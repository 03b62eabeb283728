"""The book's names, with and without the packages that the book's package needs."""

import hashlib
import math
import random
import subprocess
import sys
import zipfile

import pytest
import torch
from torch import nn

from d2l_rnn import book, bptt, corpora, engine, text, training

CHAPTER = [
    "read_time_machine", "tokenize", "Vocab", "count_corpus",
    "load_corpus_time_machine", "seq_data_iter_random", "seq_data_iter_sequential",
    "SeqDataLoader", "load_data_time_machine", "RNNModelScratch", "predict_ch8",
    "grad_clipping", "train_epoch_ch8", "train_ch8", "RNNModel",
]  # fmt: skip
DATA = ["DATA_HUB", "DATA_URL", "download", "download_extract"]
OTHERS = ["Timer", "Accumulator", "Animator", "try_gpu", "sgd", "plot", "load_array"]


@pytest.fixture(autouse=True)
def story(monkeypatch):
    """The chapter's code on the story: these tests need no download."""
    found = corpora.TextFile(corpora.STORY_PATH, "story")
    monkeypatch.setattr(corpora, "find_text", lambda path=None: found)


def run(program, cwd=None):
    """Run a program in a separate Python process."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True, text=True, encoding="utf-8", check=False, cwd=cwd,
    )  # fmt: skip


def test_every_name_of_the_chapter_is_ours():
    assert {*CHAPTER, *DATA} == set(book.__all__)
    for name in [*CHAPTER, "download", "download_extract"]:
        assert getattr(book, name).__module__.startswith("d2l_rnn")


def test_other_names_fall_through_to_the_installed_d2l():
    pytest.importorskip("d2l", reason="d2l is not installed")
    program = f"""
from d2l_rnn import book as d2l
for name in {OTHERS}:
    assert getattr(d2l, name).__module__ == "d2l.torch", name
assert d2l.Vocab.__module__ == "d2l_rnn.text"
assert d2l.try_gpu(99).type == "cpu"
import torch
d2l.Accumulator(1).add(torch.ones((), requires_grad=True))  # as the chapter does it
"""
    done = run(program)
    assert done.returncode == 0, done.stderr


FINDERS = {
    "missing": "raise ModuleNotFoundError(\"No module named 'torchvision'\")",
    "mismatched": 'raise RuntimeError("operator torchvision::nms does not exist")',
}


@pytest.mark.parametrize("torchvision", sorted(FINDERS))
def test_d2l_is_loaded_where_torchvision_is_missing_or_broken(torchvision, tmp_path):
    pytest.importorskip("d2l", reason="d2l is not installed")
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(
        f"import torchvision.part\n{FINDERS[torchvision]}\n", encoding="utf-8"
    )
    (package / "part.py").write_text("", encoding="utf-8")
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from d2l_rnn import book as d2l
d2l.Timer
assert not [name for name in sys.modules if name.startswith("torchvision")]
try:
    d2l.torchvision.datasets
except AttributeError as error:
    assert "needs a torchvision that matches torch" in str(error), error
else:
    raise AssertionError("vision without torchvision")
try:
    import torchvision
except (ModuleNotFoundError, RuntimeError) as error:
    assert "torchvision" in str(error)
else:
    raise AssertionError("the stand-in was left behind")
"""
    done = run(program)
    assert done.returncode == 0, done.stderr


def test_a_torchvision_that_works_is_d2l_s_own(tmp_path):
    pytest.importorskip("d2l", reason="d2l is not installed")
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("from . import transforms", encoding="utf-8")
    (package / "transforms.py").write_text("", encoding="utf-8")
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from d2l_rnn import book as d2l
import torchvision
assert d2l.torchvision is torchvision
"""
    done = run(program)
    assert done.returncode == 0, done.stderr


def test_an_error_in_d2l_that_names_no_module_is_passed_on(tmp_path):
    (tmp_path / "d2l").mkdir()
    broken = 'raise ModuleNotFoundError("broken by hand")'
    (tmp_path / "d2l" / "torch.py").write_text(broken, encoding="utf-8")
    (tmp_path / "d2l" / "__init__.py").write_text("", encoding="utf-8")
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from d2l_rnn import book as d2l
d2l.Timer
"""
    assert "AttributeError: no d2l.Timer here: broken by hand" in run(program).stderr


def test_the_lines_of_the_text_are_cleaned():
    lines = book.read_time_machine()
    assert lines == text.load_lines(corpora.STORY_PATH)
    assert {*"".join(lines)} <= {*"abcdefghijklmnopqrstuvwxyz "}


def test_without_d2l_the_chapter_works_and_a_missing_name_says_what_to_install():
    program = f"""
import sys
sys.modules["d2l"] = None  # as if it were not installed
from d2l_rnn import book as d2l
for name in {CHAPTER}:
    assert callable(getattr(d2l, name))
install = "the d2l package is not installed: pip install --no-deps d2l==1.0.3"
try:
    d2l.Timer
except AttributeError as error:
    assert str(error) == f"no d2l.Timer here: {{install}}", error
else:
    raise AssertionError("d2l.Timer without d2l")
assert not hasattr(d2l, "Animator")
for download in d2l.download, d2l.download_extract:
    try:
        download("fra-eng")
    except ModuleNotFoundError as error:
        assert str(error) == install, error
    else:
        raise AssertionError("another chapter's data without d2l")
"""
    done = run(program)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["pandas", "requests", "scipy.spatial", "IPython"])
def test_what_d2l_itself_lacks_is_named_and_can_be_installed_at_once(module):
    pytest.importorskip("d2l", reason="d2l is not installed")
    package = module.partition(".")[0]
    program = f"""
import sys
sys.modules["{module}"] = None  # as if it were not installed
from d2l_rnn import book as d2l
try:
    d2l.Timer
except AttributeError as error:
    line = "no d2l.Timer here: the d2l package needs {package}: pip install {package}"
    assert str(error) == line, error
else:
    raise AssertionError("d2l.Timer without {module}")
del sys.modules["{module}"]
assert d2l.Timer.__module__ == "d2l.torch"
"""
    done = run(program)
    assert done.returncode == 0, done.stderr


TEXT = [
    "time_machine",
    "http://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt",
    *corpora.MIRRORS,
]


@pytest.mark.parametrize("where", [(), ("elsewhere",), ("elsewhere", corpora.SHA1)])
@pytest.mark.parametrize("name", TEXT)
def test_download_finds_the_text_and_copies_nothing(name, where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert book.download(name, *where) == str(corpora.STORY_PATH)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", [None, "inside"])
@pytest.mark.parametrize("name", TEXT)
def test_the_text_is_unpacked_already(name, folder):
    assert book.download_extract(name, folder) == str(corpora.STORY_PATH.parent)


@pytest.mark.parametrize("fetch, name", [
    (book.download, "url"), (book.download_extract, "name"),
])  # fmt: skip
def test_what_is_no_name_of_a_file_is_told(fetch, name, monkeypatch):
    for value in (None, 3, ["time_machine"], b"time_machine"):
        with pytest.raises(ValueError, match=f"^{name} must be a string, got"):
            fetch(value)
    for entry in (3, None, "http://example.com/mine.zip", ("one",), (3, "SHA")):
        monkeypatch.setitem(book.DATA_HUB, "mine", entry)
        with pytest.raises(ValueError, match=r"^DATA_HUB\['mine'\] must be an address"):
            fetch("mine")


def test_a_name_that_is_not_in_the_hub_is_told_with_those_that_are():
    pytest.importorskip("d2l", reason="d2l is not installed")
    program = """
from d2l_rnn import book
for fetch, name in (book.download, "url"), (book.download_extract, "name"):
    try:
        fetch("nope")
    except ValueError as error:
        start = f"{name} must be an address, or a name in DATA_HUB ('time_machine'"
        assert str(error).startswith(start), error
        assert "'fra-eng'" in str(error) and str(error).endswith("got 'nope'")
    else:
        raise AssertionError("found")
"""
    done = run(program)
    assert done.returncode == 0, done.stderr


def test_the_text_is_in_the_hub_as_the_book_puts_it_there():
    url = book.DATA_URL + "timemachine.txt"
    sha1 = "090b5e7e70c295757f55df93cb0a180b9691891a"
    assert url in TEXT and book.DATA_HUB["time_machine"] == (url, sha1)


def test_what_fetches_the_text_needs_no_d2l_and_loads_nothing():
    program = """
import sys
from d2l_rnn import corpora
corpora.find_text = lambda: corpora.TextFile(corpora.STORY_PATH, "story")
from d2l_rnn.book import *
from d2l_rnn import book
assert DATA_HUB is book.DATA_HUB
DATA_HUB["time_machine"] = (DATA_URL + "timemachine.txt", "any SHA-1")
assert download("time_machine") == str(corpora.STORY_PATH)
assert not {"d2l", "matplotlib", "pandas"} & set(sys.modules)
"""
    done = run(program)
    assert done.returncode == 0, done.stderr


def test_any_other_data_is_d2l_s_own_and_both_see_one_hub(tmp_path):
    """d2l fetches no file that it has in `../data`, with the SHA-1 of the hub."""
    pytest.importorskip("d2l", reason="d2l is not installed")
    data = tmp_path / "data"
    data.mkdir()
    with zipfile.ZipFile(data / "mine.zip", "w") as archive:
        archive.writestr("mine/words.txt", "words")
    sha1 = hashlib.sha1((data / "mine.zip").read_bytes()).hexdigest()
    program = f"""
import os
from d2l_rnn import book as d2l
hub = d2l.DATA_HUB
mine = hub["mine"] = hub["fra-eng"] = (d2l.DATA_URL + "mine.zip", "{sha1}")
path = os.path.join("..", "data", "mine.zip")
assert os.path.samefile(d2l.download("mine"), path)
assert os.path.samefile(d2l.download("mine", {str(data)!r}), path)
assert os.path.samefile(d2l.download(*mine[:1], sha1_hash=mine[1]), path)
assert os.path.isfile(os.path.join(d2l.download_extract("mine"), "words.txt"))

from d2l import torch
assert torch.DATA_HUB is hub is d2l.DATA_HUB
assert "airfoil" in hub, "what d2l itself puts there"
assert hub["fra-eng"] == mine, "the reader's own comes first"
hub["time_machine"] = mine
assert os.path.samefile(d2l.download("time_machine"), path)
"""
    here = tmp_path / "here"
    here.mkdir()
    done = run(program, cwd=here)
    assert done.returncode == 0, done.stderr


def test_a_name_that_nobody_has():
    with pytest.raises(AttributeError, match="no_such_name"):
        book.no_such_name  # noqa: B018
    assert not hasattr(book, "__no_such_name__")


def test_the_loader_of_the_chapter(seed):
    train_iter, vocab = book.load_data_time_machine(32, 35)
    corpus, _ = book.load_corpus_time_machine(10000)
    assert len(corpus) == 10000 and train_iter.vocab is vocab
    seed(3)
    ours = [(X.tolist(), Y.tolist()) for X, Y in train_iter]
    seed(3)
    theirs = book.seq_data_iter_sequential(corpus, 32, 35)
    assert ours == [(X.tolist(), Y.tolist()) for X, Y in theirs]
    assert ours[0][0][0] == corpus[random.Random(3).randint(0, 35) :][:35]


def sgd(params, lr, batch_size):
    """The book's `d2l.sgd`."""
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_train_epoch_takes_an_optimizer_or_a_function(seed, use_random_iter):
    results = []
    for own_updater in (False, True):
        seed()
        train_iter, vocab = book.load_data_time_machine(16, 10, use_random_iter, 2000)
        net = book.RNNModelScratch(len(vocab), 16, torch.device("cpu"))
        updater = torch.optim.SGD(net.params, 1.0)
        if own_updater:

            def updater(batch_size, net=net):
                return sgd(net.params, 1.0, batch_size)

        results.append([
            book.train_epoch_ch8(
                net, train_iter, nn.CrossEntropyLoss(), updater,
                torch.device("cpu"), use_random_iter,
            )[0]
            for _ in range(3)
        ])  # fmt: skip
    assert results[0] == pytest.approx(results[1], rel=1e-5)
    assert results[0][2] < results[0][0]


def test_train_prints_what_the_book_prints(seed, capsys):
    train_iter, vocab = book.load_data_time_machine(16, 10, False, 2000)
    net = book.RNNModel(nn.GRU(len(vocab), 16), len(vocab))
    book.train_ch8(net, train_iter, vocab, 1.0, 20, torch.device("cpu"))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5  # two on the way, and three at the end
    assert lines[2].startswith("perplexity ") and lines[2].endswith("tokens/sec on cpu")
    assert all(line.startswith("time traveller") for line in [*lines[:2], lines[3]])
    assert lines[4].startswith("traveller")
    assert len(lines[4]) == len("traveller") + 50


@pytest.fixture
def nothing_by_hand(monkeypatch):
    """Without the backward pass of `bptt`, and the engine's."""

    def fail(*_, **__):
        raise AssertionError("by hand")

    monkeypatch.setattr(bptt, "backward", fail)
    monkeypatch.setattr(engine.Engine, "train", fail)


def test_the_book_s_loop_leaves_the_gradients_to_autograd(nothing_by_hand, capsys):
    train_iter, vocab = book.load_data_time_machine(16, 10, False, 2000)
    net = book.RNNModelScratch(len(vocab), 16, torch.device("cpu"))
    with pytest.raises(AssertionError, match="by hand"):
        next(training.train(net, train_iter, 1.0, 1))
    book.train_ch8(net, train_iter, vocab, 1.0, 10, torch.device("cpu"))
    last = capsys.readouterr().out.splitlines()[-3]
    assert 1 < float(last.split()[1].rstrip(",")) < 20


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_an_epoch_of_the_book_s_leaves_the_gradients_to_autograd(
    reduction, nothing_by_hand
):
    train_iter, vocab = book.load_data_time_machine(16, 10, False, 2000)
    net = book.RNNModelScratch(len(vocab), 16, torch.device("cpu"))
    loss, updater = nn.CrossEntropyLoss(reduction=reduction), torch.optim.SGD
    with pytest.raises(AssertionError, match="by hand"):
        training.train_epoch(net, train_iter, 1.0, optimizer=updater, loss=loss)
    perplexities = [
        book.train_epoch_ch8(
            net, train_iter, loss, updater(net.params, 1.0), torch.device("cpu"), False
        )[0]
        for _ in range(3)
    ]
    assert perplexities[2] < perplexities[0]


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_the_book_s_epochs_and_ours_are_the_same(seed, use_random_iter):
    curves = []
    for whose in ("ours", "the book's"):
        seed()
        train_iter, vocab = book.load_data_time_machine(16, 10, use_random_iter, 2000)
        net = book.RNNModelScratch(len(vocab), 16, torch.device("cpu"))
        if whose == "ours":
            run = training.train(net, train_iter, 1.0, 10)
            curves.append([record.perplexity for record in run])
        else:
            loss, updater = nn.CrossEntropyLoss(), torch.optim.SGD(net.params, 1.0)
            epoch = (net, train_iter, loss, updater, None, use_random_iter)
            curves.append([book.train_epoch_ch8(*epoch)[0] for _ in range(10)])
    assert curves[0] == pytest.approx(curves[1], rel=0, abs=1e-4)


def test_train_survives_a_divergence_that_kills_the_book_s(seed, capsys):
    train_iter, vocab = book.load_data_time_machine(16, 10, False, 2000)
    net = book.RNNModelScratch(len(vocab), 16, torch.device("cpu"))
    book.train_ch8(net, train_iter, vocab, 1e30, 20, torch.device("cpu"))
    out = capsys.readouterr().out
    assert "perplexity inf" in out and "diverged at epoch" in out


def test_train_of_no_epochs_predicts_all_the_same(capsys):
    train_iter, vocab = book.load_data_time_machine(16, 10, False, 2000)
    net = book.RNNModelScratch(len(vocab), 16, torch.device("cpu"))
    book.train_ch8(net, train_iter, vocab, 1, 0, torch.device("cpu"))
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("wrong", [list("abc"), None, text.Vocab(list("abc"))])
def test_a_vocabulary_of_another_text_is_told_before_the_training(wrong, capsys):
    train_iter, vocab = book.load_data_time_machine(16, 10, False, 2000)
    net = book.RNNModelScratch(len(vocab), 16, torch.device("cpu"))
    before = [param.clone() for param in net.params]
    with pytest.raises(ValueError, match="vocab must be"):
        book.train_ch8(net, train_iter, wrong, 1, 10, torch.device("cpu"))
    assert all(map(torch.equal, before, net.params))


def test_an_updater_that_is_none_is_told_even_without_a_repr():
    class Unspeakable:
        def __repr__(self):
            raise RuntimeError

    with pytest.raises(ValueError, match="updater must be .* got a Unspeakable"):
        book.train_epoch_ch8(None, [], None, Unspeakable(), None, False)


def test_grad_clipping_returns_nothing_and_clips():
    net = nn.Linear(2, 1)
    net(torch.tensor([[3.0, 4.0]])).sum().backward()
    assert book.grad_clipping(net, 1) is None
    total = sum((param.grad**2).sum() for param in net.parameters())
    assert total == pytest.approx(1)


def test_epoch_that_diverges_gives_infinity():
    train_iter, vocab = book.load_data_time_machine(16, 10, False, 2000)
    net = book.RNNModelScratch(len(vocab), 16, torch.device("cpu"))
    net.params[0].data.fill_(float("nan"))
    updater = torch.optim.SGD(net.params, 1.0)
    loss = nn.CrossEntropyLoss()
    perplexity, _ = book.train_epoch_ch8(net, train_iter, loss, updater, None, False)
    assert math.isinf(perplexity)
