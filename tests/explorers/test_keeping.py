"""The training panel's model in a file, from code and by buttons: nothing is lost."""

import dataclasses
import tempfile
import time

import pytest
import torch
from driving import until
from torch import nn

from d2l_rnn import gated, rnn, saving, text
from d2l_rnn.explorers import Training, training_runs
from d2l_rnn.parameters import parameters_of
from d2l_rnn.sweeping import Setting

QUICK = {"num_hiddens": 8, "num_epochs": 3, "text": "story"}
OTHER = {**QUICK, "num_hiddens": 16}
MINE = "我在河边读书，风把书页一张一张地翻过去。\n" * 90


@pytest.fixture
def panel():
    """Makes panels that have done what they were asked for."""
    made = []

    def make(**values):
        made.append(Training(**values))
        assert made[-1].wait(60)
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "model.safetensors"


def state_of(panel):
    """All that is seen of the panel, but for what it says of a file."""
    values = {**panel.view.get_state(), **panel.values}
    del values["refused"]
    return values | {"lengths": [len(run.history) for run in panel.runs.values()]}


def same(one, other):
    pairs = zip(parameters_of(one), parameters_of(other), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    "setting",
    [
        {}, {"theta": 0.03, "held_out": True},
        {"sampling": "random", "seed": 3, "theta": None, "lr": 0.5},
        {"cell": "rnn"}, {"cell": "gru", "sampling": "random"},
        {"cell": "lstm", "batch_size": 128, "num_steps": 20, "held_out": True},
    ],
)  # fmt: skip
def test_what_is_opened_goes_on_as_if_it_had_never_been_saved(panel, file, setting):
    setting = QUICK | setting
    assert panel(**setting).save(file) == file
    opened = panel(**OTHER)
    opened.open(file)
    assert opened.wait(60)
    assert len(opened.history) == 3
    opened.num_epochs = 5
    assert opened.wait(60)
    whole = panel(**{**setting, "num_epochs": 5})
    assert opened.history.perplexity == whole.history.perplexity
    assert opened.history.gradient_norm == whole.history.gradient_norm
    assert str(opened.history.held_out_perplexity) == str(
        whole.history.held_out_perplexity
    )
    assert same(opened.current.net, whole.current.net)
    assert opened.plan == whole.plan
    assert opened.view.texts[0]["drawn"] == whole.view.texts[0]["drawn"]


def test_it_goes_on_at_once_if_more_epochs_are_asked_for(panel, file):
    panel(**QUICK).save(file)
    opened = panel(**OTHER | {"num_epochs": 5})
    opened.open(file)
    assert opened.wait(30)
    assert opened.history.epoch == [1, 2, 3, 4, 5]


def test_it_is_a_run_of_its_own_beside_the_others_and_nothing_is_trained(
    panel, file, monkeypatch
):
    saved = panel(**QUICK, theta=0.05)
    saved.save(file)
    opened = panel(**OTHER, own_text="pasted, and not chosen")
    (before,) = opened.runs.values()
    monkeypatch.setattr(training_runs, "train", lambda *_, **__: 1 / 0)
    opened.open(file)
    assert opened.wait(30)
    assert [*opened.runs.values()] == [before, opened.current]
    labels = [run["label"] for run in opened.view.runs]
    assert labels == ["theta 1, H 16", "theta 0.05, H 8"]
    assert opened.current.curve() == saved.current.curve()
    assert opened.view.current == opened.current.number != before.number
    assert opened.own_text == "pasted, and not chosen"
    assert (opened.theta, opened.num_hiddens, opened.num_epochs) == (0.05, 8, 3)


