"""Whatever the READMEs name exists, and their numbers are the measured ones."""

import re
from pathlib import Path

import pytest
import readme

import d2l_rnn
from d2l_rnn import explorers

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MEASURED = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")

course = pytest.mark.course  # not for the examples, which run the package


@course
def test_it_is_read_in_five_minutes():
    assert len(README.splitlines()) <= 200


@course
@pytest.mark.parametrize("path", [*readme.PAGES, ROOT / "INSTALL.md"], ids=str)
def test_what_it_links_to_is_there(path):
    links = re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    local = [link.partition("#")[0] for link in links if "https://" not in link]
    assert local
    assert [link for link in local if not (path.parent / link).exists()] == []


@course
def test_the_badge_points_at_this_version():
    badge = r"mybinder\.org/v2/gh/[^/]+/d2l_rnn/v([^)]+)\)"
    assert re.findall(badge, README) == [d2l_rnn.__version__]
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{d2l_rnn.__version__}"' in pyproject


@course
def test_the_map_has_every_notebook_in_order():
    names = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    rows = re.findall(r"^\| \d\d \|.*\(notebooks/([^)]+)\)", README, re.MULTILINE)
    assert rows == names


@course
@pytest.mark.parametrize("path", readme.PAGES, ids=str)
def test_writing_the_tables_again_changes_nothing(path):
    page = path.read_text(encoding="utf-8")
    assert readme.rewritten(page) == page


@course
@pytest.mark.parametrize("path", readme.NOTEBOOKS, ids=lambda path: path.stem)
def test_nor_does_it_change_a_notebook(path):
    notebook = path.read_text(encoding="utf-8")
    assert readme.with_cells_rewritten(notebook) == notebook


@course
@pytest.mark.parametrize("block", readme.BLOCKS)
def test_every_table_stands_on_one_page(block):
    assert (README + MEASURED).count(f"<!-- {block} -->\n|") == 1


@course
def test_every_result_that_is_committed_is_told_of():
    results = {path.stem for path in (ROOT / "benchmarks" / "results").glob("*.json")}
    scripts = [*(ROOT / "benchmarks").glob("[a-z]*.py")]
    soaking = [*(ROOT / "benchmarks" / "soak").glob("[a-z]*.py")]
    assert results <= {p.stem for p in scripts} | {f"soak_{p.stem}" for p in soaking}
    names = [path.relative_to(ROOT).as_posix() for path in scripts + soaking]
    assert [name for name in names if name not in MEASURED] == []


@course
def test_only_what_is_between_the_markers_is_written():
    page = "Before.\n<!-- speed -->\nold\n<!-- /speed -->\n<!-- a remark --> After."
    table = readme.BLOCKS["speed"]()
    written = (
        f"Before.\n<!-- speed -->\n{table}\n<!-- /speed -->\n<!-- a remark --> After."
    )
    assert readme.rewritten(page) == written


@course
def test_a_block_that_nobody_makes_is_an_error():
    with pytest.raises(KeyError, match="no-such-table"):
        readme.rewritten("<!-- no-such-table -->\n<!-- /no-such-table -->")


@course
def test_the_map_has_every_module_in_order():
    rows = re.findall(
        r"^\| \[`(\w+)`\]\(d2l_rnn/\w+(?:\.py)?\) \|", README, re.MULTILINE
    )
    assert rows == list(d2l_rnn.MODULES)


@course
def test_what_one_may_look_for_is_where_the_readme_says():
    rows = re.findall(
        r"^\| .* \| `(\w+)` in \[.*\]\((.+)\) \| (.*)\|$", README, re.MULTILINE
    )
    assert len(rows) == 5
    engine = (ROOT / "d2l_rnn" / "engine" / "rnn.c").read_text(encoding="utf-8")
    for name, path, in_c in rows:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
        for function in re.findall(r"`(\w+)`", in_c):
            assert re.search(rf"^static \w+ {function}\(", engine, re.MULTILINE)


@course
def test_the_lines_beside_the_derivation_are_those_of_the_code():
    rows = re.findall(r"^\| .*dL/d.* \| `([^`]+)` \|$", README, re.MULTILINE)
    assert len(rows) == 5
    code = (ROOT / "d2l_rnn" / "bptt.py").read_text(encoding="utf-8")
    assert [line for line in rows if line not in code] == []


@course
def test_every_panel_is_told_of():
    rows = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)
    assert sorted(rows) == sorted(explorers.PANELS)


def test_the_example_of_a_panel_runs(capsys):
    pytest.importorskip("ipywidgets")
    (example,) = re.findall(
        r"```python\n(from d2l_rnn import exp.*?)```", README, re.DOTALL
    )
    quick = example.replace("num_hiddens=32", "num_hiddens=8, num_epochs=2")
    exec(compile(quick, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("epoch 2: perplexity")


def test_the_example_runs(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where it saves its model
    code = r"```python\n(from d2l_rnn import batching.*?)```"
    (example,) = re.findall(code, README, re.DOTALL)
    assert "num_epochs=100" in example and "num_hiddens=256" in example
    quick = example.replace("num_epochs=100", "num_epochs=1").replace("256", "8")
    exec(compile(quick, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("epoch 1: perplexity")
    assert lines[1].startswith("time traveller")
