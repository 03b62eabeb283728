"""The training explorer, driven by code and by its own buttons, without a browser."""

import re
import time

import numpy as np
import pytest
import torch
from driving import all_in, text_of, until

from d2l_rnn import batching, rnn, training
from d2l_rnn.explorers import Training, training_job, training_runs
from d2l_rnn.explorers.live import APART
from d2l_rnn.explorers.training_runs import COLUMNS, Plan, Run
from d2l_rnn.explorers.training_words import LENGTH
from d2l_rnn.sweeping import Setting

QUICK = {"num_hiddens": 8, "num_epochs": 5, "text": "story"}


@pytest.fixture
def explorer():
    explorer = Training(**QUICK)
    assert explorer.wait(30)
    yield explorer
    explorer.close()


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


def sent(explorer, run=None):
    """The columns of a curve, as the browser gets them: {name: numbers}."""
    number = explorer.view.current if run is None else run.number
    numbers = np.frombuffer(getattr(explorer.view, f"curve_{number}"))
    return dict(zip(COLUMNS, numbers.reshape(len(COLUMNS), -1), strict=True))


def epoch_of(words):
    """The epoch that a readout tells."""
    return int(re.search(r"epoch (\d+)", " ".join(text_of(words).split()))[1])


def test_the_browser_gets_the_numbers_of_the_history(explorer):
    explorer.set(theta=0.05, held_out=True)
    assert explorer.wait(30)
    for name, numbers in sent(explorer).items():
        assert numbers.tolist() == getattr(explorer.history, name)
    assert np.isfinite(sent(explorer)["held_out_perplexity"]).all()


def test_the_whole_state_is_in_traits_and_a_second_view_shows_the_same(explorer):
    explorer.theta = 0.05
    assert explorer.wait(30)
    state = explorer.view.get_state()
    ids = [each["id"] for each in state["runs"]]
    assert [each["label"] for each in state["runs"]] == ["theta 1", "theta 0.05"]
    assert all(len(state[f"curve_{i}"]) == 8 * len(COLUMNS) * 5 for i in ids)
    assert state["current"] == ids[1] and state["levels"] == explorer.view.levels
    assert "perplexity" in state["readout"] and len(state["texts"]) == 1


def test_the_random_numbers_of_other_cells_are_left_alone():
    state = torch.get_rng_state()
    explorer = Training(**QUICK, cell="lstm")
    assert explorer.wait(30)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_setting_seen_before_comes_back_without_training(explorer, monkeypatch):
    first = explorer.history
    explorer.theta = 0.05
    assert explorer.wait(30)
    monkeypatch.setattr(training_runs, "train", lambda *_, **__: 1 / 0)
    explorer.theta = 1
    assert explorer.wait(30)
    assert explorer.history == explorer.current.history == first
    assert len(explorer.runs) == len(explorer.view.runs) == 2


def test_earlier_curves_stay_and_are_told_apart(explorer):
    explorer.set(theta=0.05)
    assert explorer.wait(30)
    explorer.set(lr=2, theta=None)
    assert explorer.wait(30)
    labels = [run["label"] for run in explorer.view.runs]
    assert labels == ["theta 1, lr 1", "theta 0.05, lr 1", "theta off, lr 2"]
    assert len({run["number"] for run in explorer.view.runs}) == 3


def test_a_single_curve_is_labelled_by_what_is_in_view():
    explorer = Training(show=["cell", "temperature", "theta"], **QUICK)
    assert explorer.wait(30)
    (run,) = explorer.view.runs
    assert run["label"] == "scratch RNN, theta 1"


def test_nobody_watches_nothing_is_trained_ahead(explorer):
    explorer.theta = 0.05
    assert explorer.wait(30)
    until(lambda: not explorer.live.is_running)
    assert explorer.trainer.runs.ahead == {}


@pytest.mark.parametrize(
    ("name", "index", "nearest"), [("theta", 3, [0.05, 0.2]), ("lr", 0, [0.02])]
)
def test_a_reader_finds_the_neighbours_trained_already(
    explorer, monkeypatch, name, index, nearest
):
    explorer.widgets[name].index = index
    assert explorer.wait(30)
    until(lambda: not explorer.live.is_running)
    ahead = [plan.values[name] for plan in explorer.trainer.runs.ahead]
    assert ahead[: len(nearest)] == nearest
    # All positions of the slider, but for those that are shown.
    control = explorer.controls[name]
    shown = [plan.values[name] for plan in explorer.runs]
    everything = [*control.values, *([None] if control.off else [])]
    assert sorted(map(str, ahead + shown)) == sorted(map(str, everything))
    alone = expected(**{name: nearest[-1]})
    monkeypatch.setattr(training_runs, "train", lambda *_, **__: 1 / 0)
    setattr(explorer, name, nearest[-1])
    assert explorer.wait(30)
    assert explorer.history.perplexity == pytest.approx(alone.perplexity, rel=1e-3)
    assert len(explorer.view.texts[0]["drawn"]) > LENGTH  # its model is there as well
    assert len(explorer.trainer.runs.ahead) == len(ahead) - 1


