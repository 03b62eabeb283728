"""Solutions of the exercises, one module a notebook, one function an exercise.

The docstring of a function is the idea, which is shown above its code. The solution
notebooks have the same lines, without annotations and docstrings.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable


def code(function: Callable) -> str:
    """A function's code as a notebook has it: without annotations and docstring."""
    source = inspect.getsource(function)
    (node,) = ast.parse(source).body
    for each in ast.walk(node.args):
        if isinstance(each, ast.arg):
            each.annotation = None
    lines = source.splitlines()
    decorators, body = lines[: node.lineno - 1], lines[node.body[1].lineno - 1 :]
    return "\n".join(
        [*decorators, f"def {node.name}({ast.unparse(node.args)}):", *body]
    )


def imports(function: Callable) -> str:
    """The imports of what a function's code uses, one a line."""
    nodes = ast.walk(ast.parse(code(function)))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    lines = []
    for node in ast.parse(inspect.getsource(sys.modules[function.__module__])).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            node.names = [n for n in node.names if used & {n.asname, n.name}]
            lines += [ast.unparse(node)] if node.names else []
    return "\n".join(lines)
