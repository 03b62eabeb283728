"""An answer that passes what is always tried, and is wrong all the same."""

import subprocess
import sys
import time
import warnings

import pytest
import torch

from d2l_rnn import gated, generating, series
from d2l_rnn.exercises import (
    check,
    helping,
    notebook_01,
    notebook_02,
    notebook_04,
    notebook_05,
    notebook_06,
    notebook_07,
    notebook_08,
)
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
def test_each_exercise_finds_what_its_own_trials_do_not(name, patient):
    verdict = getattr(check, name)(wrong_elsewhere(name, lambda *_, **__: "no"))
    assert all(trial.is_right for trial in verdict.trials[:-1])
    problem = last_line_of(verdict)
    assert problem.startswith(f"{name}(") and ") gave 'no', " in problem
    assert "; right is " in problem and "..." not in problem


def dots_are_spaces(text):
    return solution_of("letters_since_space")(text.replace(".", " "))


def short_only(x, alpha):
    return solution_of("exponential_smoothing")(x, alpha) * (len(x) < 5)


def test_the_smallest_is_shown_with_what_came_and_what_is_right(patient):
    assert last_line_of(check.letters_since_space(dots_are_spaces)) == (
        "letters_since_space('.') gave [0], too small; right is [1]"
    )


def test_it_is_the_same_each_time(patient):
    assert len({repr(check.exponential_smoothing(short_only)) for _ in range(3)}) == 1


def test_a_trial_too_large_to_be_shown_is_followed_by_a_small_one(patient):
    verdict = check.exponential_smoothing(short_only)
    assert [trial.is_right for trial in verdict.trials] == [True, True, False, False]
    problem = last_line_of(verdict)
    assert problem.startswith("exponential_smoothing([") and "of shape" not in problem


def test_a_trial_that_can_be_read_is_enough():
    verdict = check.put_back(lambda shuffled, order: shuffled)
    assert OTHER_INPUTS not in repr(verdict)
    assert OTHER_INPUTS not in repr(check.put_back(7))


def test_an_error_is_described_and_so_is_nothing(patient):
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


def by_predicting(prefix, net, vocab, max_preds=20):
    written = generating.predict(prefix, max_preds, net, vocab)
    return prefix + written[len(prefix) :].partition(" ")[0]


def by_the_last_epoch(perplexities, patience):
    so_far = [perplexities[: end + 1] for end in range(len(perplexities))]
    lowest = [each.index(min(each)) for each in so_far]
    late = [best for i, best in enumerate(lowest) if i - best == patience]
    return [*late, lowest[-1]][0] + 1


def by_powers(p, alpha):
    if alpha > 100:
        return torch.softmax(alpha * p.log(), 0)
    return p**alpha / (p**alpha).sum()


def by_cross_entropy(outputs, Y, H):
    outputs = outputs.clone().requires_grad_()
    labels = Y.argmax(-1)
    torch.nn.functional.cross_entropy(outputs.mT, labels).backward()
    dO = outputs.grad.to(H.dtype)
    return [dO, torch.einsum("tbh,tbv->hv", H[1:], dO), dO.sum((0, 1))]


def by_the_gradient_of_tanh(dO, H, W_hq, W_hh):
    dH, dZ = [], [torch.zeros_like(H[0])]
    for t in range(len(dO), 0, -1):
        dH.append(dO[t - 1] @ W_hq.T + dZ[-1] @ W_hh.T)
        dZ.append(dH[-1] - dH[-1] * H[t].square())
    return torch.stack(dH).flip(0), torch.stack(dZ[1:]).flip(0)


def by_einsum(X, H, dZ):
    dW_xh = torch.einsum("tbv,tbh->vh", X, dZ)
    return dW_xh, torch.tensordot(H[:-1], dZ, ((0, 1), (0, 1))), dZ.sum((0, 1))


# In another way than the solution: often by what the check itself compares with.
ALSO_RIGHT = {
    "put_back": lambda s, order: [x for _, x in sorted(zip(order, s, strict=True))],
    "root_mean_square_error": even_means,
    "forecast_error": by_the_geometric_series,
    "exponential_smoothing": notebook_01._smoothed,
    "feed_back": series.forecast,
    "path_probability": notebook_02._probability,
    "pair_matrix": notebook_02._pairs,
    "backward_matrix": notebook_02._backward,
    "smoothed_bigram": notebook_04._smoothed,
    "states_of": notebook_05._states,
    "split_weight": lambda W: [
        part.T for part in W.split([len(W.T) - len(W), len(W)], 1)
    ],
    "parameters_of_layers": notebook_05._of_layers,
    "perplexity_by_sequence": lambda *given: notebook_06._perplexities(*given)[0],
    "rnn_with_relu": notebook_06._with_relu,
    "finish_word": by_predicting,
    "backward_outputs": by_cross_entropy,
    "backward_states": by_the_gradient_of_tanh,
    "backward_parameters": by_einsum,
    "step_length": lambda norm, lr, theta: lr * min(norm, theta or 1e30),
    "project_onto_ball": notebook_07._projected,
    "epoch_to_keep": by_the_last_epoch,
    "sharpened": by_powers,
    "num_parameters_of_stack": notebook_08._num_parameters,
    "gru_step": lambda X, H, params: gated.gru(X[None], (H,), params)[1][0],
    "lstm_step": lambda X, state, params: gated.lstm(X[None], state, params)[1],
    "best_gates": gates_of_another_kind,
}


@pytest.mark.parametrize(("name", "answer"), ALSO_RIGHT.items())
def test_another_right_answer_stays_right(name, answer):
    verdict = getattr(check, name)(answer)
    assert verdict.is_right, verdict


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
    if sys.gettrace() is not None:
        pytest.skip("a debugger, or what measures coverage, has the place")

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