def test_what_takes_long_is_not_trained_ahead(explorer, monkeypatch):
    monkeypatch.setattr(training_job, "AHEAD", 0)
    explorer.widgets["theta"].index = 3
    assert explorer.wait(30)
    until(lambda: not explorer.live.is_running)
    assert explorer.trainer.runs.ahead == {}


def test_start_trains_anew(explorer):
    before = explorer.history
    button(explorer, "start").click()
    assert explorer.wait(30)
    assert explorer.history != before
    assert explorer.history.perplexity == pytest.approx(before.perplexity)
    assert len(explorer.runs) == 1


def test_pause_and_resume(explorer):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 3)
    button(explorer, "pause").click()
    until(lambda: explorer.live.is_paused)
    epochs = len(explorer.history)
    until(lambda: epoch_of(explorer.view.readout) == epochs)
    until(lambda: explorer.view.texts[0]["epoch"] == epochs)
    time.sleep(0.1)
    assert len(explorer.history) == epochs < 500
    assert len(sent(explorer)["perplexity"]) == epochs
    assert not explorer.view.is_running
    assert not explorer.wait(0.01)
    button(explorer, "resume").click()
    until(lambda: len(explorer.history) > epochs)
    assert button(explorer, "pause")
    button(explorer, "stop").click()
    assert explorer.wait(30)


def test_one_epoch_at_a_time(explorer):
    explorer.clear()
    until(lambda: not explorer.live.is_running)
    for epoch in (1, 2):
        button(explorer, "one epoch").click()
        until(lambda epoch=epoch: len(explorer.history) == epoch)
        until(lambda: explorer.live.is_paused)
        until(lambda epoch=epoch: epoch_of(explorer.view.readout) == epoch)
    button(explorer, "resume").click()
    assert explorer.wait(30)
    assert len(explorer.history) == 5


@pytest.mark.parametrize("cell", ["scratch", "rnn"])
@pytest.mark.parametrize("sampling", ["sequential", "random"])
def test_a_finished_run_goes_on_as_if_it_had_never_stopped(cell, sampling):
    whole = Training(**QUICK | {"num_epochs": 9}, cell=cell, sampling=sampling)
    parts = Training(**QUICK, cell=cell, sampling=sampling)
    assert whole.wait(30) and parts.wait(30)
    parts.step()
    assert parts.wait(30)
    assert len(parts.history) == 6 and epoch_of(parts.view.readout) == 6
    parts.num_epochs = 9
    assert parts.wait(30)
    assert parts.history.perplexity == whole.history.perplexity
    assert parts.history.epoch == [*range(1, 10)]
    assert len(parts.runs) == 1 and parts.view.texts == whole.view.texts


def test_a_run_trained_ahead_goes_on_too(explorer):
    explorer.widgets["theta"].index = 3
    until(lambda: explorer.wait(30) and not explorer.live.is_running)
    explorer.set(theta=0.05, num_epochs=8)
    assert explorer.wait(30)
    plain = Run.of(explorer.plan)
    list(plain.go_on(8))
    assert explorer.history.perplexity == pytest.approx(plain.history.perplexity, 1e-6)


def test_fewer_epochs_take_nothing_away(explorer):
    explorer.num_epochs = 2
    assert explorer.wait(30) and len(explorer.history) == 5
    assert epoch_of(explorer.view.readout) == 5


def test_stop_ends_the_run_and_keeps_its_curve(explorer):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 3)
    button(explorer, "stop").click()
    assert explorer.wait(30)
    until(lambda: not explorer.live.is_running)
    epochs = len(explorer.history)
    assert 3 < epochs < 500
    assert (
        epoch_of(explorer.view.readout) == len(sent(explorer)["perplexity"]) == epochs
    )
    explorer.theta = 2
    until(lambda: explorer.current.plan.setting.theta == 2)
    assert len(explorer.runs) == 2
    explorer.theta = 1  # what was stopped goes on
    until(lambda: explorer.current.plan.setting.theta == 1)
    until(lambda: len(explorer.history) > epochs)
    assert explorer.history.epoch == [*range(1, len(explorer.history) + 1)]


