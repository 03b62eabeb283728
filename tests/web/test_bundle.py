"""The bundle: it is what the sources give, needs nothing else, is small, and has its
licence."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import build_web
import pytest

from d2l_rnn import web

ROOT = Path(__file__).parents[2]
BUNDLES = [web.WIDGET_JS, web.WIDGET_CSS]
ALL = [*BUNDLES, web.PLAYGROUND]
LICENCE = web.DIST / build_web.LICENCE
# Bytes; uPlot has 52,000 of the script, and 1,700 of the styles.
LARGEST = {".js": 120_000, ".css": 12_000, ".html": 400_000}
# Addresses that are names, which nobody opens.
NAMESPACES = "http://www.w3.org/"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def code(bundle: Path) -> str:
    """What a bundle says, without its notices."""
    text = bundle.read_text(encoding="utf-8")
    return re.sub(r"/\*!.*?\*/", "", text, flags=re.DOTALL)


def packages() -> dict[str, dict]:
    """What package-lock.json pins: {name: its description}, the project's own as ""."""
    lock = json.loads((build_web.WEB / "package-lock.json").read_text("utf-8"))
    return {
        path.removeprefix("node_modules/"): each
        for path, each in lock["packages"].items()
    }


def test_the_committed_files_are_what_the_sources_give(built):
    """To the last byte, built in another folder."""
    made, committed = contents(built), contents(web.DIST)
    assert sorted(made) == sorted(committed)
    changed = [name for name in made if made[name] != committed[name]]
    assert changed == [], "the sources have changed: make web"
    page = (built.parent / web.PLAYGROUND.name).read_bytes()
    assert page == web.PLAYGROUND.read_bytes(), "the sources have changed: make web"


# It needs nothing else


def test_the_script_loads_alone_and_can_draw(node, tmp_path):
    script = shutil.copy(web.WIDGET_JS, tmp_path / "alone.mjs")
    ask = "const { default: widget } = await import(process.argv[1]);"
    ask += "console.log(Object.keys(widget), typeof widget.render);"
    printed = subprocess.run(
        [node, "--input-type=module", "-e", ask, script.as_uri()],
        capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    assert printed == "[ 'render' ] function\n"


def test_nothing_is_imported():
    assert not re.search(r"(?:^|;)\s*import\b|\bimport\(", code(web.WIDGET_JS))
    assert "@import" not in code(web.WIDGET_CSS) + code(web.PLAYGROUND)


@pytest.mark.parametrize("bundle", ALL, ids=lambda bundle: bundle.name)
def test_nothing_is_fetched(bundle):
    addresses = re.findall(r"(?:https?|wss?)://[^\s\"'`)]*", code(bundle))
    assert [each for each in addresses if not each.startswith(NAMESPACES)] == []
    files = re.findall(r"\burl\(\s*[\"']?(?!data:)[^)]*", code(bundle))
    assert bundle.suffix != ".css" or files == []


def test_the_playground_asks_its_browser_to_let_nothing_out():
    page = web.PLAYGROUND.read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; ")
    assert not re.search("https?:|connect-src|[*]", policy)
    assert not re.search(r"<(?:script|img|link)[^>]* (?:src|href)=\"(?!data:,)", page)


# Size, licence, package


@pytest.mark.parametrize("bundle", ALL, ids=lambda bundle: bundle.name)
def test_it_is_small(bundle):
    assert bundle.stat().st_size < LARGEST[bundle.suffix]


def test_uplot_is_the_only_package_in_it():
    """Another one would need its licence beside it, too."""
    pinned = {name: each for name, each in packages().items() if name}
    assert [name for name in pinned if not pinned[name].get("dev")] == ["uplot"]


def test_the_versions_that_package_json_asks_for_are_exact_and_pinned():
    asked = json.loads((build_web.WEB / "package.json").read_text("utf-8"))
    for name, version in (asked["dependencies"] | asked["devDependencies"]).items():
        assert packages()[name]["version"] == version


def test_the_licence_of_uplot_is_beside_it_and_in_it():
    text = LICENCE.read_text(encoding="utf-8")
    version, _, licence = text.partition("\n\n")
    assert version == f"uPlot {packages()['uplot']['version']}"
    assert licence.startswith("The MIT License (MIT)\n\nCopyright (c) ")
    for bundle in ALL:
        assert f"/*!\n{text}*/\n" in bundle.read_text(encoding="utf-8")


def test_the_wheel_holds_the_bundle_and_the_licence(tmp_path):
    pytest.importorskip("setuptools", "77", reason="setuptools 77 builds the wheel")
    course = tmp_path / "course"
    bytecode = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "d2l_rnn", course / "d2l_rnn", ignore=bytecode)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, course)
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"
    subprocess.run(
        [sys.executable, "-c", build], cwd=course, check=True, capture_output=True
    )
    (wheel,) = course.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    held = [name for name in names if name.startswith("d2l_rnn/web/dist/")]
    assert {Path(name).name for name in held} == set(contents(web.DIST))
    assert "d2l_rnn/web/playground.html" in names
    licences = [name for name in names if ".dist-info/licenses/" in name]
    assert {"LICENSE", LICENCE.name} == {Path(name).name for name in licences}


# Where it cannot be built


def test_without_npm(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build_web.Unavailable, match="there is no npm"):
        build_web.build(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_the_registry(tmp_path, monkeypatch):
    if not shutil.which("npm"):
        pytest.skip("there is no npm here")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")  # nobody answers
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(build_web.Unavailable, match="npm cannot reach its registry"):
        build_web.build(tmp_path / "dist")
    assert not (tmp_path / "dist").exists()


def test_an_error_in_a_source_is_esbuild_s_to_tell(built, tmp_path, monkeypatch):
    wrong = shutil.copytree(build_web.WEB, tmp_path / "web")
    (wrong / "src" / "widget.js").write_text('import "./gone.js";\n')
    monkeypatch.setattr(build_web, "WEB", wrong)
    with pytest.raises(RuntimeError, match="gone.js"):
        build_web.build(tmp_path / "dist")
    assert not (tmp_path / "dist").exists()
