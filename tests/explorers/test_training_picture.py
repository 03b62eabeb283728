"""The picture of a run: drawn in layers, it is the picture drawn at once."""

import io
import math

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from d2l_rnn.explorers.training_picture import Curve, TrainingPicture
from d2l_rnn.training import Progress

LEVELS = {"guessing": 28.0, "bigram": 9.9}


def records(num_epochs, start=20.0, norm=0.3, theta=1.0, diverges=False):
    made = [
        Progress(t, start * 0.97**t, 1e5, norm * t**0.1, float(norm > theta),
                 clipped_norm=min(norm * t**0.1, theta))
        for t in range(1, num_epochs + 1)
    ]  # fmt: skip
    if diverges:
        made[-1] = Progress(num_epochs, math.inf, 1e5, math.nan, math.nan, True)
    return made


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.png())).convert("RGB"), dtype=int)


def shown(*args, **kwargs):
    picture = TrainingPicture(LEVELS)
    picture.show(*args, **kwargs)
    return pixels(picture)


@pytest.mark.parametrize("norm", [0.3, 40.0])
def test_frame_by_frame_it_comes_to_the_same_picture(norm):
    whole = records(50, norm=norm)
    growing = []
    picture = TrainingPicture(LEVELS)
    picture.show(
        50, Curve("theta = 1", growing, 3, 1.0), [Curve("old", records(20), 1)]
    )
    for record in whole:
        growing.append(record)
        picture.update()
    at_once = shown(
        50, Curve("theta = 1", whole, 3, 1.0), [Curve("old", records(20), 1)]
    )
    assert (pixels(picture) == at_once).all()


def test_a_frame_draws_no_axes(monkeypatch):
    growing = []
    picture = TrainingPicture(LEVELS)
    picture.show(9, Curve("now", growing))
    monkeypatch.setattr(Axes, "draw", lambda *_: 1 / 0)
    for record in records(9):
        growing.append(record)
        picture.update()


def test_a_run_that_leaves_the_axes_gets_larger_ones():
    picture = TrainingPicture(LEVELS)
    growing = records(3)
    picture.show(9, Curve("now", growing))
    assert picture.perplexity.get_ylim()[1] == pytest.approx(42)
    growing.append(Progress(4, 900.0, 1e5, 3e3, 1.0, clipped_norm=1.0))
    picture.update()
    assert picture.perplexity.get_ylim()[1] == 1000
    assert picture.norm.get_ylim() == (0.01, 1e4)


def test_a_lost_run_does_not_flatten_the_others():
    picture = TrainingPicture(LEVELS)
    picture.show(9, Curve("lost", [Progress(1, 1e13, 1e5, 1.0, 0.0)]))
    limits = [axes.get_ylim() for axes in picture.axes]
    assert limits[0][1] <= 1e4
    picture.update()
    assert [axes.get_ylim() for axes in picture.axes] == limits


def test_theta_and_the_norm_after_clipping_are_there_if_there_is_clipping():
    run = records(9)
    clipped, free = shown(9, Curve("a", run, theta=0.2)), shown(9, Curve("a", run))
    assert (clipped != free).any()


def test_words_across_the_curves_are_there_only_if_there_are_words():
    def above(theta, words=""):
        """The axes of perplexity, which clipping has no part in."""
        return shown(9, Curve("a", records(9), theta=theta), words=words)[:220]

    assert (above(1.0) == above(None)).all()
    assert (above(1.0, "diverged") != above(1.0)).any()


def test_earlier_runs_are_fainter_than_the_run_itself():
    blue = shown(9, Curve("a", records(9), 0))
    faded = shown(9, Curve("b", [], 1), [Curve("a", records(9), 0)])

    def strongest(image):
        return (image[60:200, 90:400, 2] - image[60:200, 90:400, 0]).max()

    assert strongest(faded) < 0.8 * strongest(blue)


def test_an_earlier_run_of_more_epochs_is_seen_to_its_end():
    picture = TrainingPicture(LEVELS)
    picture.show(10, Curve("now", records(2)), [Curve("old", records(30))])
    assert picture.clipped.get_xlim() == (0, 30)


@pytest.mark.parametrize("number", range(8))
def test_a_run_that_diverged_is_marked(number):
    run = records(4, diverges=True)
    marked = shown(9, Curve("a", run, number), words="diverged at epoch 4")
    assert (marked != shown(9, Curve("a", run[:-1], number))).any()
    shown(9, Curve("b", []), [Curve("a", run, number), Curve("c", run[-1:], 3)])


def test_no_run_and_one_epoch_are_pictures_too():
    empty = shown(9, Curve("no run yet", []))
    assert (shown(9, Curve("no run yet", records(1))) != empty).any()


def test_a_jpeg_is_nearly_the_same():
    picture = TrainingPicture(LEVELS)
    picture.show(9, Curve("a", records(9)))
    jpeg = np.asarray(Image.open(io.BytesIO(picture.jpeg())), dtype=int)
    assert abs(jpeg - pixels(picture)).mean() < 2
    assert picture._repr_png_() == picture.png()
