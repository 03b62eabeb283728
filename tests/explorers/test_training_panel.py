"""The training explorer, driven by code and by its own buttons, without a browser."""

import math
import time

import pytest
import torch
from driving import all_in, text_of, until

from d2l_rnn import batching, rnn, training
from d2l_rnn.explorers import Training, training_panel, training_runs
from d2l_rnn.explorers.live import APART
from d2l_rnn.explorers.training_display import LENGTH, two_texts
from d2l_rnn.explorers.training_picture import TrainingPicture, trouble
from d2l_rnn.explorers.training_runs import Plan, Run
from d2l_rnn.sweeping import Setting

QUICK = {"num_hiddens": 8, "num_epochs": 5, "text": "story"}


@pytest.fixture
def explorer():
    explorer = Training(**QUICK)
    assert explorer.wait(30)
    yield explorer
    explorer.live.stop()
    until(lambda: not explorer.live.is_running)


def button(explorer, description):
    """The button with this name, anywhere in the panel."""
    (found,) = [
        each
        for each in all_in(explorer.panel)
        if hasattr(each, "click") and each.description == description
    ]
    return found


def expected(cell="scratch", lr=1, theta=1, seed=0, sampling="sequential"):
    """The curve that a plain run of the package draws."""
    story = training_runs.load("story")
    corpus, vocab = story.corpus, story.vocab
    loader = batching.SequenceLoader(corpus, 32, 35, sampling == "random", seed)
    net = rnn.make_model(cell, len(vocab), 8, seed=seed)
    return training.History(training.train(net, loader, lr, 5, theta))


@pytest.mark.parametrize(
    "setting",
    [
        {}, {"theta": 0.05}, {"theta": None, "lr": 2}, {"seed": 3},
        {"sampling": "random"}, {"cell": "rnn"}, {"cell": "gru"}, {"cell": "lstm"},
    ],
)  # fmt: skip
def test_its_curve_is_that_of_a_plain_run(explorer, setting):
    explorer.set(**setting)
    assert explorer.wait(60)
    curve = expected(**setting)
    assert explorer.history.perplexity == pytest.approx(curve.perplexity, rel=1e-4)
    assert explorer.history.gradient_norm == pytest.approx(curve.gradient_norm, 1e-3)


def test_sizes_matter_too(explorer):
    curves = [tuple(explorer.history.perplexity)]
    for setting in ({"num_hiddens": 16}, {"num_steps": 20}, {"batch_size": 16}):
        explorer.set(**setting)
        assert explorer.wait(30)
        curves.append(tuple(explorer.history.perplexity))
    assert len(set(curves)) == 4
    explorer.num_epochs = 2
    assert explorer.wait(30) and len(explorer.history) == 2


def test_the_random_numbers_of_other_cells_are_left_alone():
    state = torch.get_rng_state()
    explorer = Training(**QUICK, cell="lstm")
    assert explorer.wait(30)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_setting_seen_before_comes_back_without_training(explorer, monkeypatch):
    first, picture = explorer.history, bytes(explorer.image.value)
    explorer.theta = 0.05
    assert explorer.wait(30)
    monkeypatch.setattr(Run, "begin", lambda *_: 1 / 0)
    explorer.theta = 1
    assert explorer.wait(30)
    assert explorer.history is first
    assert explorer.current.history is first
    assert bytes(explorer.image.value) != picture  # the other curve is there, faded
    assert len(explorer.runs) == 2


def test_earlier_curves_stay_and_are_told_apart(explorer):
    explorer.set(theta=0.05)
    assert explorer.wait(30)
    explorer.set(lr=2, theta=None)
    assert explorer.wait(30)
    labels = [curve.label for curve in explorer.curves()]
    assert labels == [
        "theta = 1, lr = 1",
        "theta = 0.05, lr = 1",
        "theta = off, lr = 2",
    ]
    assert len({curve.colour for curve in explorer.curves()}) == 3


def test_a_single_curve_is_labelled_by_what_is_in_view():
    explorer = Training(show=["cell", "temperature", "theta"], **QUICK)
    assert explorer.wait(30)
    (curve,) = explorer.curves()
    assert curve.label == "scratch RNN, theta = 1"


