"""How long a large text takes to load, and how much memory.

    python benchmarks/texts.py

*The Time Machine*, again and again until the file has the size, is loaded by
`text.load_corpus`, each time in a process of its own: its seconds, and its largest
resident memory. Writes `results/texts.json`. Takes half a minute. Needs the module
`resource`, which Windows does not have.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

from _common import arguments, described, markdown, save

from d2l_rnn import corpora, text

SIZES = (5, 50)  # MB
WAYS = {
    "characters, cleaned": {"token": "char", "clean": True},
    "characters as they are": {"token": "char", "clean": False},
    "words, cleaned": {"token": "word", "clean": True},
    "words as they are": {"token": "word", "clean": False},
}


def load(path: str, way: str) -> dict:
    """Load a text here: how many tokens, the seconds, the most memory so far."""
    import resource  # here, so that the table can be made on Windows, too

    start = time.perf_counter()
    corpus, _ = text.load_corpus(path, **WAYS[way])
    seconds = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"num_tokens": len(corpus), "seconds": seconds, "bytes": most}


def measured(size: int, way: str) -> dict:
    """What `load` measures in a process of its own, on a text of so many MB."""
    book = corpora.find_text().path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "text.txt")
        path.write_bytes((book * (size * 10**6 // len(book) + 1))[: size * 10**6])
        command = [sys.executable, __file__, "--one", path, way]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {"size": size, "way": way, **json.loads(done.stdout)}


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    sizes = result["arguments"]["sizes"]
    columns = ["", *(part for MB in sizes for part in (f"{MB} MB", "memory"))]
    found = {(row["way"], row["size"]): row for row in result["rows"]}
    rows = [
        [way, *(part for MB in sizes for part in _cells(found[way, MB]))]
        for way in WAYS
    ]
    return f"{markdown(columns, rows)}\n\n{described(result)}"


def _cells(row: dict) -> tuple[str, str]:
    return f"{row['seconds']:.1f} s", f"{row['bytes'] / 1e6:,.0f} MB"


def main() -> None:
    """Measure each way and size, or the text that `--one` names."""
    one = {"nargs": 2, "help": argparse.SUPPRESS}
    sizes = {"type": int, "nargs": "+", "default": list(SIZES), "help": "in MB"}
    args = arguments(__doc__, one=one, sizes=sizes)
    if args.one:
        print(json.dumps(load(*args.one)))
        return
    rows = [measured(size, way) for way, size in product(WAYS, args.sizes)]
    save("texts", args, {"rows": rows}, table)


if __name__ == "__main__":
    main()
