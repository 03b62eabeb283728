"""The order in which the numbers of one minibatch are computed, and shown."""

from __future__ import annotations

from d2l_rnn import checks, rnn
from d2l_rnn.explorers.one_minibatch import Minibatch
from d2l_rnn.explorers.sheet import Board, Place

PARAMS = rnn.rnn.names
FORWARD = ("read", "products", "sum", "state", "scores", "chances", "loss")
BACKWARD = ("dO", "dH", "dZ")
GRADIENTS = tuple(f"d{name}" for name in PARAMS)
LAST = ("norm", "clip", "step", "again")
TITLES = {
    "read": "the one-hot row", "products": "the two products", "sum": "the sum",
    "state": "tanh", "scores": "the scores", "chances": "softmax", "loss": "its loss",
    "mean": "the loss", "dO": "back to the scores", "dH": "back to the state",
    "dZ": "back through tanh", "norm": "the length of the gradient", "clip": "clipping",
    "step": "the step", "again": "the new loss",
    **{f"d{name}": f"the gradient of {name}" for name in PARAMS},
}  # fmt: skip
# The table that a stage is about.
MAIN = {
    "read": "X", "products": "XW", "sum": "Z", "state": "H", "scores": "O",
    "chances": "p", "loss": "losses", "mean": "loss", "norm": "norm", "clip": "factor",
    "step": "new W_xh", "again": "new loss",
}  # fmt: skip


def stages(num_steps: int) -> list[tuple[str, int]]:
    """What happens in each stage, and in which time step; 0 if in none.

    Raises ValueError unless `num_steps` is an integer of at least 1.
    """
    steps = range(1, checks.integer("num_steps", num_steps, 1) + 1)
    return [
        *((kind, t) for t in steps for kind in FORWARD), ("mean", 0),
        *((kind, t) for t in reversed(steps) for kind in BACKWARD),
        *((kind, 0) for kind in (*GRADIENTS, *LAST)),
    ]  # fmt: skip


def title_of(kind: str, t: int) -> str:
    """What a stage is called."""
    return f"step {t}, {TITLES[kind]}" if t else TITLES[kind]


def about(done: Minibatch, kind: str, t: int) -> Place:
    """The place of the number that a stage is about."""
    row = max(t - 1, 0)
    column = 0
    if kind == "read":
        column = int(done.X[row])
    elif kind in ("chances", "dO"):
        column = int(done.Y[row])
    return MAIN.get(kind, kind), row + (kind == "state"), column


def boards_of(done: Minibatch) -> list[Board]:
    """The tables that are seen together, from which stage on."""
    order = [kind for kind, _ in stages(done.num_steps)]
    clipped = [f"clipped {name}" for name in PARAMS]
    stepped = [f"new {name}" for name in PARAMS]
    lengths = [("‖g‖ before clipping", ("norm", 0, 0)),
               ("after clipping", ("kept", 0, 0))]  # fmt: skip
    down, up = (f"time goes {way}, the work to the right" for way in ("down", "up"))
    forward = ("X", "XW", "HW", "Z", "H", "O", "p", "Y", "losses", "loss")
    groups = {
        "forward": {"parameters": PARAMS, f"forward: {down}": forward},
        "backward": {f"backward: {up}": ("dO", "later", "dH", "dZ"),
                     "what it needs": ("p", "Y", "H", "W_hq", "W_hh")},
        "gradients": {"gradients of the parameters": GRADIENTS,
                      "what they are summed from": ("X", "H", "dZ", "dO")},
        "clipping": {"gradients": GRADIENTS, "lengths": (
            "norms", "norm", "factor", "kept"), "clipped gradients": clipped},
        "step": {"parameters": PARAMS, "clipped gradients": clipped,
                 "one step later": stepped},
        "new loss": {"before the step": ("p", "losses", "loss"),
                     "after it": ("new p", "new losses", "new loss")},
    }  # fmt: skip
    firsts = ("read", "dO", GRADIENTS[0], "norm", "step", "again")
    return [
        Board(title, order.index(first) + 1, tables,
              lengths if title == "clipping" else (), done.theta)
        for (title, tables), first in zip(groups.items(), firsts, strict=True)
    ]  # fmt: skip