def test_five_steps_are_five_epochs_past_the_end_and_across_it(explorer):
    for _ in range(5):
        explorer.step()
    assert explorer.wait(30) and explorer.history.epoch == [*range(1, 11)]
    explorer.num_epochs = 12
    explorer.pause()
    time.sleep(0.1)  # for the minibatch in which it pauses
    before = len(explorer.history)
    for _ in range(5):
        button(explorer, "one epoch").click()
    assert explorer.wait(30)
    assert explorer.history.epoch == [*range(1, before + 6)] and before + 5 > 12


def test_steps_that_are_no_longer_wanted_are_not_made_up_for(explorer):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 5)
    for _ in range(100):
        explorer.step()
    explorer.stop()
    until(lambda: not explorer.live.is_running)
    before = len(explorer.history)
    explorer.step()
    until(lambda: explorer.live.is_paused)
    assert len(explorer.history) == before + 1 < 500


def test_a_history_is_the_readers_own(explorer):
    before = explorer.history.perplexity
    explorer.history.clear()
    explorer.num_epochs = 6
    assert explorer.wait(30) and explorer.history.perplexity[:5] == before


def test_clear_forgets_all_curves_and_start_begins_again(explorer):
    explorer.theta = 2
    assert explorer.wait(30)
    button(explorer, "clear").click()
    until(lambda: not explorer.live.is_running)
    assert explorer.runs == {} and explorer.history == [] and explorer.view.runs == []
    assert explorer.view.readout == "" and explorer.view.texts == []
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


def test_where_there_is_no_curve_there_is_no_picture(explorer):
    assert explorer.wait(30) and explorer.picture and explorer.finished()
    explorer.clear()
    until(lambda: not explorer.live.is_running)
    assert explorer.picture is None
    assert explorer.finished() is None  # the notebook keeps what it has


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


def test_a_pinned_curve_stays_and_its_model_writes_beside_the_current_one(explorer):
    (pinned,) = explorer.view.runs
    explorer.view.pinned = [pinned["id"]]  # as the browser does
    explorer.theta = 0.05
    assert explorer.wait(30)
    assert [each["label"] for each in explorer.view.texts] == ["theta 0.05", "theta 1"]
    explorer.theta = 2
    assert explorer.wait(30)
    explorer.clear()
    until(lambda: not explorer.live.is_running)
    assert explorer.view.runs == [{**pinned, "label": "theta 1, H 8, lr 1"}]


def test_a_curve_can_be_removed(explorer):
    explorer.theta = 0.05
    assert explorer.wait(30)
    first, second = explorer.runs.values()
    remove(explorer, first)
    until(
        lambda: (
            [run["label"] for run in explorer.view.runs] == ["theta 0.05, H 8, lr 1"]
        )
    )
    remove(explorer, second)
    until(lambda: explorer.view.runs == [] and explorer.view.readout == "")
    assert explorer.current is None
    explorer.theta = 0.1
    assert explorer.wait(30) and len(explorer.runs) == 1


def remove(explorer, run):
    """What the browser sends when × is pressed."""
    explorer.view._heard(explorer.view, {"event": "remove", "id": run.number}, [])


def test_the_current_run_can_be_removed_while_it_trains(explorer):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 5)
    remove(explorer, explorer.current)
    until(lambda: not explorer.live.is_running)
    assert explorer.view.runs == []
    assert explorer.view.readout == "" and explorer.live.error is None


def test_a_moved_slider_leaves_the_run_where_it_is(explorer):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 5)
    explorer.set(num_epochs=5, theta=2)
    assert explorer.wait(30)
    assert len(explorer.history) == 5 and len(explorer.runs) == 2
    assert explorer.view.hidden == []


def test_runs_that_a_hand_only_passes_over_leave_no_curve(explorer):
    explorer.num_epochs = 400
    assert explorer.wait(60)
    for index in (7, 8, 9, 10):
        explorer.widgets["theta"].index = index
        time.sleep(1.1 * APART)
    assert explorer.wait(60)
    of_theta = {run.plan.setting.theta: run for run in explorer.runs.values()}
    assert list(of_theta) == [1, 2, 5, 10, 20]
    hidden = [of_theta[theta].number for theta in (2, 5, 10)]
    assert explorer.view.hidden == hidden
    assert [each["left"] for each in explorer.view.runs] == [False, *[True] * 3, False]
    explorer.theta = 5  # and come back
    assert explorer.wait(60)
    assert explorer.view.hidden == [hidden[0], hidden[2]]
    assert len(explorer.history) == 400