@pytest.mark.parametrize("then", [
    lambda panel, file: None,
    lambda panel, file: panel.stop(),
    lambda panel, file: setattr(panel, "lr", 2),
    lambda panel, file: panel.open(file.with_name("other")),
    lambda panel, file: panel.save(file.with_name("again")),
    lambda panel, file: panel.close(),
], ids=["nothing", "stop", "move", "open", "save", "close"])  # fmt: skip
def test_it_is_there_at_once_and_stays_whatever_follows(panel, file, then):
    saved = panel(**QUICK, theta=0.05)
    saved.save(file)
    panel(**QUICK, theta=2).save(file.with_name("other"))
    opened = panel(**OTHER)
    opened.open(file)
    plan, history = opened.plan, saved.history
    assert opened.history == history
    then(opened, file)
    assert opened.runs[plan].history == history
    assert opened.is_closed or opened.wait(60)
    assert opened.runs[plan].history == history


def test_the_runs_are_there_to_be_looked_at(panel):
    one = panel(**QUICK)
    with pytest.raises(TypeError):
        one.runs[one.plan] = None
    with pytest.raises(AttributeError):
        one.runs.clear()
    assert len(one.runs) == 1 and len(one.history) == 3


def test_a_running_run_is_stopped_and_keeps_its_curve(panel, file):
    panel(**QUICK).save(file)
    opened = panel(**OTHER)
    opened.set(num_hiddens=256, num_epochs=500)
    until(lambda: len(opened.history) > 1)
    stopped = opened.current
    opened.open(file)
    until(lambda: opened.current.plan.setting.num_hiddens == 8)
    opened.stop()
    assert opened.wait(30)
    assert 1 < len(stopped.history) < 500
    assert [*opened.runs.values()][-2:] == [stopped, opened.current]
    assert opened.history.epoch == [*range(1, len(opened.history) + 1)]


def test_what_is_saved_in_the_middle_of_a_run_is_a_whole_epoch(
    panel, file, monkeypatch
):
    running, keep = panel(**QUICK), training_runs.Run._keep

    def keep_slowly(run, net):
        keep(run, net)
        time.sleep(0.05)  # before the epoch has its record

    monkeypatch.setattr(training_runs.Run, "_keep", keep_slowly)
    running.num_epochs = 500
    for _ in range(3):
        length = len(running.history)
        until(lambda length=length: len(running.history) > length)
        time.sleep(0.03)
        running.save(file)
        saved = saving.load(file)
        alone = training_runs.Run.of(running.plan)
        list(alone.go_on(len(saved.history)))
        assert saved.setting == running.plan.setting
        assert saved.history.perplexity == alone.history.perplexity
        assert same(saved.net, alone.net)


def test_a_run_that_has_diverged_can_be_saved_and_opened(panel, file):
    lost = panel(**QUICK, theta=None, lr=100)
    lost.save(file)
    opened = panel(**OTHER)
    opened.open(file)
    assert opened.wait(30)
    assert opened.history.perplexity == lost.history.perplexity
    assert opened.view.trouble == lost.view.trouble


def test_without_a_model_nothing_is_saved(panel, file):
    cleared = panel(**QUICK)
    assert cleared.view.has_model
    cleared.clear()
    until(lambda: not cleared.live.is_running)
    assert not cleared.view.has_model
    with pytest.raises(ValueError, match="there is no model yet"):
        cleared.save(file)
    assert not file.exists()
    cleared.start()
    until(lambda: cleared.view.has_model)


def test_the_run_before_is_not_saved_for_that_of_a_new_setting(panel, file):
    moved = panel(**QUICK)
    moved.set(num_steps=100, batch_size=128)  # which the text is too short for
    with pytest.raises(ValueError, match="there is no model yet"):
        moved.save(file)


def test_a_place_that_cannot_be_written(panel, tmp_path):
    with pytest.raises(ValueError, match="path must name a file that can be written"):
        panel(**QUICK).save(tmp_path / "nowhere" / "model.safetensors")


# Which text


