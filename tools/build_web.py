"""Bundle what draws in the browser, `d2l_rnn/web/src` with uPlot, into `web/dist`.

    python tools/build_web.py [--to FOLDER]

And the playground, all in one file: `web/playground.html`, or `playground.html` beside
that folder. It has in it the engine, which `tools/build_engine.py --web` compiles, and
the stories of `d2l_rnn/data`.

npm fetches uPlot and esbuild, the bundler, into a temporary folder, at the versions in
package-lock.json; esbuild's options are in package.json. The output is committed, and
is identical to the last byte wherever it is built.
"""

import argparse
import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "d2l_rnn"
WEB = PACKAGE / "web"
PAGE = "playground.html"
ENGINES = ("engine-relaxed.wasm", "engine.wasm")  # a browser takes the first it can run
STORIES = {"story": "story.txt", "chinese": "story.zh.txt"}  # as settings.js calls them
BUNDLES = ("widget.js", "widget.css")
LICENCE = "uPlot.LICENSE"
# What esbuild does on installation it can do without, and no other script is wanted.
# npm asks its registry only for what it has not fetched before.
CI = [
    "--ignore-scripts", "--include=dev", "--prefer-offline", "--no-audit", "--no-fund",
    "--no-update-notifier", "--fetch-retries=1", "--fetch-retry-mintimeout=1000",
    "--fetch-timeout=60000",
]  # fmt: skip
# npm's codes for a registry that does not answer.
UNREACHED = {
    "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "EIDLETIMEOUT",
    "ENETUNREACH", "ENOTCACHED", "ENOTFOUND", "ERR_SOCKET_TIMEOUT", "ETIMEDOUT",
}  # fmt: skip


class Unavailable(Exception):
    """There is no npm on this machine, or no registry that it can reach."""


def build(to: Path) -> None:
    """Write the bundles, and uPlot's licence, into the folder `to`; the page beside it.

    Raises Unavailable if npm or its registry cannot be had, and RuntimeError with npm's
    words if it fails for another reason, such as an error in a source.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(WEB / "src", work / "src")
        for name in ("package.json", "package-lock.json"):
            shutil.copy(WEB / name, work)
        npm(work, "ci", *CI)
        npm(work, "run", "--silent", "build")
        to.mkdir(parents=True, exist_ok=True)
        licence = licence_of_uplot(work / "node_modules")
        write(to / LICENCE, licence)
        for name in BUNDLES:  # the notice goes wherever the code goes
            code = (work / "dist" / name).read_text(encoding="utf-8")
            write(to / name, f"{code}/*!\n{licence}*/\n")
        write(to.parent / PAGE, page(work / "page", licence))


def page(bundles: Path, licence: str) -> str:
    """The playground: the template with all that it needs in it."""
    script, worker, css = (
        (bundles / name).read_text(encoding="utf-8").strip()
        for name in ("page.js", "worker.js", "page.css")
    )
    stories = {
        name: (PACKAGE / "data" / file).read_text(encoding="utf-8")
        for name, file in STORIES.items()
    }
    engines = [(PACKAGE / "engine" / "bin" / name).read_bytes() for name in ENGINES]
    resources = {
        "wasm": [base64.b64encode(engine).decode() for engine in engines],
        "worker": worker,
        "stories": stories,
        "version": version(),
    }
    parts = {
        "css": css,
        "resources": json.dumps(resources, ensure_ascii=False).replace("<", "\\u003c"),
        "script": f"{script}\n/*!\n{licence}*/\n",
    }
    template = (WEB / "src" / "playground" / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{(css|resources|script)\}", lambda part: parts[part[1]], template)


def version() -> str:
    """The package's version, without importing it: that needs PyTorch."""
    text = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, flags=re.MULTILINE)[1]


def npm(work: Path, *words: str) -> None:
    """Run npm in the folder `work`; raises what `build` does."""
    program = shutil.which("npm")
    if program is None:
        raise Unavailable("there is no npm on this machine; it comes with Node.js")
    done = subprocess.run(
        [program, *words],
        cwd=work,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    code = re.search(r"^npm \S+ code (\w+)", done.stdout, flags=re.MULTILINE)
    if done.returncode and code and code[1] in UNREACHED:
        raise Unavailable(f"npm cannot reach its registry ({code[1]})")
    if done.returncode:
        raise RuntimeError(f"npm {words[0]} failed:\n{done.stdout}")


def licence_of_uplot(modules: Path) -> str:
    """The version of uPlot, and its licence, from npm's folder of packages."""
    package = json.loads((modules / "uplot" / "package.json").read_text("utf-8"))
    text = (modules / "uplot" / "LICENSE").read_text(encoding="utf-8")
    return f"uPlot {package['version']}\n\n{text.strip()}\n"


def write(path: Path, text: str) -> None:
    """Write a text file that has the same bytes on every system."""
    path.write_bytes(text.encode())


def main() -> None:
    """Build into the package, or into the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=WEB / "dist", metavar="FOLDER")
    to = parser.parse_args().to
    try:
        build(to)
    except (Unavailable, RuntimeError) as error:
        sys.exit(f"d2l_rnn: {error}")
    for path in (*(to / name for name in BUNDLES), to.parent / PAGE):
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
