"""Every module is on the map, and imports only from modules above it."""

import ast
import re
from pathlib import Path

import pytest

import d2l_rnn

HOUSE = Path(d2l_rnn.__file__).parent
MAP = re.findall(r"^    (\w+)  ", d2l_rnn.__doc__, flags=re.MULTILINE)


def files_of(module):
    folder = HOUSE / module
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [HOUSE / f"{module}.py"]


def imported_by(path):
    """The package's modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "d2l_rnn":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            package, _, inner = node.module.partition("d2l_rnn.")
            if not package and inner:
                yield inner.partition(".")[0]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("d2l_rnn."):
                    yield alias.name.split(".")[1]


def test_the_map_names_every_module_once():
    found = {path.stem for path in HOUSE.glob("*.py") if "__" not in path.stem}
    found |= {path.parent.name for path in HOUSE.glob("*/__init__.py")}
    assert sorted(MAP) == sorted(found)
    assert list(d2l_rnn.MODULES) == MAP
    assert set(MAP) <= set(dir(d2l_rnn))


@pytest.mark.parametrize("module", MAP)
def test_a_module_imports_only_from_modules_above_it(module):
    above = {*MAP[: MAP.index(module)], module}
    for path in files_of(module):
        assert set(imported_by(path)) <= above, path.name
