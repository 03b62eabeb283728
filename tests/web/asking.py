"""What the page computes with, asked from Python: `core.mjs` answers."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path

CORE = Path(__file__).with_name("core.mjs")
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def answers(node: str, *questions: dict) -> list:
    """The answers to some questions {"name": …}; a string is that of an error."""
    done = subprocess.run(
        [node, str(CORE)], input=json.dumps(questions), capture_output=True,
        encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [each.get("answer", each.get("error")) for each in json.loads(done.stdout)]


def ask(node: str, name: str, **question) -> dict:
    """The answer to one question."""
    (answer,) = answers(node, {"name": name, **question})
    assert not isinstance(answer, str), answer
    return answer


def floats(numbers: list) -> list[float]:
    """Numbers, of which those that JSON does not know came as words."""
    return [NOT_FINITE.get(each, each) for each in numbers]
