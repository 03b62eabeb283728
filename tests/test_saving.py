"""A saved model is the same when it is loaded; a bad file is told, and never run."""

import collections
import copy
import functools
import json
import math
import os
import pickle
import platform
import random
import stat
import threading
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, prune

import d2l_rnn
from d2l_rnn import batching, book, gated, generating, rnn, saving, text, training
from d2l_rnn.parameters import all_parameters
from d2l_rnn.progress import History, Progress
from d2l_rnn.saving import storing
from d2l_rnn.sweeping import Setting

LINES = ["the time traveller for so it will be convenient to speak of him"] * 9
CORPUS, VOCAB = text.corpus_of(LINES)
V = len(VOCAB)
SCRATCH = {
    "scratch RNN": (),
    "scratch GRU": (gated.get_gru_params, gated.init_gru_state, gated.gru),
    "scratch LSTM": (gated.get_lstm_params, gated.init_lstm_state, gated.lstm),
}
LAYERS = {
    "RNN": lambda: nn.RNN(V, 6),
    "ReLU": lambda: nn.RNN(V, 6, nonlinearity="relu"),
    "GRU": lambda: nn.GRU(V, 6),
    "LSTM": lambda: nn.LSTM(V, 6),
    "stack": lambda: nn.LSTM(V, 6, num_layers=3, dropout=0.2),
    "both ways": lambda: nn.GRU(V, 6, bidirectional=True),
    "no bias": lambda: nn.RNN(V, 6, bias=False),
}


def some_net(name, dtype=torch.float32):
    torch.manual_seed(1)
    if name in LAYERS:
        return rnn.RNNModel(LAYERS[name](), V).to(dtype)
    net = rnn.RNNModelScratch(V, 6, None, *SCRATCH[name])
    net.params = [
        torch.randn(each.shape, dtype=dtype).requires_grad_() for each in net.params
    ]
    return net


def outputs_of(net):
    """What the model computes, in full precision: the same bits or another model."""
    X = torch.tensor(CORPUS[:40]).reshape(4, 10)
    if isinstance(net, nn.Module):
        net.eval()
    with torch.no_grad():
        return net(X, net.begin_state(batch_size=4))[0]


def saved_and_loaded(folder, *args, **kwargs):
    return saving.load(saving.save(folder / "model.safetensors", *args, **kwargs))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", [*SCRATCH, *LAYERS])
def test_a_model_is_the_same_when_it_is_loaded(name, dtype, tmp_path):
    net = some_net(name, dtype)
    saved = saved_and_loaded(tmp_path, net, VOCAB)
    assert torch.equal(outputs_of(saved.net), outputs_of(net))
    assert list(saved.net.state_dict()) == list(net.state_dict())
    assert saved.setting is None and saved.history == []
    write = generating.sample("the time", 30, net, VOCAB, seed=3)
    assert generating.sample("the time", 30, saved.net, saved.vocab, seed=3) == write


@pytest.mark.parametrize("name", [*SCRATCH, *LAYERS])
def test_a_loaded_model_can_be_trained(name, tmp_path):
    net = some_net(name)
    saved = saved_and_loaded(tmp_path, net, VOCAB)

    def curve(net):
        torch.manual_seed(0)  # for the dropout
        minibatches = batching.SequenceLoader(CORPUS, 4, 5, seed=0)
        return [each.perplexity for each in training.train(net, minibatches, 0.1, 3)]

    assert curve(saved.net) == curve(net)


def test_no_random_number_is_drawn(tmp_path):
    path = saving.save(tmp_path / "model", some_net("scratch GRU"), VOCAB)
    before = torch.get_rng_state(), random.getstate()
    saving.load(path)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]