def test_nobody_watches_nothing_is_trained_ahead(explorer):
    explorer.theta = 0.05
    assert explorer.wait(30)
    until(lambda: not explorer.live.is_running)
    assert explorer.runs.ahead == {}


@pytest.mark.parametrize(
    ("name", "index", "near"),
    [("theta", 3, [0.02, 0.05, 0.2, 0.5]), ("lr", 0, [0.02, 0.05])],
)
def test_a_reader_finds_the_neighbours_trained_already(
    explorer, monkeypatch, name, index, near
):
    explorer.widgets[name].index = index
    assert explorer.wait(30)
    until(lambda: len(explorer.runs.ahead) == len(near))
    assert [plan.values[name] for plan in explorer.runs.ahead] == near
    alone = expected(**{name: near[-1]})
    monkeypatch.setattr(Run, "begin", lambda *_: 1 / 0)
    setattr(explorer, name, near[-1])
    assert explorer.wait(30)
    assert explorer.history.perplexity == pytest.approx(alone.perplexity, rel=1e-3)
    assert len(text_of(explorer.display.writing)) > 100  # its model is there as well
    assert len(explorer.runs.ahead) == len(near) - 1


def test_what_takes_long_is_not_trained_ahead(explorer, monkeypatch):
    monkeypatch.setattr(training_panel, "AHEAD", 0)
    explorer.widgets["theta"].index = 3
    assert explorer.wait(30)
    until(lambda: not explorer.live.is_running)
    assert explorer.runs.ahead == {}


def test_start_trains_anew(explorer):
    before = explorer.history
    button(explorer, "start").click()
    assert explorer.wait(30)
    assert explorer.history is not before
    assert explorer.history.perplexity == pytest.approx(before.perplexity)
    assert len(explorer.runs) == 1


def test_pause_and_resume(explorer):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 3)
    button(explorer, "pause").click()
    until(lambda: explorer.live.is_paused)
    time.sleep(0.1)
    epochs = len(explorer.history)
    time.sleep(0.1)
    assert len(explorer.history) == epochs < 500
    assert not explorer.wait(0.01)
    button(explorer, "resume").click()
    until(lambda: len(explorer.history) > epochs)
    assert button(explorer, "pause")
    button(explorer, "stop").click()
    assert explorer.wait(30)


def test_one_epoch_at_a_time(explorer):
    explorer.lr = 2
    assert explorer.wait(30)
    button(explorer, "one epoch").click()
    until(lambda: explorer.live.is_paused)
    assert len(explorer.history) == 1
    button(explorer, "one epoch").click()
    until(lambda: len(explorer.history) == 2)
    button(explorer, "resume").click()
    assert explorer.wait(30)
    assert len(explorer.history) == 5


def test_stop_ends_the_run_and_keeps_its_curve(explorer):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 3)
    button(explorer, "stop").click()
    assert explorer.wait(30)
    until(lambda: not explorer.live.is_running)
    epochs = len(explorer.history)
    assert 3 < epochs < 500 and not explorer.current.is_complete
    assert f"epoch {epochs} of 500" in " ".join(text_of(explorer.readout).split())
    explorer.theta = 2
    until(lambda: explorer.current.plan.setting.theta == 2)
    assert len(explorer.runs) == 3


def test_clear_forgets_all_curves_and_start_begins_again(explorer):
    explorer.theta = 2
    assert explorer.wait(30)
    button(explorer, "clear").click()
    until(lambda: not explorer.live.is_running)
    assert explorer.runs == {} and explorer.history == [] and explorer.image.value
    assert explorer.readout.value == ""
    button(explorer, "start").click()
    assert explorer.wait(30)
    assert len(explorer.history) == 5 and len(explorer.runs) == 1


@pytest.mark.parametrize("is_paused", [False, True])
def test_clear_in_the_middle_of_a_run_and_on_to_the_next(explorer, is_paused):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 3)
    if is_paused:
        explorer.pause()
    explorer.clear()
    explorer.num_epochs = 5
    assert explorer.wait(30)
    assert len(explorer.history) == 5 and len(explorer.runs) == 1
    explorer.clear()
    explorer.theta = 2
    assert explorer.wait(30)
    assert len(explorer.runs) == 1


