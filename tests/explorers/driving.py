"""Ways to move a panel, and to read what it shows."""

import html
import re
import time


def until(condition, seconds=30):
    """Wait until `condition()` is true; fail if it takes longer."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not so in time"
        time.sleep(0.002)


def answer(panel, **values):
    """The picture, or chart, and the HTML below it that a setting leads to."""
    panel.set(**values)
    assert panel.wait(30)
    return shown(panel), panel.view.readout


def shown(panel):
    """What is drawn: a picture, or a chart in numbers, without its ghost."""
    chart = getattr(panel, "chart", None)
    return chart.for_browser() if chart else panel.view.picture


def text_of(words):
    """What a reader reads in HTML."""
    return html.unescape(re.sub("<[^>]*>", " ", words))


def all_in(widget):
    """The widget, and all that are inside it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from all_in(child)


def fits(picture):
    """True if nothing of the picture is cut off."""
    box = picture.get_tightbbox()
    width, height = picture.get_size_inches()
    return box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