def test_setting_history_and_versions_come_along(tmp_path):
    setting = Setting(theta=None, lr=0.3, num_hiddens=6, use_random_iter=True, seed=7)
    history = History([
        Progress(1, 9.5, 1e5, 0.1, 0.25, clipped_norm=0.1, held_out_perplexity=11.5),
        Progress(2, 8.5, 1e5, 0.3, 0.5, state_gradient_norms=(0.125, 1e-300)),
        Progress(3, math.inf, 1e5, math.nan, math.nan, diverged=True),
    ])  # fmt: skip
    saved = saved_and_loaded(
        tmp_path, some_net("scratch RNN"), VOCAB, setting=setting, history=history
    )
    assert saved.setting == setting
    assert isinstance(saved.history, History)
    assert repr(saved.history) == repr(history)  # NaN is not equal to itself
    assert saved.versions == {
        "d2l_rnn": d2l_rnn.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def test_numbers_that_json_does_not_know_come_along(tmp_path):
    history = [Progress(1, math.inf, 1.0, math.inf, math.nan)]
    saved = saved_and_loaded(tmp_path, some_net("GRU"), VOCAB, history=history)
    (record,) = saved.history
    assert record.perplexity == record.gradient_norm == math.inf
    assert math.isnan(record.clipped_fraction)


def test_a_token_that_occurs_once_and_half_a_pair_come_along(tmp_path):
    vocab = text.Vocab(["\ud83d", "b", "b"])
    loaded = saved_and_loaded(tmp_path, rnn.make_model("gru", 3, 2), vocab).vocab
    assert loaded.token_freqs == [("b", 2), ("\ud83d", 1)]


@pytest.mark.parametrize("name", [*SCRATCH, *LAYERS])
def test_a_model_goes_to_the_device_that_is_named(name, tmp_path):
    path = saving.save(tmp_path / "model", some_net(name), VOCAB)
    there = saving.load(path, device="meta").net.state_dict().values()
    assert {each.device.type for each in there} == {"meta"}
    here = saving.load(path).net.state_dict().values()
    assert {each.device.type for each in here} == {"cpu"}


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # on Windows
    path = saving.save("~/model", some_net("GRU"), VOCAB)
    assert path == tmp_path / "model"
    assert saving.load("~/model").net.vocab_size == V


@given(
    st.lists(
        st.one_of(st.text(), st.integers(), st.tuples(st.text(), st.text())),
        unique=True,
    )
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_vocabulary_comes_along_whatever_its_tokens(tmp_path, tokens):
    vocab = text.Vocab(tokens * 2, reserved_tokens=["<pad>"])
    net = rnn.make_model("scratch", len(vocab), 2)
    loaded = saved_and_loaded(tmp_path, net, vocab).vocab
    assert loaded.idx_to_token == vocab.idx_to_token
    assert list(map(type, loaded)) == list(map(type, vocab))
    assert loaded.token_freqs == vocab.token_freqs
    assert loaded[tokens] == vocab[tokens]


@pytest.mark.parametrize("name", ["scratch RNN", "GRU"])
def test_a_run_goes_on_with_what_was_saved(name, tmp_path):
    """In another process, as it were: six epochs are two, and four more."""

    def some_run(net, num_epochs, epochs_done=0):
        minibatches = batching.SequenceLoader(CORPUS, 4, 5, True, seed=0)
        return training.train(
            net, minibatches, 0.5, num_epochs, epochs_done=epochs_done
        )

    whole = [record.perplexity for record in some_run(some_net(name), 6)]
    net = some_net(name)
    history = History(some_run(net, 2))
    saved = saved_and_loaded(tmp_path, net, VOCAB, history=history)
    later = History(some_run(saved.net, 4, epochs_done=len(saved.history)))
    assert later.epoch == [3, 4, 5, 6]
    assert (saved.history + later).perplexity == whole


def test_the_book_s_own_model_can_be_saved(tmp_path):
    net = book.RNNModel(nn.GRU(V, 6), V)
    saved = saved_and_loaded(tmp_path, net, VOCAB)
    for ours, theirs in zip(saved.net.parameters(), net.parameters(), strict=True):
        assert torch.equal(ours, theirs)


# ---- the file ----


def test_the_file_is_an_ordinary_one_of_safetensors(tmp_path):
    net = some_net("scratch LSTM")
    path = saving.save(tmp_path / "model", net, VOCAB)
    weights = safetensors.torch.load_file(path)
    assert sorted(weights) == sorted(gated.lstm.names)
    assert torch.equal(weights["W_xi"], net.params[0])
    for name, value in metadata_of(path).items():
        if name not in ("format", "sha256"):
            json.loads(value, parse_constant=pytest.fail)  # no NaN: not JSON


def test_a_file_is_replaced_as_a_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "model.safetensors"
    saving.save(path, some_net("GRU"), VOCAB)
    net = some_net("scratch RNN")
    assert saving.save(path, net, VOCAB) == path
    assert torch.equal(outputs_of(saving.load(path).net), outputs_of(net))
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_a_disk_that_is_full_leaves_the_old_file(tmp_path, monkeypatch):
    path = saving.save(tmp_path / "model", some_net("GRU"), VOCAB)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValueError, match="path must name a file that can be written"):
        saving.save(path, some_net("RNN"), VOCAB)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model"]


def test_others_may_read_the_file_as_any_other(tmp_path):
    (tmp_path / "other").touch()
    path = saving.save(tmp_path / "model", some_net("GRU"), VOCAB)
    modes = [stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()]
    assert modes[0] == modes[1] and path.is_file()


@pytest.mark.parametrize("name", ["no/such/folder/model", "", "a\0b", "x" * 5000])
def test_a_place_that_cannot_be_written_to_is_told(name, tmp_path):
    with pytest.raises(ValueError, match="path must name a file that can be written"):
        saving.save(tmp_path / name, some_net("GRU"), VOCAB)


# ---- what cannot be saved ----


class Other(rnn.RNNModel):
    def forward(self, inputs, state):
        return super().forward(inputs, state)


class OtherLayer(nn.RNN):
    pass


@pytest.mark.parametrize("net", [
    nn.Linear(3, 4), None, "net", [torch.zeros(3)],
    Other(nn.RNN(V, 6), V), rnn.RNNModel(OtherLayer(V, 6), V),
    rnn.RNNModelScratch(V, 6, forward_fn=lambda *args: rnn.rnn(*args)),
    rnn.RNNModelScratch(V, 6, init_state=lambda *args: rnn.init_rnn_state(*args)),
], ids=lambda net: type(net).__name__)  # fmt: skip
def test_another_model_is_refused(net, tmp_path):
    with pytest.raises(ValueError, match="net must be a scratch RNN, GRU or LSTM, or"):
        saving.save(tmp_path / "model", net, VOCAB)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_mixture_of_dtypes_is_refused(dtype, tmp_path):
    net = some_net("scratch RNN")
    net.params[0] = net.params[0].detach().to(dtype)
    with pytest.raises(ValueError, match=f"got {dtype}, torch.float32|32, {dtype}"):
        saving.save(tmp_path / "model", net, VOCAB)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_other_dtypes_are_refused(dtype, tmp_path):
    with pytest.raises(ValueError, match="net must be all float32 or all float64, got"):
        saving.save(tmp_path / "model", some_net("GRU", dtype), VOCAB)


@pytest.mark.parametrize("kwargs, message", [
    ({"vocab": None}, "vocab must be the model's, of"),
    ({"vocab": text.Vocab(list("abc"))}, "vocab must be the model's, of"),
    ({"setting": {"lr": 1}}, "setting must be a Setting or None, got"),
    ({"setting": Setting(num_hiddens=7)}, "setting must be the model's, with num_hid"),
    ({"setting": Setting(num_hiddens=6)}, "num_hiddens=6 and cell='gru', got"),
    ({"setting": Setting}, "setting must be a Setting or None, got"),
    ({"history": [1, 2]}, "history must be records of a run, got"),
])  # fmt: skip
def test_what_does_not_belong_to_the_model_is_refused(kwargs, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        saving.save(tmp_path / "m", some_net("GRU"), **{"vocab": VOCAB, **kwargs})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("token", [1.5, b"bytes", True, frozenset("a"), ("a", None)])
def test_tokens_that_a_file_cannot_hold_are_told(token, tmp_path):
    vocab = text.Vocab([token] * 2)
    with pytest.raises(ValueError, match="vocab must have tokens that are text, whole"):
        saving.save(tmp_path / "model", rnn.make_model("scratch", 2, 3), vocab)


# ---- files that are none of ours, damaged or hostile ----


def refused(path, *words):
    with pytest.raises(ValueError) as caught:
        saving.load(path)
    message = str(caught.value)
    begin = "path must name a model that `save` has saved, got"
    assert message.startswith(f"{begin} {str(path)!r}: ")
    assert all(word in message for word in words), message


def test_a_file_that_is_not_there_is_told(tmp_path):
    path = tmp_path / "model"
    with pytest.raises(FileNotFoundError, match="path must name a file, got") as told:
        saving.load(path)
    assert repr(str(path)) in str(told.value)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("hacked",)


def test_nothing_in_a_file_is_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, write in enumerate([
        lambda path: path.write_bytes(pickle.dumps(Evil())),
        lambda path: torch.save(Evil(), path),
    ]):  # fmt: skip
        path = tmp_path / f"{number}.safetensors"
        write(path)
        refused(path)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize("contents", [
    b"", b"\0" * 8, b"PK\3\4", b"time traveller" * 9, b"\xff" * 99,
    (1 << 62).to_bytes(8, "little") + b"{}",
    (2).to_bytes(8, "little") + b"{}",
    (10**6).to_bytes(8, "little") + b"[" * 10**6,
], ids=lambda contents: repr(contents[:12]))  # fmt: skip
def test_a_foreign_file_is_refused(contents, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(contents)
    refused(path)


def test_a_folder_and_a_pipe_are_refused(tmp_path):
    refused(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe")


def test_weights_of_another_program_are_refused(tmp_path):
    path = tmp_path / "model"
    safetensors.torch.save_file({"W": torch.zeros(3)}, path)
    refused(path, "it has no 'format'")
    safetensors.torch.save_file({"W": torch.zeros(3)}, path, {"format": "pt"})
    refused(path, "its format is 'pt'")


@pytest.mark.parametrize("name", ["scratch RNN", "stack"])
def test_a_file_that_was_cut_off_is_refused_wherever(name, tmp_path):
    contents = saving.save(tmp_path / "model", some_net(name), VOCAB).read_bytes()
    rng = random.Random(0)
    for length in [*range(0, 40), *(rng.randrange(len(contents)) for _ in range(60))]:
        (tmp_path / "cut").write_bytes(contents[:length])
        refused(tmp_path / "cut")


@pytest.mark.parametrize("name", ["scratch RNN", "stack"])
def test_a_changed_bit_is_told_wherever(name, tmp_path):
    contents = saving.save(
        tmp_path / "model", some_net(name), VOCAB, history=[Progress(1, 2, 3, 4, 0.5)]
    ).read_bytes()
    rng = random.Random(0)
    for at in [*range(8), *(rng.randrange(len(contents)) for _ in range(400))]:
        flipped = bytearray(contents)
        flipped[at] ^= 1 << rng.randrange(8)
        (tmp_path / "flipped").write_bytes(flipped)
        refused(tmp_path / "flipped")


def metadata_of(path):
    with safetensors.safe_open(path, framework="pt") as file:
        return file.metadata()


def rewritten(path, weights=None, **texts):
    """The file with other weights, or other texts about them, and its own checksum."""
    weights = safetensors.torch.load_file(path) | (weights or {})
    metadata = metadata_of(path) | texts
    del metadata["sha256"]
    metadata["sha256"] = storing.checksum(weights, metadata)
    safetensors.torch.save_file(weights, path, metadata)
    return path


def changed(path, **about):
    """The file with something else about its weights, which stay."""
    return rewritten(path, **{name: json.dumps(each) for name, each in about.items()})


STACK = {
    "made": "torch", "kind": "lstm", "frozen": [], "training": True, "num_layers": 3,
    "bias": True, "dropout": 0.2, "bidirectional": False,
}  # fmt: skip


@pytest.mark.parametrize("about", [
    {"model": []}, {"model": None}, {"model": 5}, {"model": {}},
    {"model": STACK | {"num_layers": 10**9}},
    {"model": STACK | {"num_layers": 2}},
    {"model": STACK | {"num_layers": True}},
    {"model": STACK | {"kind": "gru"}},
    {"model": STACK | {"kind": "os.system"}},
    {"model": STACK | {"kind": ["lstm"]}},
    {"model": STACK | {"made": "scratch"}},
    {"model": STACK | {"bidirectional": True}},
    {"model": STACK | {"bidirectional": "yes"}},
    {"model": STACK | {"dropout": 7}},
    {"model": STACK | {"nonlinearity": "relu"}},
    {"model": STACK | {"dropout": "much"}},
    {"model": STACK | {"bias": False}},
    {"model": STACK | {"batch_first": True}},
    {"model": STACK | {"proj_size": 3}},
    {"model": STACK | {"device": "cuda"}},
    {"vocab": {}}, {"vocab": []}, {"vocab": {"tokens": [], "freqs": []}},
    {"vocab": {"tokens": ["<unk>", "a"], "freqs": []}},
    {"vocab": {"tokens": ["<unk>", *"a" * (V - 1)], "freqs": []}},
    {"vocab": {"tokens": [*map(str, range(V))], "freqs": []}},
    {"vocab": {"tokens": ["<unk>", {}, *map(str, range(V - 2))], "freqs": []}},
    {"vocab": {"tokens": VOCAB.idx_to_token, "freqs": [["a", -1]]}},
    {"vocab": {"tokens": VOCAB.idx_to_token, "freqs": [["a"]]}},
    {"vocab": {"tokens": VOCAB.idx_to_token, "freqs": 5}},
    {"setting": {"theta": -1}}, {"setting": {"num_hiddens": 10**30, "x": 1}},
    {"setting": []}, {"setting": "x"}, {"setting": {"lr": "fast"}},
    {"history": {}}, {"history": [5]}, {"history": [{}]},
    {"history": [{"epoch": 1}]},
    {"history": [{"epoch": 1, "perplexity": "os", "tokens_per_second": 1,
                  "gradient_norm": 1, "clipped_fraction": 0}]},
    {"history": [{"epoch": "1", "perplexity": 1, "tokens_per_second": 1,
                  "gradient_norm": 1, "clipped_fraction": 0}]},
    {"history": [{"epoch": 1, "perplexity": 1, "tokens_per_second": 1,
                  "gradient_norm": 1, "clipped_fraction": 0, "more": 1}]},
    {"history": [{"epoch": 1, "perplexity": True, "tokens_per_second": 1,
                  "gradient_norm": 1, "clipped_fraction": 0}]},
    {"history": [{"epoch": 1, "perplexity": None, "tokens_per_second": 1,
                  "gradient_norm": 1, "clipped_fraction": 0}]},
    {"history": [{"epoch": 1, "perplexity": 1, "tokens_per_second": 1,
                  "gradient_norm": 1, "clipped_fraction": 0, "diverged": "no"}]},
    {"versions": 5}, {"versions": "x"},
], ids=lambda about: json.dumps(about)[:70])  # fmt: skip
def test_text_that_does_not_fit_is_refused(about, tmp_path):
    path = saving.save(tmp_path / "model", some_net("stack"), VOCAB)
    refused(changed(path, **about))


@pytest.mark.parametrize("name", SCRATCH)
def test_a_scratch_model_that_writes_other_tokens_than_it_reads_is_refused(
    name, tmp_path
):
    path = saving.save(tmp_path / "model", some_net(name), VOCAB)
    rewritten(path, {"W_hq": torch.zeros(6, V + 1), "b_q": torch.zeros(V + 1)})
    refused(path, f"it reads {V} tokens, and writes {V + 1}")


def test_json_without_end_is_refused(tmp_path):
    path = saving.save(tmp_path / "model", some_net("stack"), VOCAB)
    for contents in ("[" * 100_000, "1" * 100_000, "{", "", "NaN", "Infinity"):
        for name in ("model", "vocab", "setting", "history", "versions"):
            before = metadata_of(path)[name]
            refused(rewritten(path, **{name: contents}))
            rewritten(path, **{name: before})


def test_two_that_save_at_once_leave_a_whole_file(tmp_path):
    path, nets = tmp_path / "model", [some_net("GRU"), some_net("scratch RNN")]
    threads = [
        threading.Thread(target=saving.save, args=(path, net, VOCAB))
        for net in nets * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert saving.load(path).net.vocab_size == V
    assert os.listdir(tmp_path) == ["model"]


def test_a_device_that_is_not_there_is_told(tmp_path):
    path = saving.save(tmp_path / "model", some_net("GRU"), VOCAB)
    with pytest.raises(ValueError, match="device must be one that this machine has"):
        saving.load(path, device="cuda:99")


def test_a_saved_setting_is_as_it_was_however_it_was_given(tmp_path):
    for values in ({"theta": 2}, {"lr": 1e-30}, {"theta": math.inf}, {"theta": None}):
        setting = Setting(num_hiddens=6, cell="gru", **values)
        saved = saved_and_loaded(tmp_path, some_net("GRU"), VOCAB, setting)
        assert saved.setting == replace(setting)


@pytest.mark.parametrize("path", ["~nobody-here/model", "a\0b", "x" * 280, 5, None])
def test_a_path_that_cannot_be_one_is_told(path):
    refused(path)
    with pytest.raises(ValueError, match="path must name a file that can be written"):
        saving.save(path, some_net("GRU"), VOCAB)


# ---- what would come back as another ----


def no_step(module, args):
    return None


class OtherLinear(nn.Linear):
    pass


class OtherState(rnn.RNNModel):
    def begin_state(self, batch_size, device=None):
        return super().begin_state(batch_size, device) + 1


class NoState(rnn.RNNModel):
    def begin_state(self):
        return None


class OtherCall(rnn.RNNModel):
    def __call__(self, inputs, state):
        return super().__call__(inputs, state)


class MoreWeights(rnn.RNNModel):
    def __init__(self, *args):
        super().__init__(*args)
        self.more = nn.Parameter(torch.zeros(1))


def with_values(name, value):
    """A function that puts a value into a weight of a scratch RNN."""

    def change(net):
        with torch.no_grad():
            net.state_dict()[name].view(-1)[-1] = value

    return change


def replace_linear(net):
    net.linear = nn.Sequential(net.linear)


def put(number, values):
    """A function that puts a tensor in the place of a scratch model's parameter."""

    def change(net):
        net.params[number] = values

    return change


def share(net):
    net.rnn.bias_hh_l0 = net.rnn.bias_ih_l0


CHANGED = {
    "a hook": ("GRU", lambda n: n.register_forward_pre_hook(no_step)),
    "a hook inside": (
        "GRU",
        lambda n: n.linear.register_forward_hook(lambda *args: args[-1] + 1),
    ),
    "a hook of the backward pass": (
        "GRU",
        lambda n: n.rnn.register_full_backward_hook(lambda *args: None),
    ),
    "a hook of a weight": (
        "GRU",
        lambda n: n.linear.weight.register_hook(lambda grad: 2 * grad),
    ),
    "another forward": ("GRU", lambda n: setattr(n, "forward", lambda *args: None)),
    "another forward inside": (
        "GRU",
        lambda n: setattr(n.rnn, "forward", lambda *args: None),
    ),
    "another begin_state": (
        "scratch RNN",
        lambda n: setattr(n, "begin_state", lambda batch_size: None),
    ),
    "another linear": ("GRU", lambda n: setattr(n, "linear", OtherLinear(6, V))),
    "linear in a Sequential": ("GRU", replace_linear),
    "linear without bias": (
        "GRU",
        lambda n: setattr(n, "linear", nn.Linear(6, V, bias=False)),
    ),
    "a state of ones": ("GRU", lambda n: OtherState(n.rnn, V)),
    "no state": ("GRU", lambda n: NoState(n.rnn, V)),
    "another call": ("GRU", lambda n: OtherCall(n.rnn, V)),
    "more weights": ("GRU", lambda n: MoreWeights(n.rnn, V)),
    "a buffer": (
        "GRU",
        lambda n: n.register_buffer("mine", torch.zeros(1), persistent=False),
    ),
    "a buffer that is saved": (
        "GRU",
        lambda n: n.register_buffer("mine", torch.zeros(1)),
    ),
    "an attribute": ("scratch RNN", lambda n: setattr(n, "mine", 1)),
    "pruned": ("GRU", lambda n: prune.l1_unstructured(n.linear, "weight", 0.5)),
    "weights with a norm": ("GRU", lambda n: parametrizations.weight_norm(n.linear)),
    "batch first": ("GRU", lambda n: setattr(n.rnn, "batch_first", True)),
    "half in training": ("stack", lambda n: n.rnn.eval()),
    "other sizes": ("GRU", lambda n: setattr(n, "num_hiddens", 7)),
    "more parameters": ("scratch RNN", lambda n: n.params.append(n.params[0])),
    "other shapes": ("scratch GRU", put(0, torch.zeros(V + 1, 6))),
    "no parameters": ("scratch RNN", lambda n: setattr(n, "params", None)),
    "one weight for two": ("scratch GRU", lambda n: put(1, n.params[4])(n)),
    "one bias for two": ("GRU", share),
    "sparse": ("scratch RNN", put(1, torch.zeros(6, 6).to_sparse())),
    "shapes alone": ("RNN", lambda n: rnn.make_model("scratch", V, 6, "meta")),
    "shapes alone of torch": ("GRU", lambda n: n.to("meta")),
    "NaN": ("scratch RNN", with_values("b_q", math.nan)),
    "infinity": ("LSTM", with_values("linear.bias", -math.inf)),
}


def changed_net(name):
    of, change = CHANGED[name]
    net = some_net(of)
    other = change(net)
    return other if hasattr(other, "begin_state") else net


@pytest.mark.parametrize("name", CHANGED)
def test_a_model_that_would_be_another_is_refused(name, tmp_path):
    path = saving.save(tmp_path / "model", some_net("GRU"), VOCAB)
    before, net = path.read_bytes(), changed_net(name)
    with pytest.raises(ValueError, match="^net must (be|have) "):
        saving.save(path, net, VOCAB)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model"]


def test_the_message_says_what_would_be_another(tmp_path):
    for name, words in [
        ("a hook inside", "net.linear._forward_hooks"), ("NaN", "infinity in b_q"),
        ("another begin_state", "begin_state"), ("batch first", "net.rnn.batch_first"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=words):
            saving.save(tmp_path / "model", changed_net(name), VOCAB)


@pytest.mark.parametrize("name", [*SCRATCH, *LAYERS])
def test_a_model_that_has_been_used_and_copied_comes_back(name, tmp_path):
    net = some_net(name)
    list(training.train(net, batching.SequenceLoader(CORPUS, 4, 5, seed=0), 0.1, 1))
    if isinstance(net, nn.Module):
        net.linear.register_forward_pre_hook(no_step).remove()
        net.double().rnn.register_full_backward_hook(no_step).remove()
    for each in (net, copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        if isinstance(each, nn.Module):
            each.rnn.flatten_parameters()
        loaded = saved_and_loaded(tmp_path, each, VOCAB).net
        assert torch.equal(outputs_of(loaded), outputs_of(each))


@pytest.mark.parametrize("training", [True, False])
def test_the_training_mode_comes_along(training, tmp_path):
    net = some_net("stack").train(training)
    loaded = saved_and_loaded(tmp_path, net, VOCAB).net
    assert [each.training for each in loaded.modules()] == [training] * 3


@pytest.mark.parametrize("name", ["scratch LSTM", "stack"])
def test_what_is_frozen_stays_frozen(name, tmp_path):
    net = some_net(name)
    for param in [*all_parameters(net)][1::3]:
        param.requires_grad_(False)
    loaded = saved_and_loaded(tmp_path, net, VOCAB).net
    pairs = zip(all_parameters(loaded), all_parameters(net), strict=True)
    assert all(mine.requires_grad == theirs.requires_grad for mine, theirs in pairs)


def test_options_of_numpy_come_along(tmp_path):
    net = rnn.RNNModel(nn.LSTM(V, 6, np.int64(2), dropout=np.float32(0.5)), V)
    layer = saved_and_loaded(tmp_path, net, VOCAB).net.rnn
    assert (layer.num_layers, layer.dropout) == (2, 0.5)


def test_a_dropout_that_drops_nothing_comes_along_and_is_not_warned_of_again(tmp_path):
    with pytest.warns(UserWarning, match="dropout option"):
        net = rnn.RNNModel(nn.LSTM(V, 6, dropout=0.5), V)
    assert saved_and_loaded(tmp_path, net, VOCAB).net.rnn.dropout == 0.5


# ---- vocabularies ----

deep = functools.reduce(lambda token, _: (token,), range(2000), "a")


@pytest.mark.parametrize("vocab", [
    text.Vocab(collections.Counter({"a": 0, "b": 2})),
    text.Vocab([("a", "b"), "c", "c"], min_freq=2),
    text.Vocab([("a", np.int64(3)), ("a", ("b", -1))]),
    text.Vocab(["<unk>", "a", "<unk>"], min_freq=2, reserved_tokens=["<pad>"]),
    text.Vocab(np.array([3, 1, 3])), text.Vocab([10**4000]), text.Vocab(),
], ids=lambda vocab: str(vocab)[:60])  # fmt: skip
def test_a_vocabulary_comes_along_as_it_is(vocab, tmp_path):
    net = rnn.make_model("scratch", len(vocab), 2)
    loaded = saved_and_loaded(tmp_path, net, vocab).vocab
    assert vars(loaded) == vars(vocab)
    assert loaded[("c", "d")] == vocab[("c", "d")]


class OtherVocab(text.Vocab):
    pass


@pytest.mark.parametrize("vocab", [
    text.Vocab([deep]), text.Vocab([10**5000]), text.Vocab(["\ud83d\ude00"]),
    OtherVocab(["a"]),
], ids=["deep", "large", "half characters", "another class"])  # fmt: skip
def test_a_vocabulary_that_no_file_can_hold_is_told(vocab, tmp_path):
    with pytest.raises(ValueError, match="^vocab must "):
        saving.save(tmp_path / "m", rnn.make_model("scratch", len(vocab), 2), vocab)
    assert os.listdir(tmp_path) == []


def test_a_vocabulary_that_has_been_changed_is_told(tmp_path):
    vocab = text.Vocab(["a"])
    vocab.idx_to_token.append("b")
    with pytest.raises(ValueError, match="^vocab must .* has been changed"):
        saving.save(tmp_path / "model", rnn.make_model("scratch", 3, 2), vocab)


# ---- records ----

FINE = {"epoch": 1, "perplexity": 2.0, "tokens_per_second": 1.0, "gradient_norm": 1.0,
        "clipped_fraction": 0.0}  # fmt: skip
ODD = [
    {"epoch": 0}, {"epoch": 1.0}, {"epoch": True}, {"epoch": "1"},
    {"perplexity": -5}, {"perplexity": 0.5}, {"perplexity": "abc"},
    {"perplexity": None}, {"perplexity": True}, {"perplexity": 10**400},
    {"held_out_perplexity": -math.inf}, {"tokens_per_second": -1},
    {"gradient_norm": []}, {"clipped_norm": -math.inf}, {"clipped_fraction": 1.5},
    {"diverged": 1}, {"diverged": "yes"}, {"diverged": None},
    {"state_gradient_norms": None}, {"state_gradient_norms": [-1]},
    {"state_gradient_norms": "12"}, {"theta": "x"}, {"theta": 0}, {"theta": math.nan},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_a_record_that_no_epoch_has_is_neither_saved_nor_loaded(odd, tmp_path):
    path = saving.save(tmp_path / "model", some_net("GRU"), VOCAB)
    with pytest.raises(ValueError, match=f"^history's {[*odd][0]} must be "):
        saving.save(path, some_net("GRU"), VOCAB, history=[Progress(**FINE | odd)])
    if all(math.isfinite(each) for each in odd.values() if isinstance(each, float)):
        refused(changed(path, history=[FINE | odd]))


@pytest.mark.parametrize("history", [
    Progress(**FINE), 5, None, "time", {1: Progress(**FINE)}, [Progress], [None],
])  # fmt: skip
def test_a_history_is_a_list_of_records(history, tmp_path):
    with pytest.raises(ValueError, match="^history must be "):
        saving.save(tmp_path / "model", some_net("GRU"), VOCAB, history=history)


@pytest.mark.parametrize("epochs", [(1, 1), (3, 2, 1), (3, 4, 5), (1, 3)])
def test_a_history_has_all_epochs_of_the_model_in_order(epochs, tmp_path):
    records = [FINE | {"epoch": epoch} for epoch in epochs]
    path = saving.save(tmp_path / "model", some_net("GRU"), VOCAB)
    with pytest.raises(ValueError, match="^history must have all epochs"):
        history = [Progress(**record) for record in records]
        saving.save(path, some_net("GRU"), VOCAB, history=history)
    refused(changed(path, history=records), "all epochs of the model")


def test_the_weights_are_those_after_the_run_that_is_its_history(tmp_path):
    net = rnn.make_model("scratch", len(VOCAB), 4, seed=0)
    corpus = [index % len(VOCAB) for index in range(99)]
    loader = batching.SequenceLoader(corpus, 2, 5, seed=0)
    saved = saved_and_loaded(
        tmp_path, net, VOCAB, history=training.train(net, loader, lr=0.5, num_epochs=3)
    )
    assert len(saved.history) == 3
    for mine, theirs in zip(net.params, saved.net.params, strict=True):
        assert torch.equal(mine, theirs)


def test_numbers_of_numpy_come_along_as_those_of_python(tmp_path):
    given = Progress(
        np.int64(1), np.float32(2.5), torch.tensor(3.0), Fraction(1, 2), np.float64(0),
        np.True_, state_gradient_norms=np.array([1.0, np.nan]), theta=np.int8(1),
    )  # fmt: skip
    setting = Setting(seed=np.int64(3), lr=np.float32(0.5), num_hiddens=np.int32(6),
                      use_random_iter=np.True_, theta=Fraction(1, 3))  # fmt: skip
    saved = saved_and_loaded(
        tmp_path, some_net("scratch RNN"), VOCAB, setting, iter([given])
    )
    assert saved.setting == setting and saved.setting.theta == 1 / 3
    expected = Progress(
        1, 2.5, 3.0, 0.5, 0.0, True, math.nan, (1.0, math.nan), theta=1.0
    )
    assert repr(saved.history) == repr([expected])


# ---- places ----

not_windows = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


@not_windows
def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path, words in [
        (tmp_path / "pipe", "it is not a regular file"),
        (tmp_path / "folder", "it is a folder"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=f"path must name a file .*{words}"):
            saving.save(path, some_net("GRU"), VOCAB)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe"]


@not_windows
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_a_file_that_is_replaced_hands_its_permissions_on(mode, tmp_path):
    path = saving.save(tmp_path / "model", some_net("GRU"), VOCAB)
    path.chmod(mode)
    assert saving.save(path, some_net("scratch RNN"), VOCAB) == path
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_name_that_no_file_can_be_opened_by_is_told(tmp_path):
    with pytest.raises(ValueError, match="path must name a file .*surrogates"):
        saving.save(tmp_path / "\udc80x", some_net("GRU"), VOCAB)
    assert os.listdir(tmp_path) == []


@not_windows
def test_a_link_leads_to_the_file_that_is_replaced(tmp_path):
    path = saving.save(tmp_path / "model", some_net("GRU"), VOCAB)
    (tmp_path / "link").symlink_to(path)
    assert saving.save(tmp_path / "link", some_net("scratch RNN"), VOCAB) == path
    assert (tmp_path / "link").is_symlink()
    assert isinstance(saving.load(path).net, rnn.RNNModelScratch)


# ---- files with a right checksum that are odd all the same ----


@pytest.mark.parametrize("weights, about", [
    ({"rnn.weight_hh_l0": torch.zeros(0, 2**40)}, {}),
    ({"rnn.weight_hh_l0": torch.zeros(24)}, {}),
    ({"linear.bias": torch.tensor(1.0)}, {}),
    ({"linear.bias": torch.zeros(0)}, {}),
    ({"linear.bias": torch.full((V,), math.nan)}, {}),
    ({"linear.bias": torch.zeros(V, dtype=torch.float64)}, {}),
    ({"linear.bias": torch.zeros(V, dtype=torch.int32)}, {}),
    ({"linear.bias": torch.zeros(V, dtype=torch.bfloat16)}, {}),
    ({"linear.bias": torch.zeros(V, dtype=torch.float8_e4m3fn)}, {}),
    ({"more": torch.zeros(1)}, {}), ({"": torch.zeros(1)}, {}),
    ({"linear.bias\0": torch.zeros(V)}, {}),
    ({}, {"model": STACK | {"dropout": 10**400}}),
    ({}, {"model": STACK | {"dropout": -0.1}}),
    ({}, {"model": STACK | {"dropout": True}}),
    ({}, {"model": STACK | {"bidirectional": None}}),
    ({}, {"model": STACK | {"bias": 1}}),
    ({}, {"model": STACK | {"num_layers": 3.0}}),
    ({}, {"model": STACK | {"num_layers": 10**400}}),
    ({}, {"model": STACK | {"training": 1}}),
    ({}, {"model": STACK | {"frozen": ["os"]}}),
    ({}, {"model": STACK | {"frozen": [[]]}}),
    ({}, {"model": STACK | {"frozen": None}}),
    ({}, {"model": {each: STACK[each] for each in STACK if each != "training"}}),
    ({}, {"setting": {"num_hiddens": 99, "cell": "lstm"}}),
    ({}, {"setting": {"num_hiddens": 6, "cell": "gru"}}),
    ({}, {"setting": {"num_hiddens": 6, "cell": "lstm", "use_random_iter": 1}}),
    ({}, {"setting": {"num_hiddens": 6, "cell": "lstm", "lr": 10**400}}),
    ({}, {"setting": {"num_hiddens": 6, "cell": "lstm", "theta": "NaN"}}),
    ({}, {"versions": {"torch": 2}}), ({}, {"versions": [["torch", "2"]]}),
    ({}, {"versions": None}), ({}, {"history": None}), ({}, {"history": [None]}),
    ({}, {"vocab": {"tokens": VOCAB.idx_to_token, "freqs": [["a", 1], ["a", 2]]}}),
    ({}, {"vocab": {"tokens": VOCAB.idx_to_token, "freqs": [["a", True]]}}),
    ({}, {"vocab": {"tokens": VOCAB.idx_to_token, "freqs": [["a", 1.0]]}}),
    *(
        ({}, {"vocab": {"tokens": [*VOCAB.idx_to_token[:-1], token], "freqs": []}})
        for token in (1.5, True, None, {}, ["a", None])
    ),
], ids=lambda each: str(each)[:70])  # fmt: skip
def test_weights_and_texts_that_no_model_has_are_refused(weights, about, tmp_path):
    path = saving.save(tmp_path / "model", some_net("stack"), VOCAB)
    refused(changed(rewritten(path, weights), **about))


@pytest.mark.parametrize("name, contents", [
    ("history", '[{"epoch": 1, "epoch": 2}]'), ("versions", '{"a": "1", "a": "2"}'),
    ("versions", '{"a": "1"} '  '{}'), ("history", "[" * 500 + "]" * 500),
    ("vocab", '{"tokens": ["<unk>", NaN], "freqs": []}'),
])  # fmt: skip
def test_json_that_says_two_things_or_none_is_refused(name, contents, tmp_path):
    path = saving.save(tmp_path / "model", some_net("stack"), VOCAB)
    refused(rewritten(path, **{name: contents}))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize("name", ["model", "vocab", "setting", "history", "versions"])
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_says_it_is_told_or_understood(name, data, tmp_path):
    """One value of what it says, wherever it stands, is another."""
    path = saving.save(
        tmp_path / "model", some_net("stack"), VOCAB,
        Setting(num_hiddens=6, cell="lstm"), [Progress(**FINE)],
    )  # fmt: skip
    said = {name: json.loads(metadata_of(path)[name])}
    place, key = said, name
    while (
        isinstance(place[key], (dict, list)) and place[key] and data.draw(st.booleans())
    ):
        place = place[key]
        keys = [*place] if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
    place[key] = data.draw(anything)
    try:
        saved = saving.load(changed(path, **said))
    except ValueError:
        return
    again = saved_and_loaded(
        tmp_path, saved.net, saved.vocab, saved.setting, saved.history
    )
    assert repr(again.history) == repr(saved.history)
    assert (again.setting, vars(again.vocab)) == (saved.setting, vars(saved.vocab))


def test_a_file_without_its_checksum_or_with_another_s_is_refused(tmp_path):
    path = saving.save(tmp_path / "model", some_net("GRU"), VOCAB)
    weights, metadata = safetensors.torch.load_file(path), metadata_of(path)
    for sha256, words in [
        ({}, "it has no 'sha256'"), ({"sha256": ""}, "it has been changed"),
        ({"sha256": "0" * 64}, "it has been changed since it was saved, or damaged"),
    ]:  # fmt: skip
        del metadata["sha256"]
        metadata |= sha256
        safetensors.torch.save_file(weights, path, metadata)
        refused(path, words)
        metadata["sha256"] = ""


def test_a_model_of_an_older_format_is_told(tmp_path):
    path = saving.save(tmp_path / "model", some_net("GRU"), VOCAB)
    refused(
        rewritten(path, format="d2l_rnn model 1"), "its format is 'd2l_rnn model 1'"
    )
