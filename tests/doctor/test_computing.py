"""The doctor on PyTorch and the engine."""

import sys
import types
from importlib import metadata

import pytest
from stand_ins import findings, only

from d2l_rnn import engine
from d2l_rnn.doctor import computing
from d2l_rnn.doctor.environment import pip_install
from d2l_rnn.doctor.findings import well
from d2l_rnn.engine import compiled


def test_torch_works():
    finding = only(computing.check_torch())
    assert finding.is_well and metadata.version("torch") in finding.text


def test_torch_that_does_not_get_on_with_numpy(monkeypatch):
    def from_numpy(array):
        raise RuntimeError("Numpy is not available")

    monkeypatch.setattr("torch.from_numpy", from_numpy)
    finding = only(computing.check_torch())
    assert not finding.is_well and "Numpy is not available" in finding.text
    assert finding.command == pip_install("-U", "numpy", "torch")


def test_torch_that_cannot_be_imported(monkeypatch, versions):
    monkeypatch.setitem(sys.modules, "torch", None)
    finding = only(computing.check_torch())
    assert finding.command == pip_install("--force-reinstall", "torch")
    versions["torch"] = None
    finding = only(computing.check_torch())  # the check of packages says how
    assert (finding.is_well, finding.command, finding.text[-1]) == (False, "", ")")


@pytest.mark.parametrize(
    "cuda, has_gpu, computes, is_well, expected",
    [
        (None, False, False, True, "on the CPU"),
        ("12.8", False, False, True, "built for CUDA 12.8, but finds no GPU"),
        ("12.8", True, True, True, "on CUDA 12.8: a GPU"),
        ("12.8", True, False, False, "CUDA_VISIBLE_DEVICES to -1"),
    ],
)
def test_processor(cuda, has_gpu, computes, is_well, expected):
    import torch

    def ones(*shape, device):
        if not computes:
            raise RuntimeError("no kernel image is available")
        return torch.ones(*shape)

    fake = types.SimpleNamespace(
        __version__="2.13.0",
        ones=ones,
        version=types.SimpleNamespace(cuda=cuda),
        cuda=types.SimpleNamespace(
            is_available=lambda: has_gpu, get_device_name=lambda: "a GPU"
        ),
    )
    finding = computing.processor(fake)
    assert finding.is_well is is_well and expected in finding.text


def test_the_engine_is_tried():
    assert only(computing.check_engine()) == well(engine.describe())


def test_an_environment_without_engine_is_well_and_slower(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "BIN", tmp_path)
    finding = only(computing.check_engine())
    assert finding.is_well and "slower" in finding.text


@pytest.mark.skipif(engine.library() is None, reason="there is no engine here")
def test_an_engine_that_computes_something_else_is_found_out(monkeypatch):
    train = engine.Engine.__call__

    def wrong(self, *args):
        loss, state, [gradient] = train(self, *args)
        return loss, state, [1.001 * gradient]

    monkeypatch.setattr(engine.Engine, "__call__", wrong)
    finding = only(computing.check_engine())
    assert not finding.is_well and str(engine.file()) in finding.text


def test_without_torch_the_engine_is_not_looked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "d2l_rnn.engine")
    monkeypatch.delattr("d2l_rnn.engine")
    assert findings(computing.check_engine()) == []
