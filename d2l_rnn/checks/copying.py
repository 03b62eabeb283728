"""What cannot be copied: a run that is going on, and what it trains with."""

from __future__ import annotations


class NotCopied:
    """Refuses to be copied or pickled, by a TypeError that says what to do instead."""

    def __reduce_ex__(self, protocol: int):
        raise TypeError(
            f"a {type(self).__name__} cannot be copied or pickled: copy or save the "
            "model (saving.save), and train the copy with epochs_done"
        )
