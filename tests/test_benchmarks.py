"""What the benchmarks compare with is what they say, and their scripts run."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize("definition", [
    "def get_params", "def init_rnn_state", "def rnn", "class RNNModelScratch",
    "def train_epoch_ch8", "def grad_clipping",
])  # fmt: skip
def test_the_notes_code_is_compared_with_to_the_letter(definition, notes):
    (block,) = re.findall(rf"^{definition}\b.*?(?=^\S|\Z)", notes, re.M | re.S)
    assert len(block.splitlines()) > 1
    compared = (BENCHMARKS / "_book_code.py").read_text(encoding="utf-8")
    assert block.strip() in compared


def run(script, *args):
    """Run a benchmark, small, and return its JSON and its table."""
    command = [sys.executable, BENCHMARKS / f"{script}.py", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_speed_and_its_table(time_machine, tmp_path):
    out = run("speed", "--rounds", 1, "--sizes", 8, "--results", tmp_path)
    result = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))
    assert {"processor", "threads", "python", "torch"} <= set(result["machine"])
    (row,) = result["rows"]
    assert row["num_hiddens"] == 8
    speeds = row["tokens_per_second"]
    assert set(speeds) == {"d2l_rnn", "notes", "nn_rnn", "bound"}
    assert all(speed > 0 for speed in speeds.values())
    assert f"| 8 | {speeds['d2l_rnn']:,.0f} |" in out
    assert f"| {speeds['d2l_rnn'] / speeds['notes']:.2f}× |" in out


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