def test_its_text_is_chosen(panel, file):
    panel(**QUICK | {"text": "own"}, own_text=MINE).save(file)
    opened = panel(**QUICK, own_text=MINE)
    opened.open(file)
    assert opened.wait(30)
    assert opened.text == "own" and len(opened.history) == 3
    panel(**QUICK).save(file)
    opened.open(file)
    assert opened.wait(30) and opened.text == "story"


def test_the_time_machine_is_found(panel, file, time_machine):
    panel(**QUICK | {"text": "time machine"}).save(file)
    opened = panel(**QUICK)
    opened.open(file)
    assert opened.wait(30) and opened.text == "time machine"


def test_offline_a_model_of_the_time_machine_is_refused(
    panel, file, time_machine, request
):
    panel(**QUICK | {"text": "time machine"}).save(file)
    request.getfixturevalue("offline")
    opened = panel(**QUICK)
    with pytest.raises(ValueError, match="none of the panel's"):
        opened.open(file)
    panel(**QUICK, theta=2).save(file)
    opened.open(file)
    assert opened.wait(30) and opened.theta == 2


@pytest.mark.parametrize(
    "own_text",
    ["", MINE.replace("读", "写"), MINE[:-20] + "风", MINE * 2],
    ids=["none", "another word", "another end", "twice"],
)
def test_a_model_of_another_text_is_refused(panel, file, own_text):
    panel(**QUICK | {"text": "own"}, own_text=MINE).save(file)
    opened = panel(**QUICK, theta=2, own_text=own_text)
    before = state_of(opened)
    with pytest.raises(ValueError, match=r'none of the panel\'s; .* as "my own" first'):
        opened.open(file)
    assert state_of(opened) == before


# What the panel cannot train


def saved_as(panel, file, **changed):
    """Save a panel's model, but for what is changed of it."""
    run = panel(**QUICK).current
    parts = {"net": run.net, "vocab": run.text.vocab, "setting": run.plan.setting,
             "history": run.history}  # fmt: skip
    saving.save(file, **parts | changed)


def story():
    return len(training_runs.load("story").vocab)


def other_setting(**values):
    return lambda: {"setting": Setting(**{"num_hiddens": 8, **values})}


def torch_model(layer, cell, **options):
    def make():
        net = rnn.RNNModel(layer(story(), 8, **options), story())
        return {"net": net, **other_setting(cell=cell)()}

    return make


def scratch_model(*functions):
    return lambda: {"net": rnn.RNNModelScratch(story(), 8, None, *functions)}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (lambda: {"setting": None}, "it was saved without its setting"),
        (lambda: {"history": []}, "its history must have every epoch"),
        (other_setting(seed=100), "seed must be an integer from 0 to 99"),
        (other_setting(lr=1e-3), "lr must be a number from 0.01"),
        (other_setting(num_steps=101), "num_steps must be an integer from 2"),
        (other_setting(batch_size=128, num_steps=100), "too large for the corpus"),
        (torch_model(nn.LSTM, "lstm", num_layers=2), "not what its setting makes"),
        (torch_model(nn.GRU, "gru", bidirectional=True), "cell='gru'"),
        (torch_model(nn.RNN, "rnn", nonlinearity="relu"), "cell='rnn'"),
        (torch_model(nn.RNN, "rnn", bias=False), "cell='rnn'"),
        (
            scratch_model(gated.get_gru_params, gated.init_gru_state, gated.gru),
            "cell='scratch'",
        ),
        (
            scratch_model(gated.get_lstm_params, gated.init_lstm_state, gated.lstm),
            "cell='scratch'",
        ),
        (
            lambda: {"net": rnn.make_model("lstm", story(), 8).double(),
                     **other_setting(cell="lstm")()}, "float32",
        ),
    ],
)  # fmt: skip
def test_what_the_panel_cannot_train_is_refused(panel, file, changed, words):
    saved_as(panel, file, **changed())
    opened = panel(**OTHER)
    before = state_of(opened)
    with pytest.raises(ValueError, match="path must name a model that this") as told:
        opened.open(file)
    assert words in str(told.value) and repr(str(file)) in str(told.value)
    assert state_of(opened) == before