def test_what_was_passed_over_and_is_pinned_stays(explorer):
    explorer.trainer.current.was_left = True
    number = explorer.trainer.current.number
    explorer.view.pinned = [number]
    for theta in (2, 5):
        explorer.theta = theta
        assert explorer.wait(30)
    assert number in explorer.view.pinned and number not in explorer.view.hidden


def test_an_error_does_not_come_back_after_clear(explorer):
    explorer.widgets["text"].value = "own"
    explorer.widgets["own_text"].value = "too short"
    until(lambda: explorer.live.error and not explorer.live.is_running)
    explorer.clear()
    until(lambda: not explorer.live.is_running)
    assert explorer.view.readout == "" and explorer.wait(1)


def test_a_run_that_diverged_says_so(explorer):
    explorer.set(theta=None, lr=100, num_hiddens=64)
    assert explorer.wait(30)
    assert explorer.history[-1].diverged
    assert explorer.view.trouble == (
        f"diverged at epoch {len(explorer.history)}:\n"
        "try a smaller learning rate or clip the gradient"
    )
    assert "diverged" in explorer.view.readout
    explorer.step()  # nothing can follow
    assert explorer.wait(30) and explorer.history[-1].diverged
    explorer.set(theta=1, lr=1)
    assert explorer.wait(30) and "perplexity" in explorer.view.readout
    assert explorer.view.trouble == ""


def test_a_setting_that_cannot_be_is_told_and_nothing_is_lost(explorer):
    state, runs = explorer.view.get_state(), dict(explorer.runs)
    explorer.set(batch_size=128, num_steps=100)
    with pytest.raises(ValueError, match="batch_size=128 and num_steps=100 are too"):
        explorer.wait(30)
    until(lambda: "too large for the corpus" in explorer.view.readout)
    assert explorer.runs == runs and explorer.history == []
    now = explorer.view.get_state()
    assert {name for name in now if now[name] != state[name]} == {"readout", "code"}
    explorer.set(batch_size=32, num_steps=35)
    assert explorer.wait(30) and len(explorer.history) == 5
    until(lambda: "perplexity" in explorer.view.readout)


def test_ones_own_text(explorer):
    text = "我在河边读书，风把书页一张一张地翻过去。\n" * 90
    explorer.set(text="own", own_text=text)
    assert explorer.wait(30)
    kinds = len(set(text) - {"\n"}) + 1  # and <unk>
    assert explorer.view.levels["guessing"] == kinds
    assert explorer.history[-1].perplexity < kinds
    explorer.prefix = "读书"
    until(lambda: "读书" in explorer.view.texts[0]["greedy"])
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
    assert explorer.view.levels["bigram"] == pytest.approx(surprise.exp().item())
    assert explorer.view.levels["guessing"] == len(vocab)


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
    texts = [{"label": "theta 1, H 8, lr 1", "epoch": 5, "read": read,
              "greedy": greedy, "drawn": drawn}]  # fmt: skip
    until(lambda: explorer.view.texts == texts)
    again = generating.sample(prefix, LENGTH, net, vocab, temperature, seed=1)
    explorer.draw_again()
    until(lambda: explorer.view.texts == [{**texts[0], "drawn": again}])


def test_a_panel_that_is_given_only_what_writes_trains_too():
    explorer = Training(prefix="the time")
    assert explorer.wait(60)
    assert len(explorer.history) == 100
    explorer.close()


def test_prefix_and_temperature_answer_while_it_trains(explorer):
    explorer.num_epochs = 500
    until(lambda: len(explorer.history) > 1)
    explorer.widgets["prefix"].value = "who"
    until(lambda: explorer.view.texts[0]["greedy"].startswith("who"))
    button(explorer, "pause").click()
    until(lambda: explorer.live.is_paused)
    explorer.widgets["prefix"].value = "while paused"
    until(lambda: explorer.view.texts[0]["greedy"].startswith("while paused"))
    assert explorer.view.texts[0]["epoch"] == len(explorer.history) < 500
    assert len(explorer.runs) == 1


def test_no_prefix_is_told(explorer):
    explorer.prefix = ""
    until(lambda: "error" in explorer.view.texts[0])
    assert "prefix must have at least one" in explorer.view.texts[0]["error"]
    assert explorer.wait(30)


