"""How the training panel looks: on small and large screens, dense and dark ones."""

import io
import json
import re

import pytest
from PIL import Image

pytestmark = pytest.mark.browser

LEAST = 4.5  # the contrast of text, WCAG 2 AA
# What stands on the screen, and must not move.
PARTS = (
    ".widget-slider, .widget-button, .widget-text, .widget-toggle-button, .d2l-figure,"
    ".d2l-tools, .d2l-legend, .d2l-progress, .d2l-readout, .d2l-texts"
)
PLACES = """(panel, parts) => [...panel.querySelectorAll(parts)]
    .map(each => [each, each.getBoundingClientRect()])
    .filter(([_, box]) => box.width && box.height)
    .map(([each, box]) => ({
        name: each.className, left: Math.round(box.left), top: Math.round(box.top),
        right: Math.round(box.right), bottom: Math.round(box.bottom),
        isCut: each.scrollWidth > each.clientWidth + 1,
    }))"""
# Every arrangement of the parts, looked at in each frame of the screen.
WATCH = """(panel, [places, parts]) => {
    const look = eval(places);
    window.seen = new Set();
    const note = () => {
        if (!window.seen) return;
        seen.add(JSON.stringify(look(panel, parts)));
        requestAnimationFrame(note);
    };
    note();
}"""
SEEN = "() => { const all = [...seen]; window.seen = null; return all; }"
# The notebook's own window, without the bars around it.
WINDOW = """() => {
    const { top, bottom } = document.querySelector(
        '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer'
    ).getBoundingClientRect();
    return [top, bottom];
}"""
SHARPNESS = """panel => [...panel.querySelectorAll('.d2l-figure canvas')].map(each => [
    each.width / each.getBoundingClientRect().width,
    each.height / each.getBoundingClientRect().height,
])"""
# [words, their colour, the ground's], as CSS, and the share of the colour that is left
# by all that makes it fainter.
WRITTEN = """panel => {
    const above = each => each ? [each, ...above(each.parentElement)] : [];
    const groundOf = each => above(each)
        .map(one => getComputedStyle(one).backgroundColor)
        .find(colour => !/, 0\\)$/.test(colour));
    const shareOf = each => above(each)
        .reduce((share, one) => share * getComputedStyle(one).opacity, 1);
    const isText = node => node.nodeType === Node.TEXT_NODE && node.textContent.trim();
    const written = [...panel.querySelectorAll('.d2l-view *')]
        .filter(each => [...each.childNodes].some(isText) && each.offsetParent)
        .map(each => [
            each.innerText, getComputedStyle(each).color, groundOf(each), shareOf(each),
        ]);
    const { theme } = panel.querySelector('.d2l-figure').d2lFigure;
    const drawn = ['text', 'quiet'].map(name => [name, theme[name], theme.ground, 1]);
    return [...written, ...drawn];
}"""
GROUND = """panel =>
    getComputedStyle(panel.closest('.jp-Notebook')).backgroundColor"""


def places(panel):
    return panel.place.evaluate(PLACES, PARTS)


def test_all_of_it_is_on_a_small_screen(show):
    panel = show(num_hiddens=64)
    panel.ends()
    panel.notebook.until(lambda: panel.told()["texts"] == 100, 10)
    panel.notebook.go_to(0)
    panel.page.wait_for_timeout(300)
    top, bottom = panel.page.evaluate(WINDOW)
    for place in places(panel):
        assert top <= place["top"] and place["bottom"] <= bottom, place
    for base in panel.find(".noUi-base").all():
        if base.is_visible():
            assert base.bounding_box()["width"] >= 190
    figure = panel.find(".d2l-figure").bounding_box()
    handle = panel.slider("theta").bounding_box()
    assert handle["x"] < figure["x"] and handle["y"] < figure["y"] + figure["height"]


def test_nothing_moves_while_it_is_used(show):
    panel = show("show=['theta']", num_hiddens=64)
    panel.ends()
    panel.place.evaluate(WATCH, [PLACES, PARTS])
    panel.slider("theta").focus()
    for key in ("ArrowLeft", *["ArrowRight"] * 3):
        panel.page.keyboard.press(key)
        panel.ends()
    for number_epochs in (500, 100):
        panel.set(num_hiddens=128, num_epochs=number_epochs)
        panel.page.wait_for_timeout(400)
    panel.press("pause")
    panel.page.wait_for_timeout(300)
    arrangements = [json.loads(each) for each in panel.page.evaluate(SEEN)]
    moved = [
        (before, after)
        for each in arrangements[1:]
        for before, after in zip(arrangements[0], each, strict=True)
        if before != after
    ]
    assert moved == []


