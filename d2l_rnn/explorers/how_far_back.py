"""How far back three networks, and one of your own, look for their next character.

Madsen, "Visualizing memorization in RNNs", Distill, 2019, draws the same for a letter
that is pointed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from d2l_rnn import checks, rnn, saving, text, training, vanishing
from d2l_rnn.batching import SequenceLoader
from d2l_rnn.explorers.caching import cached
from d2l_rnn.explorers.precision import Single
from d2l_rnn.explorers.unrolled import corpus

CELLS = {"RNN": "rnn", "GRU": "gru", "LSTM": "lstm"}
NUM_HIDDENS, NUM_EPOCHS, LR, SEED = 64, 8, 0.02, 0
BATCH_SIZE, NUM_STEPS = 32, 20

Networks = Mapping[str, tuple[rnn.Model, text.Vocab]]


@dataclass(frozen=True, eq=False)
class Look:
    """What made one network give the character at `place` its probability.

    reach         ‖d log P / dx‖ for each character before it, shape (place - 1,)
    probability   P of that character, from 0 to 1
    """

    reach: np.ndarray
    probability: float

    def last(self, share: float = 0.9) -> int:
        """How many of the last characters have at least this share of the reach.

        Raises ValueError for a share that is not from 0 to 1.
        """
        share = checks.probability("share", share)
        sums = np.cumsum(self.reach[::-1])
        if sums[-1] == 0:
            return 0
        return 1 + int(np.searchsorted(sums / sums[-1], min(share, 1 - 1e-12)))


def looks(networks: Networks, string: str, place: int) -> dict[str, Look]:
    """How each network came to its prediction of the character at `place`, from 2 on.

    The networks are pairs of a model and its vocabulary, by name. They read the
    characters before that place, starting from a state of zeros.

    Raises ValueError if there is no such network, and for another place.
    """
    checks.of_type(Mapping, networks=networks)
    string = checks.string("string", string)
    if len(string) < 2:
        raise ValueError("string must have at least two characters: type more")
    place = checks.integer("place", place, 2, len(string))
    return {
        name: _look(net, vocab[list(string[:place])])
        for name, (net, vocab) in networks.items()
    }


def _look(net: rnn.Model, indices: list[int]) -> Look:
    """For the last of these tokens, given the others."""
    tokens = torch.tensor([indices], device="cpu")
    X, Y = tokens[:, :-1], tokens[:, -1]
    reach = vanishing.reach(net, X, Y)[0]
    with torch.no_grad():
        outputs, _ = net(X, net.begin_state(batch_size=1))
        probability = torch.softmax(outputs[-1], dim=0)[Y[0]]
    return Look(reach.numpy(), float(probability))


@cached(maxsize=3)
def trained(cell: str) -> rnn.RNNModel:
    """A network of this cell, "rnn", "gru" or "lstm", trained on the text with Adam."""
    checks.one_of("cell", cell, list(CELLS.values()))
    indices, vocab = corpus()
    with Single():
        net = rnn.make_model(cell, len(vocab), NUM_HIDDENS, seed=SEED)
    minibatches = SequenceLoader(indices, BATCH_SIZE, NUM_STEPS, seed=SEED)
    for _ in training.train(
        net, minibatches, LR, NUM_EPOCHS, optimizer=torch.optim.Adam, num_threads=1
    ):
        pass
    return net


def networks(path: str = "") -> dict[str, tuple[rnn.Model, text.Vocab]]:
    """The three that are trained here and, if the file is there, the one in it.

    Raises ValueError if it is no file of `saving.save`, or its model reads no
    characters or has more than one layer or direction.
    """
    _, vocab = corpus()
    found = {name: (trained(cell), vocab) for name, cell in CELLS.items()}
    if path.strip() and Path(path).is_file():
        found["yours"] = _kept(path, Path(path).stat().st_mtime_ns)
    return found


@cached(maxsize=1)
def _kept(path: str, _changed: int) -> tuple[rnn.Model, text.Vocab]:
    saved = saving.load(path)
    if any(len(token) != 1 for token in saved.vocab if token != text.UNKNOWN):
        raise ValueError(
            "path must name a model that reads characters, got one that reads words"
        )
    return saved.net, saved.vocab
