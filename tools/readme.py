"""Write the generated parts of the READMEs: tables of results, and the list of modules.

    make readme

README.md and benchmarks/README.md have pairs of markers, `<!-- speed -->` and
`<!-- /speed -->`. `BLOCKS` says what goes between them: a table of a result in
benchmarks/results, or the modules of the package, from the docstring of
`d2l_rnn/__init__.py`. The rest of the pages is left unchanged. Markdown cells of the
notebooks may have such pairs, too.
"""

import inspect
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"
PAGES = (ROOT / "README.md", BENCHMARKS / "README.md")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
BLOCK = re.compile(r"<!-- ([a-z-]+) -->\n.*?<!-- /\1 -->", re.DOTALL)
# A module and its job, which may continue on lines with a deeper indent.
MODULE = re.compile(r"^ {4}(\w+) {2,}(\S.*(?:\n {5,}\S.*)*)$", re.MULTILINE)

sys.path.insert(0, str(BENCHMARKS))

import agreement  # noqa: E402
import book_setting  # noqa: E402
import explorers  # noqa: E402
import import_time  # noqa: E402
import memory  # noqa: E402
import models  # noqa: E402
import perplexities  # noqa: E402
import playground  # noqa: E402
import speed  # noqa: E402
import sweep  # noqa: E402
import texts  # noqa: E402
import webassembly  # noqa: E402
from _common import described, markdown  # noqa: E402
from _race import ratios  # noqa: E402
from soak import covered, engine, fuzz, mutation, panels  # noqa: E402

import binder  # noqa: E402
import d2l_rnn  # noqa: E402


def result(name: str) -> dict:
    """The result of a benchmark: benchmarks/results/NAME.json."""
    path = BENCHMARKS / "results" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def measured(name: str, table: Callable[[dict], str]) -> Callable[[], str]:
    """A block made by a benchmark's own table function, from its result."""
    return lambda: table(result(name))


def modules() -> str:
    """The modules of the package in order, each with a link and its job."""
    found = MODULE.findall(inspect.getdoc(d2l_rnn) or "")
    return markdown(
        ["module", "its job"],
        [[f"[`{name}`]({place(name)})", " ".join(job.split())] for name, job in found],
    )


def place(module: str) -> str:
    """The path of a module, a file or a folder, from the project's root."""
    path = ROOT / "d2l_rnn" / f"{module}.py"
    path = path if path.exists() else path.with_suffix("")
    return path.relative_to(ROOT).as_posix()


def headline(num_hiddens: int = 256) -> str:
    """The numbers at the top of the README."""
    race, panel = result("speed"), result("explorers")
    (run,) = (r for r in race["rows"] if r["num_hiddens"] == num_hiddens)
    speeds = run["tokens_per_second"]
    over_notes, over_layer = ratios(speeds, "d2l_rnn", ["notes", "nn_rnn"])
    book = result("book_setting")
    sequential = book["runs"][0]
    rows = [
        [
            f"the scratch RNN learns, {num_hiddens} hidden units",
            f"{speeds['d2l_rnn']:,.0f} characters a second: {over_notes} the notes' "
            f"code, {over_layer} `nn.RNN`",
        ],
        [
            f"the book's run, {book['arguments']['epochs']} epochs",
            f"perplexity {sequential['last_perplexity']:.2f} on its training text",
        ],
        [
            "slider moved → first new point in the training panel",
            f"{explorers.median_and_worst(panel['idle_ms'])}, median / worst",
        ],
    ]
    return f"{markdown(['', 'measured'], rows)}\n\n{described(race)}"


BLOCKS = {
    "headline": headline,
    "modules": modules,
    "speed": measured("speed", speed.table),
    "speed-on-a-busy-machine": measured("speed", speed.busy_table),
    "words": measured("models", models.words_table),
    "gates": measured("models", models.gated_table),
    "writing": measured("models", models.writing_table),
    "sweep": measured("sweep", sweep.table),
    "webassembly": measured("webassembly", webassembly.table),
    "playground": measured("playground", playground.table),
    "explorers": measured("explorers", explorers.table),
    "memory": measured("memory", memory.table),
    "texts": measured("texts", texts.table),
    "perplexities": measured("perplexities", perplexities.table),
    "agreement": measured("agreement", agreement.table),
    "book-setting": measured("book_setting", book_setting.table),
    "import-time": measured("import_time", import_time.table),
    "soak-fuzz": measured("soak_fuzz", fuzz.table),
    "soak-engine": measured("soak_engine", engine.table),
    "soak-panels": measured("soak_panels", panels.table),
    "soak-covered": measured("soak_covered", covered.table),
    "soak-mutation": measured("soak_mutation", mutation.table),
    "binder": measured("binder", binder.table),
}


def rewritten(page: str) -> str:
    """The text of a page with its blocks regenerated.

    Raises KeyError for a block that is not in `BLOCKS`.
    """
    return BLOCK.sub(
        lambda block: (
            f"<!-- {block[1]} -->\n{BLOCKS[block[1]]()}\n<!-- /{block[1]} -->"
        ),
        page,
    )


def with_cells_rewritten(notebook: str) -> str:
    """The text of a notebook's file, with the blocks in its cells regenerated."""
    content = json.loads(notebook)
    for cell in content["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and BLOCK.search(source):
            cell["source"] = rewritten(source).splitlines(keepends=True)
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Rewrite the pages and notebooks, and print which of them changed."""
    for path in (*PAGES, *NOTEBOOKS):
        before = path.read_text(encoding="utf-8")
        after = (rewritten if path in PAGES else with_cells_rewritten)(before)
        path.write_text(after, encoding="utf-8")
        state = "unchanged" if after == before else "rewritten"
        print(f"{path.relative_to(ROOT)}: {state}")


if __name__ == "__main__":
    main()