@pytest.mark.parametrize("width", [1024, 1920])
def test_nothing_is_cut_or_overlaps(show, width):
    panel = show(num_hiddens=64)
    panel.page.set_viewport_size({"width": width, "height": 768})
    panel.button("more settings").press("Enter")
    panel.ends()
    panel.page.wait_for_timeout(500)
    area = panel.page.locator(".jp-OutputArea-output").first.bounding_box()
    found = places(panel)
    panel.page.set_viewport_size({"width": 1366, "height": 768})
    assert len(found) > 20
    for i, one in enumerate(found):
        assert one["right"] <= area["x"] + area["width"] and not one["isCut"], one
        for other in found[:i]:
            is_beside = one["left"] >= other["right"] or other["left"] >= one["right"]
            is_below = one["top"] >= other["bottom"] or other["top"] >= one["bottom"]
            assert is_beside or is_below, (one, other)


@pytest.mark.parametrize("density", [1.5, 2])
def test_it_is_sharp_at_any_density(desk, show, density):
    screen = {"width": 1366, "height": 768, "mobile": False}
    session = desk.page.context.new_cdp_session(desk.page)
    look = "Emulation.setDeviceMetricsOverride"
    session.send(look, {**screen, "deviceScaleFactor": density})
    try:
        panel = show()
        panel.ends()
        ratios = panel.place.evaluate(SHARPNESS)
        assert ratios == [pytest.approx([density, density], rel=0.01)] * 3
        assert panel.drawn()["lengths"] == [100]
    finally:
        session.send(look, {**screen, "deviceScaleFactor": 1})


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_can_be_read_in_either_theme(show, theme):
    panel = show("show=['lr']", num_hiddens=64)
    panel.ends()
    panel.set(theta=None, lr=100)
    panel.shows("diverged at epoch")
    panel.find(".d2l-name").first.press("Enter")  # what is hidden is faint
    panel.find(".d2l-hidden").wait_for()
    wear(panel.page, theme)
    try:
        panel.page.wait_for_timeout(500)
        written = panel.place.evaluate(WRITTEN)
        faint = {
            words: seen
            for words, *colours in written
            if (seen := contrast(*colours)) < LEAST
        }
        assert len(written) > 20 and faint == {}
        ground = tuple(map(int, numbers(panel.place.evaluate(GROUND))[:3]))
        figure = Image.open(io.BytesIO(panel.find(".d2l-view").screenshot()))
        colours = figure.convert("RGB").getcolors(figure.width * figure.height)
        number, most = max(colours)
        assert most == ground and number > 0.7 * figure.width * figure.height
        assert (sum(ground) < 384) == ("Dark" in theme)
    finally:
        wear(panel.page, "JupyterLab Light")


def test_it_wears_the_theme_that_the_page_has_already(desk, show):
    wear(desk.page, "JupyterLab Dark")
    try:
        panel = show()
        panel.ends()
        figure = "panel => panel.querySelector('.d2l-figure').d2lFigure"
        assert panel.place.evaluate(f"{figure}.theme.isDark")
        assert panel.place.evaluate(f"{figure}.plots[0].theme.isDark")
    finally:
        wear(desk.page, "JupyterLab Light")


def contrast(colour, ground, share):
    """The contrast of two colours as CSS writes them, from 1 to 21 (WCAG 2)."""
    (red, green, blue, *alpha), ground = numbers(colour), numbers(ground)[:3]
    share *= alpha[0] if alpha else 1
    mixed = [
        share * one + (1 - share) * other
        for one, other in zip((red, green, blue), ground, strict=True)
    ]
    low, high = sorted(map(luminance, (mixed, ground)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    parts = [part / 255 for part in colour]
    linear = [
        s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in parts
    ]
    return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def numbers(colour):
    return [float(each) for each in re.findall(r"[\d.]+", colour)]


def wear(page, theme):
    """Choose one of JupyterLab's themes."""
    change = "jupyterapp.commands.execute('apputils:change-theme', { theme })"
    page.evaluate(f"theme => {{ {change} }}", theme)
    page.locator(f"body[data-jp-theme-name='{theme}']").wait_for(state="attached")
