"""The numbers of one minibatch as a sheet, in the order in which they are computed."""

from __future__ import annotations

from d2l_rnn import checks
from d2l_rnn.explorers.one_minibatch import Minibatch
from d2l_rnn.explorers.one_minibatch_backward import Backward
from d2l_rnn.explorers.one_minibatch_forward import Forward
from d2l_rnn.explorers.one_minibatch_stages import about, boards_of, stages, title_of
from d2l_rnn.explorers.sheet import Sheet, Stage


def sheet_of(done: Minibatch, stage: int = 1, num_taken: int = 0) -> Sheet:
    """The minibatch as a sheet, at one of its stages; `num_taken` steps were before it.

    Raises ValueError if `done` is no Minibatch, and for another stage.
    """
    checks.of_type(Minibatch, done=done)
    tables = {
        **Forward(done, num_taken).all(),
        **Backward(done, num_taken).all(),
    }
    moments = [
        Stage(title_of(kind, t), about(done, kind, t))
        for kind, t in stages(done.num_steps)
    ]
    return Sheet(tables, boards_of(done), moments, stage)
