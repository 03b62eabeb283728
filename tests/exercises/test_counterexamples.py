"""An answer that passes what is always tried, and is wrong all the same."""

import subprocess
import sys
import time
import warnings

import pytest
import torch

from d2l_rnn.exercises import check, helping
from d2l_rnn.exercises.checking import OTHER_INPUTS
from d2l_rnn.exercises.comparing import in_full

NAMES = list(vars(check))


def solution_of(name):
    return getattr(helping.beside("solutions", getattr(check, name).notebook), name)


def wrong_elsewhere(name, wrong):
    """The solution where the fixed trials call it, and `wrong` anywhere else."""
    right, known = solution_of(name), set()

    def noting(*args, **kwargs):
        known.add(in_full([args, kwargs]))
        return right(*args, **kwargs)

    for _ in getattr(check, name)._trials(noting):
        pass

    def answer(*args, **kwargs):
        if in_full([args, kwargs]) in known:
            return right(*args, **kwargs)
        return wrong(*args, **kwargs)

    return answer


def last_line_of(verdict):
    """What is said of the counterexample."""
    trial = verdict.trials[-1]
    assert trial.what == OTHER_INPUTS and not verdict.is_right
    return trial.problem


@pytest.mark.parametrize("name", NAMES)
def test_each_exercise_finds_what_its_own_trials_do_not(name):
    verdict = getattr(check, name)(wrong_elsewhere(name, lambda *_, **__: "no"))
    assert all(trial.is_right for trial in verdict.trials[:-1])
    problem = last_line_of(verdict)
    assert problem.startswith(f"{name}(") and ") gave 'no', " in problem
    assert "; right is " in problem and "..." not in problem


def dots_are_spaces(text):
    return solution_of("letters_since_space")(text.replace(".", " "))


def short_only(x, alpha):
    return solution_of("exponential_smoothing")(x, alpha) * (len(x) < 5)


def test_the_smallest_is_shown_with_what_came_and_what_is_right():
    assert last_line_of(check.letters_since_space(dots_are_spaces)) == (
        "letters_since_space('.') gave [0], too small; right is [1]"
    )


def test_it_is_the_same_each_time():
    assert len({repr(check.exponential_smoothing(short_only)) for _ in range(3)}) == 1


def test_a_trial_too_large_to_be_shown_is_followed_by_a_small_one():
    verdict = check.exponential_smoothing(short_only)
    assert [trial.is_right for trial in verdict.trials] == [True, True, False, False]
    problem = last_line_of(verdict)
    assert problem.startswith("exponential_smoothing([") and "of shape" not in problem


def test_a_trial_that_can_be_read_is_enough():
    verdict = check.put_back(lambda shuffled, order: shuffled)
    assert OTHER_INPUTS not in repr(verdict)
    assert OTHER_INPUTS not in repr(check.put_back(7))


def test_an_error_is_described_and_so_is_nothing():
    def breaks(text):
        return dots_are_spaces(text) if "." not in text else 1 / 0

    problem = last_line_of(check.letters_since_space(breaks))
    assert problem.startswith("letters_since_space('.') raised ZeroDivisionError")
    assert problem.endswith("; right is [1]")
    nothing = wrong_elsewhere("step_length", lambda *_: None)
    assert "gave nothing; right is" in last_line_of(check.step_length(nothing))


def even_means(predictions, observed):
    squares = [(p - x) ** 2 for p, x in zip(predictions, observed, strict=True)]
    return torch.tensor(squares).double().mean().sqrt()


def gates_of_another_kind(num_steps, t):
    """Right, too: before step t anything goes."""
    return [0.3] * (t - 1) + [0.0] + [1.0] * (num_steps - t), [0.0] * num_steps


def by_the_geometric_series(weight, noise, k):
    return noise * sum(weight ** (2 * i) for i in range(k)) ** 0.5


@pytest.mark.parametrize("name, answer", [
    ("root_mean_square_error", even_means), ("best_gates", gates_of_another_kind),
    ("forecast_error", by_the_geometric_series),
    ("step_length", lambda norm, lr, theta: lr * min(norm, theta or 1e30)),
    ("put_back", lambda s, order: [x for _, x in sorted(zip(order, s, strict=True))]),
    ("split_weight", lambda W: [p.T for p in W.split([len(W.T) - len(W), len(W)], 1)]),
    ("sharpened", lambda p, a: (p.double() ** a / (p.double() ** a).sum())
     if a < 100 else torch.softmax(a * p.log(), 0)),
])  # fmt: skip
def test_another_right_answer_stays_right(name, answer):
    assert getattr(check, name)(answer).is_right


def test_what_the_answer_prints_and_warns_of_is_not_repeated(capsys):
    def talks(text):
        if not text.isalpha() and text not in ("a bc", "  so"):
            print("here")
            warnings.warn("there", stacklevel=1)
        return solution_of("letters_since_space")(text)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert check.letters_since_space(talks).is_right
    assert capsys.readouterr().out.count("here") == 2  # of the fixed trials
    assert capsys.readouterr().err == ""


def test_a_slow_answer_is_not_tried_for_long():
    def slow(norm, lr, theta):
        time.sleep(0.05)
        return solution_of("step_length")(norm, lr, theta)

    check.step_length(solution_of("step_length"))  # Hypothesis is loaded
    start = time.monotonic()
    assert check.step_length(slow).is_right
    assert time.monotonic() - start < 2.5


def test_an_answer_that_never_ends_there_is_given_up():
    def endless(*args):
        n = 0
        while True:
            n += 1

    before = sys.gettrace()
    start = time.monotonic()
    verdict = check.step_length(wrong_elsewhere("step_length", endless))
    assert verdict.is_right and time.monotonic() - start < 4
    assert sys.gettrace() is before


def test_ctrl_c_ends_the_search():
    def interrupted(*args):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check.step_length(wrong_elsewhere("step_length", interrupted))


def test_no_file_is_left_and_nothing_is_printed(tmp_path):
    command = (
        "from d2l_rnn.exercises import check, solutions\n"
        "from d2l_rnn.exercises.solutions import notebook_03 as solved\n"
        "for name in ('clean_with_apostrophes', 'padded'):\n"
        "    print(check.__dict__[name](getattr(solved, name)).is_right)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", command], cwd=tmp_path,
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("True\nTrue\n", "")
    assert list(tmp_path.iterdir()) == []


def test_without_hypothesis_the_check_is_what_it_was(monkeypatch):
    for name in list(sys.modules):
        if name.startswith(("hypothesis", "d2l_rnn.exercises.inputs")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    assert check.letters_since_space(dots_are_spaces).is_right
    assert not check.put_back(lambda shuffled, order: shuffled).is_right
