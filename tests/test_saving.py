"""A saved model is the same when it is loaded; a bad file is told, and never run."""

import json
import math
import os
import pickle
import platform
import random
import stat
import threading
from dataclasses import replace

import pytest
import safetensors
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import d2l_rnn
from d2l_rnn import batching, book, gated, generating, rnn, saving, text, training
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


def test_a_model_goes_to_the_device_that_is_named(tmp_path):
    path = saving.save(tmp_path / "model", some_net("scratch RNN"), VOCAB)
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