def test_what_is_set_after_clear_is_shown_and_what_was_before_is_not(explorer):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 3)
    time.sleep(APART)  # the next run may begin at once
    explorer.clear()
    explorer.set(theta=2, num_epochs=5)
    assert explorer.wait(30)
    assert [plan.setting.theta for plan in explorer.runs] == [2]
    explorer.theta = 5
    explorer.clear()
    until(lambda: not explorer.live.is_running)
    assert explorer.runs == {}


def test_a_moved_slider_cancels_the_run(explorer):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 3)
    explorer.set(num_epochs=5, theta=2)
    assert explorer.wait(30)
    assert len(explorer.history) == 5
    assert [len(run.history) < 500 for run in explorer.runs.values()] == [True] * 3


def test_a_run_that_diverged_says_so(explorer):
    explorer.set(theta=None, lr=100, num_hiddens=64)
    assert explorer.wait(30)
    assert explorer.history[-1].diverged and explorer.current.is_complete
    assert explorer.picture.words == (
        f"diverged at epoch {len(explorer.history)}:\n"
        "try a smaller learning rate or a smaller theta"
    )
    assert "diverged" in explorer.readout.value
    explorer.set(theta=1, lr=1)
    assert explorer.wait(30) and "perplexity" in explorer.readout.value


@pytest.mark.parametrize(
    ("perplexities", "words"),
    [
        ([20, 15, 10], ""),
        ([20, 5e3, 7e5, 1e13], "lost at epoch 2"),
        ([20, 5e3, 9], ""),  # it has found its way back
        ([200, 100], ""),  # bad, but not lost
        ([20, 5e3, math.inf], "diverged at epoch 3"),
        ([], ""),
    ],
)
def test_what_went_wrong(perplexities, words):
    history = training.History(
        training.Progress(epoch, each, 1e5, 1.0, 0.5, math.isinf(each))
        for epoch, each in enumerate(perplexities, start=1)
    )
    assert trouble(history, guessing=28).partition(":")[0] == words


def test_a_setting_that_cannot_be_is_told_and_nothing_is_lost(explorer):
    picture, runs = bytes(explorer.image.value), dict(explorer.runs)
    explorer.set(batch_size=128, num_steps=100)
    with pytest.raises(ValueError, match="batch_size=128 and num_steps=100 are too"):
        explorer.wait(30)
    until(lambda: "too large for the corpus" in explorer.readout.value)
    assert explorer.runs == runs and explorer.history == []
    assert bytes(explorer.image.value) == picture
    explorer.set(batch_size=32, num_steps=35)
    assert explorer.wait(30) and len(explorer.history) == 5
    until(lambda: "perplexity" in explorer.readout.value)


def test_ones_own_text(explorer):
    text = "我在河边读书，风把书页一张一张地翻过去。\n" * 90
    explorer.set(text="own", own_text=text)
    assert explorer.wait(30)
    kinds = len(set(text) - {"\n"}) + 1  # and <unk>
    assert explorer.picture.levels["guessing"] == kinds
    assert explorer.history[-1].perplexity < kinds
    explorer.prefix = "读书"
    until(lambda: "读书" in explorer.display.writing.value)
    explorer.text = "story"
    assert explorer.wait(30)
    runs = len(explorer.runs)
    explorer.own_text = "another"  # makes no difference now
    assert explorer.wait(30) and len(explorer.runs) == runs


@pytest.mark.parametrize("text", ["", "  \n ", "x", "too short\n\nby far", "🙂" * 100])
def test_a_text_too_short(explorer, text):
    explorer.set(text="own", own_text=text)
    with pytest.raises(ValueError, match=r"own_text|too large for the corpus"):
        explorer.wait(30)


def test_levels_are_guessing_and_the_texts_own_bigrams(explorer):
    story = training_runs.load("story")
    corpus, vocab = story.corpus, story.vocab
    pairs = torch.zeros(len(vocab), len(vocab), dtype=torch.double)
    for before, after in zip(corpus, corpus[1:], strict=False):
        pairs[before, after] += 1
    P = pairs / pairs.sum(dim=1, keepdim=True)
    surprise = -(pairs * P.log().nan_to_num(0, 0, 0)).sum() / (len(corpus) - 1)
    assert explorer.picture.levels["bigram"] == pytest.approx(surprise.exp().item())
    assert explorer.picture.levels["guessing"] == len(vocab)