def test_a_model_without_a_history_is_refused(panel, file):
    saved_as(panel, file, history=[])
    with pytest.raises(ValueError, match="every epoch from the first, got none"):
        panel(**OTHER).open(file)


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"\0" * 1000, "cut"])
def test_a_file_that_is_damaged_or_no_model_is_refused(panel, file, content):
    opened = panel(**QUICK)
    opened.save(file)
    file.write_bytes(file.read_bytes()[:-9] if content == "cut" else content)
    before = state_of(opened)
    with pytest.raises(ValueError, match="path must name a model that `save` has"):
        opened.open(file)
    assert state_of(opened) == before


def test_a_file_that_is_not_there(panel, tmp_path):
    with pytest.raises(FileNotFoundError, match="path must name a file"):
        panel(**QUICK).open(tmp_path / "model.safetensors")


def test_a_closed_panel_opens_nothing_and_can_be_saved(panel, file):
    closed = panel(**QUICK)
    closed.close()
    closed.save(file)
    with pytest.raises(ValueError, match="this Training is closed"):
        closed.open(file)


# A run that the panel has already


def test_the_same_curve_is_one_run_the_longer(panel, file):
    going_on = panel(**QUICK)
    going_on.save(file)
    going_on.num_epochs = 5
    assert going_on.wait(30)
    longer = going_on.current
    going_on.open(file)
    assert going_on.wait(30)
    assert [*going_on.runs.values()] == [longer] == [going_on.current]
    going_on.save(file)
    shorter = panel(**QUICK)
    shorter.open(file)
    assert shorter.wait(30)
    assert len(shorter.runs) == 1 and len(shorter.history) == 5


def test_another_curve_of_the_same_setting_leaves_the_first_where_it_is(panel, file):
    drawn = panel(**QUICK)
    first = drawn.current
    for number in (1, 2):
        history = [
            dataclasses.replace(each, perplexity=each.perplexity + number)
            for each in first.history
        ]
        saved_as(panel, file, history=history)  # as another machine would
        drawn.open(file)
        assert drawn.wait(30)
        assert len(drawn.runs) == 1 + number and first in drawn.runs.values()
        assert drawn.history.perplexity == [each.perplexity for each in history]
    labels = [run["label"] for run in drawn.view.runs]
    assert labels == ["earlier 1", "earlier 2", "this run"]


# By hand


class Browser:
    """What the page does with a panel's view, and what it gets."""

    def __init__(self, panel, monkeypatch):
        self.view, self.got = panel.view, []
        monkeypatch.setattr(
            panel.view, "send", lambda what, buffers: self.got.append((what, buffers))
        )

    def save(self, view="here"):
        self.view._heard(self.view, {"event": "save", "view": view}, [])

    def open(self, content, name="my model.safetensors", piece=10**9):
        for at in range(0, max(1, len(content)), piece):
            event = {"event": "piece", "view": "here", "name": name, "at": at}
            part = memoryview(content[at : at + piece])
            self.view._heard(self.view, {**event, "size": len(content)}, [part])


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ({}, "rnn-H8-theta1-epoch3.safetensors"),
        ({"theta": 0.05, "cell": "gru"}, "gru-H8-theta0.05-epoch3.safetensors"),
        ({"theta": None, "cell": "rnn"}, "nn-rnn-H8-theta-off-epoch3.safetensors"),
    ],
)
def test_a_button_hands_the_file_to_the_view_that_asks(
    panel, file, monkeypatch, setting, name
):
    saved = panel(**QUICK, **setting)
    browser = Browser(saved, monkeypatch)
    browser.save("there")
    ((message, (content,)),) = browser.got
    assert message == {"event": "file", "view": "there", "name": name}
    file.write_bytes(content)
    assert saving.load(file).history.perplexity == saved.history.perplexity


