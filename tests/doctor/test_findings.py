"""How a finding is printed, and the commands in it."""

import subprocess
import sys

from stand_ins import needs_posix, script

from d2l_rnn.doctor import environment
from d2l_rnn.doctor.findings import COLUMNS, trouble, well


def test_a_finding_fits_into_the_width_and_its_command_stays_in_one_piece():
    command = "python -m pip install " + "package " * 20
    first, *rest, last = str(trouble("word " * 50, command)).splitlines()
    assert first.startswith("FIX   word") and len(first) <= COLUMNS
    assert rest and all(line.startswith("      word") for line in rest)
    assert max(map(len, rest)) <= COLUMNS
    assert last.strip() == command.strip()
    assert str(well("fine")) == "ok    fine"


def test_trouble_without_a_command_does_not_end_in_a_colon():
    assert str(trouble("broken:")) == "FIX   broken"


@needs_posix
def test_a_command_can_be_typed_as_it_stands(monkeypatch, tmp_path):
    program = script(tmp_path / "a b" / "bin" / "python", 'printf "%s\\n" "$@"')
    monkeypatch.setattr(sys, "executable", str(program))
    for folder in (tmp_path, tmp_path.parent):
        monkeypatch.chdir(folder)
        typed = environment.pip_install("numpy>=2")
        printed = subprocess.check_output(typed, shell=True, cwd=folder, text=True)
        assert printed.split() == ["-m", "pip", "install", "numpy>=2"]
    assert environment.python().startswith("'" + tmp_path.name)  # the shorter path
