"""Each way to a picture gives one in a kernel of this environment.

matplotlib-inline 0.1.6, beside IPython 9.17, leaves the words `<Figure size 640x480
with 1 Axes>` in its place, or nothing: under matplotlib 3.7 unless `%matplotlib inline`
comes first, under 3.11 if it does and d2l then changes to SVG.
"""

import shutil

import kernel
import pytest

from d2l_rnn import corpora

PLAIN = """
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()
"""
PLOT = """
from d2l_rnn import book as d2l
d2l.plot([1, 2], [[3, 4], [4, 3]], "x", "y", legend=["up", "down"])
"""
ANIMATOR = """
from d2l_rnn import book as d2l
animator = d2l.Animator(xlabel="epoch", legend=["train"], xlim=[1, 3])
for epoch in range(3):
    animator.add(epoch + 1, [epoch**2])
"""
TRAIN = """
from torch import nn
from d2l_rnn import book as d2l
train_iter, vocab = d2l.load_data_time_machine(16, 10, max_tokens=2000)
net = d2l.RNNModel(nn.RNN(len(vocab), 8), len(vocab))
d2l.train_ch8(net, train_iter, vocab, 1, 10, "cpu")
"""
ALL = [PLAIN, PLOT, ANIMATOR, TRAIN]


@pytest.fixture
def text(tmp_path):
    """A folder with a text, so that none is announced."""
    shutil.copy(corpora.STORY_PATH, tmp_path / corpora.FILE_NAME)
    return tmp_path


def check(cells, folder):
    """Each cell gives one picture, and no warning."""
    for outputs in kernel.run(cells, folder, text=folder):
        assert kernel.stderr(outputs) == ""
        assert len(kernel.pictures(outputs)) == 1, outputs


@pytest.mark.slow
@pytest.mark.parametrize("cell", ALL, ids=["plain", "plot", "Animator", "train_ch8"])
def test_a_plot_is_a_picture(cell, text):
    if cell in (PLOT, ANIMATOR):
        pytest.importorskip("d2l", reason="d2l is not installed")
    check([cell], text)


@pytest.mark.slow
def test_a_plot_is_a_picture_where_inline_pictures_are_asked_for(text):
    pytest.importorskip("d2l", reason="d2l is not installed")
    check([f"%matplotlib inline\n{cell}" for cell in ALL], text)


NO_IMAGES = """
for name in ("image/png", "image/svg+xml"):
    get_ipython().display_formatter.formatters[name].enabled = False
"""
EMPTY = """
import matplotlib.pyplot as plt
plt.figure()
plt.show()
"""
SVG = """
from matplotlib_inline import backend_inline
backend_inline.set_matplotlib_formats("svg")
"""


@pytest.mark.slow
def test_words_or_an_empty_picture_are_none(text):
    cells = [EMPTY, SVG + EMPTY, NO_IMAGES + PLAIN]
    for outputs in kernel.run(cells, text, text=text):
        (shown,) = [output.data for output in outputs if "data" in output]
        assert "<Figure size 640x480 with" in shown["text/plain"]
        assert kernel.pictures(outputs) == []