@pytest.mark.parametrize("piece", [10**9, 1000])
def test_a_file_is_opened_however_it_comes(panel, monkeypatch, piece):
    saved, opened = panel(**QUICK), panel(**OTHER)
    browser = Browser(saved, monkeypatch)
    browser.save()
    Browser(opened, monkeypatch).open(browser.got[0][1][0], piece=piece)
    assert opened.wait(30) and opened.view.refused == ""
    assert opened.num_hiddens == 8
    assert opened.history.perplexity == saved.history.perplexity


def test_a_file_that_stops_on_its_way_is_forgotten_with_the_next(panel, monkeypatch):
    opened = panel(**OTHER)
    browser = Browser(opened, monkeypatch)
    event = {"event": "piece", "view": "here", "name": "cut off", "at": 0, "size": 99}
    opened.view._heard(opened.view, event, [b"12345"])
    browser.open(b"x")
    assert "my model.safetensors" in opened.view.refused


def test_a_file_that_stops_on_its_way_goes_with_its_page(panel, monkeypatch):
    opened, of_two = panel(**QUICK), ("here", "there")
    for view in of_two:
        opened.view._heard(opened.view, {"event": "opened", "view": view}, [])
        event = {"event": "piece", "view": view, "name": "cut", "at": 0, "size": 99}
        opened.view._heard(opened.view, event, [b"12345"])
    for left, view in ((["there"], "here"), ([], "there")):
        opened.view._heard(opened.view, {"event": "closed", "view": view}, [])
        assert [*opened._pieces] == left
    Browser(opened, monkeypatch).open(b"x")
    assert "my model.safetensors" in opened.view.refused


def test_without_a_temporary_folder_the_buttons_say_what_to_do(
    panel, file, monkeypatch, tmp_path
):
    kept = panel(**QUICK)
    kept.save(file)
    browser = Browser(kept, monkeypatch)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    told = "this machine has no temporary folder (No such file or directory): "
    browser.save()
    assert kept.view.refused == f"{told}use the method save(path) instead"
    browser.open(file.read_bytes())
    assert kept.view.refused == f"{told}use the method open(path) instead"
    assert browser.got == []


def test_what_is_refused_is_told_until_the_next_run_and_nothing_stops(
    panel, monkeypatch
):
    opened = panel(**QUICK)
    opened.num_epochs = 500
    until(lambda: len(opened.history) > 3)
    browser = Browser(opened, monkeypatch)
    browser.open(b"no model")
    told = opened.view.refused
    assert told.startswith(
        "path must name a model that `save` has saved, got 'my model.safetensors': "
    )
    length = len(opened.history)
    until(lambda: len(opened.history) > length + 3)
    assert opened.view.refused == told and opened.live.error is None
    opened.theta = 2
    assert opened.view.refused == ""
    browser.open(b"")
    assert opened.view.refused
    opened.clear()
    assert opened.view.refused == ""
    until(lambda: not opened.live.is_running)
    browser.save()
    assert "there is no model yet" in opened.view.refused and browser.got == []


def test_a_file_that_comes_after_the_end_is_refused_in_silence(panel, monkeypatch):
    closed = panel(**QUICK)
    closed.close()
    Browser(closed, monkeypatch).open(b"x")


def test_a_file_of_a_model_with_another_vocabulary_is_told(panel, file, monkeypatch):
    corpus, vocab = text.corpus_of(["the time traveller"] * 9)
    saved_as(panel, file, net=rnn.make_model("scratch", len(vocab), 8), vocab=vocab)
    opened = panel(**OTHER)
    before = state_of(opened)
    Browser(opened, monkeypatch).open(file.read_bytes())
    assert f"a vocabulary of {len(vocab)} tokens" in opened.view.refused
    assert state_of(opened) == before
    time.sleep(0.1)
    assert not opened.live.is_busy
