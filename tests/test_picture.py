"""What all pictures promise: how they show themselves, and what is read out."""

import base64
import html.parser
import io

import pytest
from PIL import Image

from d2l_rnn import figures, pictures


def blank(**size):
    figure, axes = pictures.blank("epoch", "perplexity", "A run", **size)
    axes.plot([1, 2], [28, 4])
    return figure


class Images(html.parser.HTMLParser):
    """The attributes of the images in a piece of HTML, and what else is there."""

    def __init__(self, text):
        super().__init__()
        self.images, self.others = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        (self.images if tag == "img" else self.others).append(dict(attributes))

    def handle_data(self, data):
        self.others.append(data)


def opened(png):
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize(("width", "height"), [(6.4, 3.6), (4.8, 3.8)])
def test_a_picture_has_two_pixels_for_each_that_it_takes_on_the_page(width, height):
    picture = blank(width=width, height=height)
    data, metadata = picture._repr_mimebundle_()
    size = round(100 * width), round(100 * height)
    assert opened(picture.png()).size == (2 * size[0], 2 * size[1])
    assert opened(base64.b64decode(data["image/png"])).size == (
        2 * size[0],
        2 * size[1],
    )
    shown = metadata["image/png"]
    assert (shown["width"], shown["height"]) == size
    (image,) = Images(data["text/html"]).images
    assert (int(image["width"]), int(image["height"])) == size
    assert "max-width:100%" in image["style"]


@pytest.mark.parametrize("dpi", [pictures.PER_INCH, 300])
def test_drawing_leaves_the_picture_as_it_was(dpi):
    picture = blank()
    first = picture.png()
    picture.set_dpi(dpi)
    before = picture.dpi, picture.canvas, picture.get_size_inches().tolist()
    assert picture.png() == first
    assert (picture.dpi, picture.canvas, picture.get_size_inches().tolist()) == before


def test_few_colours_save_bytes_and_the_background_stays_white():
    picture = figures.curves({str(i): ([0, 1], [0, i]) for i in range(7)}, "x", "y")
    png = opened(picture.png())
    assert png.mode == "P"
    assert png.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert len(picture.png()) < 60_000


def test_a_heat_map_keeps_every_shade():
    picture = figures.heatmap([range(256)], "x", "y")
    colours = opened(picture.png()).convert("RGB").getcolors(2**20)
    assert len([count for count, _ in colours if count > 500]) > 150


ALT = 'Perplexity <falls> from 28 & "more" to 4.'


def test_a_notebook_gets_an_image_with_its_alt_text():
    picture = blank()
    picture.alt = ALT
    data, metadata = picture._repr_mimebundle_()
    assert set(data) == {"text/html", "image/png", "text/plain"}
    assert data["text/plain"] == metadata["image/png"]["alt"] == ALT
    shown = Images(data["text/html"])
    assert shown.images[0]["alt"] == ALT and shown.others == []
    assert shown.images[0]["src"] == f"data:image/png;base64,{data['image/png']}"


def test_ipython_shows_the_same():
    formatters = pytest.importorskip("IPython.core.formatters")
    picture = blank()
    data, metadata = formatters.DisplayFormatter().format(picture)
    assert (data, metadata) == picture._repr_mimebundle_()


def test_without_an_alt_text_titles_and_labels_are_read():
    assert blank().alt == f"{pictures.UNDESCRIBED}: A run; perplexity against epoch."
    assert pictures.Picture().alt == f"{pictures.UNDESCRIBED}."
    data, _ = blank()._repr_mimebundle_()
    assert Images(data["text/html"]).images[0]["alt"] == blank().alt


@pytest.mark.parametrize("words", ["", "  ", None, 3])
def test_an_alt_text_is_words(words):
    picture = blank()
    picture.alt = ALT
    with pytest.raises(ValueError, match="alt must be a text that is not empty, got"):
        picture.alt = words
    assert picture.alt == ALT


def test_a_drawing_can_be_given_up():
    figure, axes = pictures.blank("x", "y")
    axes.plot([0, 1], [0, 1])
    untouched, calls = figure.png(), []
    figure.check_while_drawn(lambda: calls.append(1))
    assert figure.png() == untouched and len(calls) >= 3
    figure.check_while_drawn(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        figure.png()


@pytest.mark.parametrize("size", [5e-324, 1e-9, 0.009, 321])
def test_a_picture_has_a_pixel_at_least(size):
    for name in ("width", "height"):
        with pytest.raises(ValueError, match=f"{name} must be"):
            pictures.Picture(**{name: size})


def test_a_picture_is_drawn_on_its_own_axes():
    for axes in (None, object(), [1, 2]):
        with pytest.raises(ValueError, match="axes must be of the type Axes, got a"):
            pictures.decorate(axes, "x", "y")
        with pytest.raises(ValueError, match="axes must be of the type Axes, got a"):
            pictures.draw_level(axes, 2.0, "two")
        with pytest.raises(ValueError, match="axis must be of the type Axis, got a"):
            pictures.log_ticks(axes)
