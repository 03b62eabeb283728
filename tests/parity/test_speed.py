"""The benchmark of speed races with the originals where they are available."""

import json
import os
import subprocess
import sys
from pathlib import Path

import _originals

SPEED = Path(_originals.__file__).with_name("speed.py")


def test_speed_beside_the_originals(wheel, notes, time_machine, tmp_path):
    done = subprocess.run(
        [sys.executable, SPEED, "--rounds", "1", "--sizes", "8", "--results", tmp_path,
         "--without", "jax", "torch_compile"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PIP_NO_INDEX": "1",
             "PIP_FIND_LINKS": str(wheel.parent)},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))
    assert result["compared_with"].startswith("the notes' code as it stands")
    assert {"processor", "threads", "python", "torch"} <= set(result["machine"])
    (row,) = result["rows"]
    speeds = row["tokens_per_second"]
    assert row["num_hiddens"] == 8
    assert set(speeds) == {"d2l_rnn", "one_thread", "bptt", "notes", "nn_rnn"}
    assert all(speed > 0 for speed in speeds.values())
    assert f"| 8 | {speeds['d2l_rnn']:,.0f} |" in done.stdout
    assert f"| {speeds['d2l_rnn'] / speeds['notes']:.2f}× |" in done.stdout
