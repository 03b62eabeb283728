"""Whether functions take what they will be called with."""

from __future__ import annotations

import inspect

from d2l_rnn.checks import functions, shown


def called_with(*arguments: str, **values: object) -> None:
    """Raises ValueError for one of them that cannot be called with these arguments.

    `arguments` are their names, for the message. What does not say which it takes, like
    some functions in C, passes.
    """
    functions(**values)
    for name, value in values.items():
        try:
            signature = inspect.signature(value)
        except (TypeError, ValueError):
            continue
        try:
            signature.bind(*arguments)
        except TypeError as error:
            raise ValueError(
                f"{name} must be a function that is called with "
                f"({', '.join(arguments)}), got {shown(value)}: {error}"
            ) from None