def test_offline_the_story_is_what_it_begins_with(offline):
    explorer = Training(num_hiddens=8, num_epochs=1)
    assert explorer.wait(30) and explorer.text == "story"
    explorer.text = "time machine"
    with pytest.raises(ValueError, match="text must be the story or your own"):
        explorer.wait(30)


@pytest.mark.parametrize(
    ("prefix", "temperature"), [("time", 0.7), ("the", 0.1), ("t Z🙂", 2)]
)
def test_it_writes_what_the_model_writes(explorer, prefix, temperature):
    from d2l_rnn import generating

    net, vocab = explorer.current.net, explorer.current.text.vocab
    greedy = generating.predict(prefix, LENGTH, net, vocab)
    drawn = generating.sample(prefix, LENGTH, net, vocab, temperature, seed=0)
    read = len("".join(vocab.to_tokens(vocab[list(prefix)])))
    explorer.set(prefix=prefix, temperature=temperature)
    until(lambda: explorer.display.writing.value == two_texts(read, greedy, drawn))


def test_prefix_and_temperature_answer_while_it_trains(explorer):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 1)
    explorer.widgets["prefix"].value = "who"
    until(lambda: "<b>who</b>" in explorer.display.writing.value)
    button(explorer, "pause").click()
    until(lambda: explorer.live.is_paused)
    explorer.widgets["prefix"].value = "while paused"
    until(lambda: "<b>while paused</b>" in explorer.display.writing.value)
    assert len(explorer.history) < 500 and len(explorer.runs) == 2


def test_no_prefix_is_told(explorer):
    explorer.prefix = ""
    until(lambda: "prefix must have at least one" in explorer.display.writing.value)
    assert explorer.wait(30)


def test_what_a_lost_model_writes_is_no_error(explorer):
    explorer.set(theta=None, lr=100)
    assert explorer.wait(30)
    until(lambda: not explorer.live.is_running)
    assert explorer.display.writing.value


@pytest.mark.parametrize("show", [["thta"], ["theta", "hidden"]])
def test_only_controls_can_be_shown(show):
    with pytest.raises(ValueError, match=show[-1]):
        Training(show=show)


@pytest.mark.parametrize("show", [("theta", "lr"), ("temperature", "theta"), ()])
def test_every_control_stands_somewhere_once(show):
    explorer = Training(show=show, **QUICK)
    shown = list(all_in(explorer.panel))
    assert all(shown.count(widget) == 1 for widget in explorer.widgets.values())
    explorer.live.end()


def test_drawing_waits_its_turn(explorer, monkeypatch):
    frames = []
    jpeg = TrainingPicture.jpeg
    monkeypatch.setattr(
        TrainingPicture, "jpeg", lambda picture: (frames.append(1), jpeg(picture))[1]
    )
    explorer.num_epochs = 400
    assert explorer.wait(60)
    # The first epoch and the last are always drawn.
    assert len(frames) <= explorer.current.seconds / training_panel.FRAME + 2


# The plan of a run


def test_a_plan_is_what_the_sliders_say(explorer):
    explorer.set(theta=None, lr=2, seed=3, batch_size=8, num_steps=9, cell="gru")
    explorer.set(sampling="random", num_epochs=1)
    setting = Setting(None, 2, 3, 8, 8, 9, use_random_iter=True, cell="gru")
    assert explorer.plan == Plan(setting, 1, "story")
    assert explorer.wait(30) and explorer.current.plan == explorer.plan


@pytest.mark.parametrize("changed", [{}, {"sampling": "random"}, {"text": "own"}])
def test_a_plan_leads_back_to_the_sliders(changed):
    values = {
        "theta": None, "num_hiddens": 8, "lr": 0.5, "num_steps": 9, "batch_size": 3,
        "num_epochs": 7, "seed": 1, "sampling": "sequential", "cell": "lstm",
        "text": "story", "own_text": "", **changed,
    }  # fmt: skip
    plan = Plan.of({**values, "prefix": "time", "temperature": 1.0})
    assert plan.values == values


def test_a_pasted_text_that_is_not_in_use_is_no_part_of_a_plan(explorer):
    before = explorer.plan
    explorer.own_text = "pasted, and not chosen"
    assert explorer.plan == before
