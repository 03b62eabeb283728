"""The numbers of panels are float32 on the CPU, whatever PyTorch's defaults are."""

import threading

import pytest
import torch

from d2l_rnn.explorers import autoregression, gradient_flow, training_runs, unrolled
from d2l_rnn.explorers.precision import Single
from d2l_rnn.explorers.training_runs import Plan, Run
from d2l_rnn.sweeping import Setting


def errors():
    return autoregression.experiment(3).errors


def flow():
    return gradient_flow.flow_of(1.5, 10, "last", 8, 0).gradient


def network():
    params = unrolled.trained(4, 1).params
    return torch.cat([param.detach().flatten() for param in params])


def curves():
    """Those of a run, and of runs that are trained ahead, for two kinds of cells."""
    runs = [
        Run.of(Plan(Setting(num_hiddens=8, cell=cell, theta=theta), "story"))
        for cell in ("scratch", "gru")
        for theta in (1, 2)
    ]
    for alone, ahead in (runs[:2], runs[2:]):
        [*alone.go_on(2)]
        training_runs.train_side_by_side([ahead], 2, lambda: None)
    found = [run.history.perplexity for run in runs]
    return torch.tensor(found, dtype=torch.float64, device="cpu")


@pytest.fixture
def defaults():
    """What is set in the test is set back."""
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    forget()


def forget():
    """Nothing is kept of what has been computed."""
    for function in (
        autoregression.experiment, gradient_flow.flow_of, gradient_flow.sequences,
        training_runs.load, unrolled.corpus, unrolled.trained,
    ):  # fmt: skip
        function.cache_clear()


@pytest.mark.parametrize(
    "change",
    [
        lambda: torch.set_default_dtype(torch.float64),
        lambda: torch.set_default_dtype(torch.bfloat16),
        lambda: torch.set_default_device("meta"),
    ],
    ids=["float64", "bfloat16", "meta"],
)
@pytest.mark.parametrize("numbers", [errors, flow, network, curves])
def test_they_do_not_depend_on_a_default(numbers, change, defaults):
    expected = numbers()
    forget()
    change()
    found = numbers()
    assert found.dtype == expected.dtype and torch.equal(found, expected)


def test_the_defaults_of_other_threads_are_left_alone(defaults):
    found = []
    other = threading.Thread(target=lambda: found.append(torch.zeros(1).dtype))
    torch.set_default_dtype(torch.float64)
    with Single():
        assert torch.zeros(1).dtype == torch.float32
        assert torch.zeros(1, dtype=torch.int64).dtype == torch.int64
        other.start()
        other.join()
    assert found == [torch.float64]
