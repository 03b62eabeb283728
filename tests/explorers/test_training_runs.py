"""The runs behind the training panel: plans, going on, what is kept and what is not."""

import math

import pytest
import torch

from d2l_rnn import training
from d2l_rnn.explorers import training_runs
from d2l_rnn.explorers.training_runs import COLUMNS, Plan, Run, Runs
from d2l_rnn.explorers.training_words import describe, trouble
from d2l_rnn.parameters import parameters_of
from d2l_rnn.progress import Progress
from d2l_rnn.sweeping import Setting


def plan(theta=1, **setting):
    return Plan(Setting(theta=theta, num_hiddens=8, **setting), "story")


@pytest.mark.parametrize("cell", ["scratch", "rnn", "lstm"])
@pytest.mark.parametrize("use_random_iter", [False, True])
def test_a_run_in_parts_is_the_uninterrupted_run(cell, use_random_iter):
    of = plan(cell=cell, use_random_iter=use_random_iter, seed=3)
    whole, parts = Run.of(of), Run.of(of)
    list(whole.go_on(7))
    for end in (2, 3, 3, 7):
        list(parts.go_on(end))
    assert parts.history.perplexity == whole.history.perplexity
    assert parts.history.epoch == [*range(1, 8)]
    pairs = zip(parameters_of(parts.net), parameters_of(whole.net), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_a_run_ended_within_an_epoch_goes_on_from_the_whole_one(monkeypatch):
    monkeypatch.setattr("d2l_rnn.engine.PATIENCE", 1e-9)  # a minibatch a call
    whole, parts, calls = Run.of(plan()), Run.of(plan()), []

    def check():
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt

    list(whole.go_on(5))
    with pytest.raises(KeyboardInterrupt):
        list(parts.go_on(5, check))
    assert 0 < len(parts.history) < 5
    list(parts.go_on(5))
    assert parts.history.perplexity == whole.history.perplexity


def test_a_run_is_that_of_plain_training():
    run = Run.of(plan(0.05))
    list(run.go_on(3))
    setting = run.plan.setting
    net = setting.model(len(run.text.vocab))
    minibatches = setting.minibatches(run.text.corpus)
    plain = list(training.train(net, minibatches, setting.lr, 3, setting.theta))
    assert run.history.perplexity == [record.perplexity for record in plain]


def test_the_model_of_a_run_is_that_of_its_last_whole_epoch():
    run, after = Run.of(plan()), []
    for _ in run.go_on(2):
        after.append([each.detach().clone() for each in parameters_of(run.net)])
    assert not torch.equal(after[0][0], after[1][0])
    assert torch.equal(after[1][0], parameters_of(run.net)[0])


def test_a_curve_is_its_columns_one_after_the_other():
    run = Run.of(plan())
    list(run.go_on(3))
    numbers = torch.frombuffer(bytearray(run.curve()), dtype=torch.float64)
    numbers = numbers.view(len(COLUMNS), 3)
    for name, column in zip(COLUMNS, numbers.tolist(), strict=True):
        told = getattr(run.history, name)
        assert column == told or all(map(math.isnan, [*column, *told]))


def test_what_diverged_does_not_go_on():
    run = Run.of(Plan(Setting(theta=None, lr=100, num_hiddens=64), "story"))
    list(run.go_on(50))
    assert run.has_diverged and run.is_done(1000)
    assert list(run.go_on(1000)) == []


def test_a_text_too_short_is_refused_before_anything_is_shown():
    with pytest.raises(ValueError, match="too large for the corpus"):
        Run.of(Plan(Setting(batch_size=128, num_steps=100), "story"))


def test_held_out_text_is_not_learned_from():
    text = training_runs.load("story", held_out=True)
    without = training_runs.load("story")
    assert torch.equal(text.corpus, without.corpus) and text.held_out is not None
    run = Run.of(Plan(Setting(num_hiddens=8), "story", held_out=True))
    plain = Run.of(plan())
    list(run.go_on(3)), list(plain.go_on(3))
    assert run.history.perplexity == plain.history.perplexity
    assert all(map(math.isfinite, run.history.held_out_perplexity))
    assert all(map(math.isnan, plain.history.held_out_perplexity))


def test_of_a_short_text_the_last_tenth_is_held_out():
    words = "an old text, and a short one. " * 100
    whole = training_runs.load("own", words)
    parts = training_runs.load("own", words, held_out=True)
    assert len(parts.corpus) == round(0.9 * len(whole.corpus))
    assert len(parts.held_out.corpus) == len(whole.corpus) - len(parts.corpus)


@pytest.mark.parametrize("length", [1, 12, 120, 1005])
def test_to_hold_a_part_out_a_text_must_be_long_enough(length):
    told = f"own_text must have at least 1,006 .* held_out=True.* got {length:,}:"
    with pytest.raises(ValueError, match=told):
        training_runs.load("own", "x" * length + "\n\n", held_out=True)
    enough = training_runs.load("own", "x" * 1006, held_out=True)
    assert len([*enough.held_out.in_order()]) == 1


# The runs that are kept


def shown(runs, *thetas):
    made = [Run.of(plan(theta)) for theta in thetas]
    for run in made:
        runs.show(run)
    return made


def test_numbers_are_given_again_once_they_are_free():
    runs = Runs()
    first, second, third = shown(runs, 1, 2, 5)
    assert [run.number for run in (first, second, third)] == [0, 1, 2]
    del runs[second.plan]
    (fourth,) = shown(runs, 10)
    assert fourth.number == 1
    again = Run.of(first.plan)
    runs.show(again)
    assert again.number == 0 and runs[first.plan] is again


def test_what_is_forgotten_and_what_is_kept():
    runs = Runs()
    first, second, _ = shown(runs, 1, 2, 5)
    runs.ahead[plan(10)] = Run.of(plan(10))
    assert runs.find(plan(10)) and runs.find(second.plan) is second
    runs.forget(keep=[first.number])
    assert [*runs.values()] == [first] and runs.find(plan(10)) is None


def test_of_the_runs_passed_over_the_oldest_are_forgotten():
    runs = Runs()
    made = shown(runs, *(each / 10 for each in range(1, 20)))
    for run in made[:-1]:
        runs.leave(run)
    assert [*runs.values()] == made[-1 - Runs.MOST_LEFT :]
    runs.show(made[-2])
    assert not made[-2].was_left


def test_runs_side_by_side_are_the_runs_by_themselves():
    together = [Run.of(plan(theta)) for theta in (0.05, 1, None)]
    training_runs.train_side_by_side(together, 3, lambda: None)
    for run in together:
        alone = Run.of(run.plan)
        list(alone.go_on(3))
        assert run.history.perplexity == alone.history.perplexity
        list(run.go_on(4)), list(alone.go_on(4))
        assert run.history.perplexity == alone.history.perplexity


# In words


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
@pytest.mark.parametrize(
    ("theta", "advice"), [(1, "a smaller theta"), (None, "clip the gradient")]
)
def test_what_went_wrong(perplexities, words, theta, advice):
    run = Run.of(plan(theta))
    for epoch, each in enumerate(perplexities, start=1):
        run.add(Progress(epoch, each, 1e5, 1.0, 0.5, math.isinf(each)))
    told = trouble(run)
    assert told.partition(":")[0] == words and (advice in told or not words)


def test_the_last_epoch_in_words():
    run = Run.of(plan())
    assert describe(run, 100) == ""
    run.add(Progress(1, 20.123, 1e5, 0.5, 0.25, held_out_perplexity=21.5))
    assert describe(run, 100) == (
        "epoch <b>1</b> of 100 · perplexity <b>20.1</b> (held out <b>21.5</b>) · "
        "100,000 tokens/s · gradient norm 0.5 · 25% of the steps clipped"
    )


@pytest.mark.parametrize("changed", [{}, {"sampling": "random"}, {"text": "own"}])
def test_a_plan_leads_back_to_the_sliders(changed):
    values = {
        "theta": None, "num_hiddens": 8, "lr": 0.5, "num_steps": 9, "batch_size": 3,
        "seed": 1, "sampling": "sequential", "cell": "lstm", "text": "story",
        "own_text": "", "held_out": False, **changed,
    }  # fmt: skip
    assert Plan.of(values).values == values
