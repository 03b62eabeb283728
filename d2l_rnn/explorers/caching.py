"""What is computed once, and handed out to all who ask."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable


def cached(maxsize: int, copies: bool = True) -> Callable[[Callable], Callable]:
    """A decorator like `functools.lru_cache`, which hands out `copies`.

    So whoever changes one changes no other; what nobody changes needs none. An argument
    that cannot be kept, such as a list, is the function's to refuse.
    """

    def decorate(function: Callable) -> Callable:
        kept = functools.lru_cache(maxsize, typed=True)(function)

        @functools.wraps(function)
        def call(*args, **kwargs):
            if not _can_be_kept(*args, *kwargs.values()):
                return function(*args, **kwargs)
            found = kept(*args, **kwargs)
            return copy.deepcopy(found) if copies else found

        call.cache_clear = kept.cache_clear
        return call

    return decorate


def _can_be_kept(*values: object) -> bool:
    try:
        hash(values)
    except TypeError:
        return False
    return True
