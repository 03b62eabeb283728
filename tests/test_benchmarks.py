"""The benchmarks race the contenders they name, and save the data of their tables."""

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import _contenders
import _originals
import _training_panel
import explorers
import import_time
import pytest
import speed
import torch
from _panel import Picture, to_and_fro

import d2l_rnn
from d2l_rnn import batching, rnn, training
from d2l_rnn.parameters import parameters_of

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
    with pytest.raises(_originals.Unavailable, match="D2L_RNN_NOTES"):
        _originals.read_notes()


def test_a_missing_package_of_the_wheel_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(_originals, "IMPORTED", ("no_such_package",))
    with pytest.raises(_originals.Unavailable, match="no_such_package"):
        _originals.download_wheel(tmp_path)


def start(script, *args, **environment):
    """Run a benchmark to its end, on one thread: its models are small."""
    return subprocess.run(
        [sys.executable, BENCHMARKS / f"{script}.py", *map(str, args)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


def run(script, *args, **environment):
    """Run a benchmark, small, and return what it prints."""
    done = start(script, *args, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kept(folder, name):
    """What a benchmark has written into a folder."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def test_where_pip_finds_no_wheel_our_own_loop_stands_in(monkeypatch):
    monkeypatch.setattr(_originals, "read_notes", lambda: MARKDOWN)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    compared_with, makers = _contenders.others()
    assert compared_with.startswith("our own plain loop over autograd (")
    assert "d2l==0.17.6" in compared_with
    assert list(makers) == ["plain_loop", "plain_nn_rnn"]


def test_our_own_loop_is_not_called_the_notes_code(time_machine, tmp_path):
    args = ["--rounds", 1, "--sizes", 8, "--results", tmp_path]
    args += ["--without", "jax", "torch_compile"]
    out = run("speed", *args, D2L_RNN_NOTES="nowhere")
    assert [path.name for path in tmp_path.iterdir()] == ["speed_plain_loop.json"]
    result = kept(tmp_path, "speed_plain_loop")
    compared_with = result["compared_with"]
    assert compared_with.startswith("our own plain loop over autograd (the notes are ")
    assert f"Compared with {compared_with}." in out
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
    minibatches = list(batching.SequenceLoader(corpus, _contenders.BATCH_SIZE, 2))
    curves = []
    for epochs in (by_plain_loop, by_training):
        seed()
        curves.append(epochs(rnn.make_model(cell, len(vocab), 8), minibatches))
    assert curves[0] == pytest.approx(curves[1], rel=1e-5)
    assert curves[0][-1] < curves[0][0]


def by_plain_loop(net, minibatches):
    optimizer = torch.optim.SGD(parameters_of(net), lr=1)
    return [_contenders.plain_epoch(net, minibatches, optimizer) for _ in range(5)]


def by_training(net, minibatches):
    run = training.train(net, minibatches, lr=1, num_epochs=5)
    return [progress.perplexity for progress in run]


def test_a_result_says_on_what_machine_and_with_which_arguments(time_machine, tmp_path):
    run("agreement", "--sizes", 4, "--results", tmp_path)
    result = kept(tmp_path, "agreement")
    assert result["arguments"] == {"sizes": [4]}
    assert result["machine"]["torch"] == torch.__version__
    assert result["machine"]["d2l_rnn"] == d2l_rnn.__version__
    assert {"processor", "threads", "python"} <= set(result["machine"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_there_is_an_error_at_once(time_machine, tmp_path):
    done = start("speed", "--device", "cuda", "--results", tmp_path)
    assert done.returncode != 0
    assert done.stderr == "--device cuda: PyTorch finds no GPU here\n"
    assert not list(tmp_path.iterdir())


def test_a_device_of_another_kind_is_refused():
    done = start("speed", "--device", "meta")
    assert done.returncode != 0
    assert "invalid choice: 'meta' (choose from" in done.stderr


def test_what_cannot_run_on_a_gpu_is_left_out_and_named():
    for_cpu = speed.on_a_quiet_machine({"notes": None}, "cpu", without=["jax"])
    assert {"d2l_rnn", "one_thread", "bptt", "notes"} <= set(for_cpu)
    for_gpu = speed.on_a_quiet_machine({"notes": None}, "cuda", without=[])
    assert {"d2l_rnn", "notes"} <= set(for_gpu) <= {"d2l_rnn", "notes", "torch_compile"}
    assert "the engine" in speed.NOT_ON_A_GPU and "JAX" in speed.NOT_ON_A_GPU


def test_words_gates_and_writing(time_machine, tmp_path):
    args = ["--rounds", 1, "--sizes", 8, "--writers", 8, "--results", tmp_path]
    out = run("models", *args)
    result = kept(tmp_path, "models")
    assert result["vocab_size"] == {"char": 28, "word": 4580}
    pairs = {
        "words": [("words", "bptt"), ("words", "rnn")],
        "gated": [("scratch_gru", "gru"), ("scratch_lstm", "lstm")],
        "writing": [
            ("scratch", "rnn"),
            ("scratch_gru", "gru"),
            ("scratch_lstm", "lstm"),
        ],
    }
    for name, compared in pairs.items():
        (row,) = result[name]
        speeds = row["tokens_per_second"]
        for ours, other in compared:
            assert f"{speeds[ours]:,.0f}" in out
            assert f"| {speeds[ours] / speeds[other]:.2f}× |" in out


@pytest.mark.parametrize("cell", _contenders.GATED)
def test_models_that_are_compared_have_the_same_shapes(cell):
    ours = _contenders.model(cell, vocab_size=10, num_hiddens=4)
    other = _contenders.model(cell.removeprefix("scratch_"), 10, 4)
    sizes = [sum(p.numel() for p in parameters_of(net)) for net in (ours, other)]
    gates = {"scratch_gru": 3, "scratch_lstm": 4}[cell]
    assert sizes[1] - sizes[0] == 4 * gates  # the second bias of a torch.nn layer


def test_every_module_is_among_the_imports_that_are_timed():
    timed = import_time.imports()["all_modules"].removeprefix("from d2l_rnn import ")
    folder = Path(d2l_rnn.__file__).parent
    found = {path.stem for path in folder.glob("[a-z]*.py")}
    found |= {path.parent.name for path in folder.glob("*/__init__.py")}
    assert set(timed.split(", ")) == found


def test_sweep_and_its_table(time_machine, tmp_path):
    out = run("sweep", "--rounds", 1, "--sizes", 8, "--results", tmp_path)
    (row,) = kept(tmp_path, "sweep")["rows"]
    times = row["seconds_an_epoch"]
    assert f"| {times['sweep'] / times['run']:.2f}× |" in out


def test_large_texts_and_their_table(time_machine, tmp_path):
    out = run("texts", "--sizes", 1, "--results", tmp_path)
    rows = kept(tmp_path, "texts")["rows"]
    assert len(rows) == 4 and all(row["num_tokens"] > 10**5 for row in rows)
    for row in rows:
        assert f"| {row['seconds']:.1f} s | {row['bytes'] / 1e6:,.0f} MB |" in out


def test_the_picture_of_the_gradients(time_machine, tmp_path):
    run("gradient_flow", "--results", tmp_path)
    drawn = (tmp_path / "gradient_flow.png").read_bytes()
    assert drawn.startswith(b"\x89PNG")


PANELS = {
    "machine": {"processor": "P", "threads": 2, "python": "3.11", "torch": "2.13"},
    "idle_ms": [30, 20, 70],
    "busy_ms": [40],
    "curve_ms": [300, 310],
    "small_curve_ms": [150],
    "seen_ms": [20],
    "gap_ms": [10, 30],
    "twenty_moves_s": 2.1,
    "starts": 6,
    "is_the_last": True,
    "complaints": ["one"],
    "kernel_alone": [[1, 1.02], [1, 1.0], [1, 1.5]],
    "seconds_alone_and_drawn": [[2, 2.5]],
    "sweep": {"curves": 9, "seconds": 2},
    "slow": {"pictures": 60, "behind_s": 0},
    "drags": {"Vocabulary": {"pictures": 60, "seconds": 5, "longest_freeze_s": 0.25}},
}


def pictures(*each):
    return [Picture(at, "seed 1", drawn, read) for at, drawn, read in each]


def test_the_first_point_and_the_whole_curve_are_told_apart():
    seen = pictures((10, 0, 0), (20, 1, 1), (30, 60, 60), (40, 100, 100))
    assert _training_panel.first_point(seen) == 20
    assert _training_panel.whole_curve(seen) == 40


def test_a_readout_is_behind_until_it_tells_the_epoch_of_the_curve():
    at_once = pictures((0, 1, 1), (1000, 2, 2), (2000, 3, 3))
    assert _training_panel.behind(at_once) == 0
    late = pictures((0, 1, 1), (1000, 2, 1), (1500, 3, 1), (4000, 4, 4))
    assert _training_panel.behind(late) == 3
    never = pictures((0, 1, 1), (1000, 2, 1), (1500, 2, 1))
    assert _training_panel.behind(never) == 0.5


def test_a_hand_turns_round_at_both_ends():
    assert [to_and_fro(way) for way in (0, 0.25, 1, 1.25, 2, 2.5)] == [
        0, 0.25, 1, 0.75, 0, 0.5,
    ]  # fmt: skip


def test_the_table_of_the_panels():
    table = explorers.table(json.loads(json.dumps(PANELS)))
    for row in (
        "a setting seen before is back | 25 ms / 60 ms | 20 ms / 20 ms",
        "the same, H = 64 | 350 ms | 305 ms / 310 ms",
        "training slowed by drawing: the kernel's part / all | 3% / 10% | 2% / 25%",
        "whole curves a second while theta is dragged | 4 | 4.5",
        "redraws a second while training | 45 | 50",
        "`Vocabulary` dragged: pictures a second / longest freeze | 6 / 0.4 s "
        "| 12.0 / 0.25 s",
        "20 moves in 2.1 s | 8 runs, the last left | 6 runs, the last left, 1 errors",
    ):
        assert f"| {row} |" in table
