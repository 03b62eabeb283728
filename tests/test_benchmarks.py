"""Whom the benchmarks compare with is who they say it is, and their scripts run."""

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import _originals
import pytest
import speed
import torch

from d2l_rnn import batching, rnn, training

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"

MARKDOWN = """
A value, then a program whose first statements would fail, then the rest of it.

```py
['a', 'b']
```

```py
from nowhere import nothing
print(X)
def twice(x):
  return d2l.add(x, x)
```

```py
class Thrice:
  def __call__(self, x):
    return d2l.add(x, twice(x))
```
"""


def test_definitions_are_taken_from_markdown_and_nothing_else_runs():
    d2l = types.SimpleNamespace(add=lambda a, b: a + b)
    code = _originals.notes_code(MARKDOWN, d2l)
    assert code.twice(2) == 4
    assert code.Thrice()(2) == 6
    assert not hasattr(code, "nothing")


def test_missing_notes_are_said_to_be_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("D2L_RNN_NOTES", str(tmp_path / "none.md"))
    with pytest.raises(_originals.NotToBeHad, match="D2L_RNN_NOTES"):
        _originals.read_notes()


def test_a_missing_package_of_the_wheel_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(_originals, "IMPORTED", ("no_such_package",))
    with pytest.raises(_originals.NotToBeHad, match="no_such_package"):
        _originals.download_wheel(tmp_path)


def run(script, *args, **environment):
    """Run a benchmark, small, and return what it prints."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / f"{script}.py", *map(str, args)],
        env={**os.environ, **environment},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_where_pip_finds_no_wheel_our_own_loop_stands_in(monkeypatch):
    monkeypatch.setattr(_originals, "read_notes", lambda: MARKDOWN)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    in_words, makers = speed.others()
    assert in_words.startswith("our own plain loop over autograd (")
    assert "d2l==0.17.6" in in_words
    assert list(makers) == ["plain_loop", "plain_nn_rnn"]


def test_our_own_loop_is_not_called_the_notes_code(time_machine, tmp_path):
    args = ["--rounds", 1, "--sizes", 8, "--results", tmp_path]
    args += ["--without", "jax", "torch_compile"]
    out = run("speed", *args, D2L_RNN_NOTES="nowhere")
    written = tmp_path / "speed_plain_loop.json"
    assert sorted(tmp_path.iterdir()) == [written, written.with_suffix(".md")]
    result = json.loads(written.read_text(encoding="utf-8"))
    in_words = result["compared_with"]
    assert in_words.startswith("our own plain loop over autograd (the notes are ")
    assert f"Compared with {in_words}." in out
    assert "| over a plain loop |" in out and "notes' code" not in out
    (row,) = result["rows"]
    speeds = row["tokens_per_second"]
    ours = {"d2l_rnn", "one_thread", "bptt"}
    assert set(speeds) == ours | {"plain_loop", "plain_nn_rnn"}
    assert all(speed > 0 for speed in speeds.values())
    assert f"| {speeds['d2l_rnn'] / speeds['plain_loop']:.2f}× |" in out


@pytest.mark.parametrize("cell", ["scratch", "rnn"])
def test_the_plain_loop_trains_as_we_do(cell, vocab, seed):
    """The same perplexities as `training.train`, which clips and steps by itself."""
    corpus = torch.arange(200) ** 2 % len(vocab)
    minibatches = list(batching.SequenceLoader(corpus, speed.BATCH_SIZE, 2))
    curves = []
    for epochs in (by_plain_loop, by_training):
        seed()
        curves.append(epochs(rnn.make_model(cell, len(vocab), 8), minibatches))
    assert curves[0] == pytest.approx(curves[1], rel=1e-5)
    assert curves[0][-1] < curves[0][0]


def by_plain_loop(net, minibatches):
    optimizer = torch.optim.SGD(rnn.parameters_of(net), lr=1)
    return [speed.plain_epoch(net, minibatches, optimizer) for _ in range(5)]


def by_training(net, minibatches):
    run = training.train(net, minibatches, lr=1, num_epochs=5)
    return [progress.perplexity for progress in run]


def test_the_table_is_that_of_the_committed_figures():
    committed = BENCHMARKS / "results" / "speed.json"
    result = json.loads(committed.read_text(encoding="utf-8"))
    written = committed.with_suffix(".md").read_text(encoding="utf-8")
    assert speed.table(result) == written


def test_sweep_and_its_table(time_machine, tmp_path):
    out = run("sweep", "--rounds", 1, "--sizes", 8, "--results", tmp_path)
    result = json.loads((tmp_path / "sweep.json").read_text(encoding="utf-8"))
    (row,) = result["rows"]
    times = row["seconds_an_epoch"]
    assert f"| {times['sweep'] / times['run']:.2f}× |" in out


def test_the_picture_of_the_gradients(time_machine, tmp_path):
    run("gradient_flow", "--results", tmp_path)
    drawn = (tmp_path / "gradient_flow.png").read_bytes()
    assert drawn.startswith(b"\x89PNG")
