"""What the README shows is there, and its figures are the measured ones."""

import re
from pathlib import Path

import pytest

import d2l_rnn
from d2l_rnn import explorers

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_what_it_links_to_is_there():
    links = re.findall(r"\]\(([^)]+)\)", README)
    local = [link for link in links if not link.startswith("https://")]
    assert len(local) >= 12
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_the_badge_points_at_this_version():
    badge = r"mybinder\.org/v2/gh/[^/]+/d2l_rnn/v([^)]+)\)"
    assert re.findall(badge, README) == [d2l_rnn.__version__]
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{d2l_rnn.__version__}"' in pyproject


def test_the_map_has_every_notebook_in_order():
    names = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    rows = re.findall(r"^\| \d\d \|.*\(notebooks/([^)]+)\)", README, re.MULTILINE)
    assert rows == names


@pytest.mark.parametrize(
    "name",
    ["agreement", "binder", "book_setting", "speed", "sweep", "explorers", "memory"],
)
def test_the_tables_are_the_ones_that_were_measured(name):
    measured = ROOT / "benchmarks" / "results" / f"{name}.md"
    assert measured.read_text(encoding="utf-8").strip() in README


def test_the_lines_beside_the_derivation_are_those_of_the_code():
    rows = re.findall(r"^\| .*dL/d.* \| `([^`]+)` \|$", README, re.MULTILINE)
    assert len(rows) == 5
    code = (ROOT / "d2l_rnn" / "bptt.py").read_text(encoding="utf-8")
    assert [line for line in rows if line not in code] == []


def test_every_panel_is_told_of():
    rows = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)
    assert sorted(rows) == sorted(explorers._MODULES)


def test_the_example_of_a_panel_runs(capsys):
    pytest.importorskip("ipywidgets")
    (example,) = re.findall(
        r"```python\n(from d2l_rnn import exp.*?)```", README, re.DOTALL
    )
    quick = example.replace("num_hiddens=32", "num_hiddens=8, num_epochs=2")
    exec(compile(quick, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("epoch 2: perplexity")


def test_the_example_runs(capsys):
    (example,) = re.findall(r"```python\n(import torch.*?)```", README, re.DOTALL)
    assert "num_epochs=100" in example and "num_hiddens=256" in example
    quick = example.replace("num_epochs=100", "num_epochs=1").replace("256", "8")
    exec(compile(quick, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("epoch 1: perplexity")
    assert lines[1].startswith("time traveller")