def test_what_a_lost_model_writes_is_no_error(explorer):
    explorer.set(theta=None, lr=100)
    assert explorer.wait(30)
    until(lambda: not explorer.live.is_running)
    assert explorer.view.texts


@pytest.mark.parametrize("show", [["thta"], ["theta", "hidden"]])
def test_only_controls_can_be_shown(show):
    with pytest.raises(ValueError, match=show[-1]):
        Training(show=show)


@pytest.mark.parametrize(
    ("tries", "words"),
    [({"fast": {"lrr": 1}}, "lrr"), ({"fast": {"lr": 1000}}, "lr must be a number")],
)
def test_a_try_that_cannot_be_is_refused(tries, words):
    with pytest.raises(ValueError, match=words):
        Training(tries=tries)


def test_tries_are_buttons_and_reset_goes_back(explorer):
    panel = Training(**QUICK, theta=0.5, tries={"too fast": {"lr": 10, "theta": None}})
    assert panel.wait(30)
    button(panel, "too fast").click()
    assert panel.wait(30)
    assert (panel.lr, panel.theta) == (10, None)
    button(panel, "reset").click()
    assert panel.wait(30)
    assert (panel.lr, panel.theta, panel.num_hiddens) == (1, 0.5, 8)
    assert len(panel.view.runs) == 2
    panel.close()


def test_the_setting_as_code_makes_the_same_panel(explorer):
    from d2l_rnn import explorers

    explorer.set(theta=None, cell="gru")
    again = eval(explorer.view.code, {"explorers": explorers})
    assert again.values == explorer.values and again.show == explorer.show
    again.close()


@pytest.mark.parametrize("show", [("theta", "lr"), ("temperature", "theta"), ()])
def test_every_control_stands_somewhere_once(show):
    explorer = Training(show=show, **QUICK)
    shown = list(all_in(explorer.panel))
    assert all(shown.count(widget) == 1 for widget in explorer.widgets.values())
    explorer.live.end()


def test_pictures_wait_their_turn(explorer, monkeypatch):
    frames = []
    show = explorer.view.show_curve
    explorer.view.__dict__["show_curve"] = lambda run: (frames.append(1), show(run))[1]
    explorer.num_epochs = 400
    assert explorer.wait(60)
    # What begins and ends a run is always shown.
    assert len(frames) <= explorer.current.seconds / training_job.FRAME + 6


def test_readout_curve_and_texts_tell_the_same_epoch_at_the_end(explorer):
    seen = []
    explorer.view.observe(
        lambda _: seen.append(
            (epoch_of(explorer.view.readout), len(sent(explorer)["perplexity"]))
        ),
        "readout",
    )
    explorer.num_epochs = 60
    assert explorer.wait(60)
    assert all(told == drawn for told, drawn in seen) and seen[-1] == (60, 60)
    assert explorer.view.texts[0]["epoch"] == explorer.view.num_epochs == 60


def test_the_picture_that_is_kept_waits_for_a_moment_without_work(
    explorer, monkeypatch
):
    drawn = []
    monkeypatch.setattr(explorer, "_is_stale", lambda: True)
    monkeypatch.setattr(explorer, "_to_keep", lambda check: drawn.append(1))
    for theta in (2, 5, 10):
        explorer.theta = theta
        assert explorer.wait(30)
    assert drawn == []
    until(lambda: drawn == [1])


def test_what_is_kept_is_the_finished_picture_and_its_words(explorer):
    explorer.theta = 0.05
    assert explorer.wait(30)
    png, words, texts = explorer.finished()
    assert png.startswith(b"\x89PNG")
    first = explorer.picture.axes[0].get_lines()[0]
    assert (
        first.get_ydata().tolist()
        == next(iter(explorer.runs.values())).history.perplexity
    )
    assert "theta 1 · " in words and "theta 0.05 · " in words
    assert "epoch <b>5</b> of 5" in words and explorer.view.texts[0]["greedy"] in texts


# The plan


def test_a_plan_is_what_the_sliders_say(explorer):
    explorer.set(theta=None, lr=2, seed=3, batch_size=8, num_steps=9, cell="gru")
    explorer.set(sampling="random", num_epochs=1)
    setting = Setting(None, 2, 3, 8, 8, 9, use_random_iter=True, cell="gru")
    assert explorer.plan == Plan(setting, "story")
    assert explorer.wait(30) and explorer.current.plan == explorer.plan


def test_a_pasted_text_that_is_not_in_use_is_no_part_of_a_plan(explorer):
    before = explorer.plan
    explorer.own_text = "pasted, and not chosen"
    assert explorer.plan == before
