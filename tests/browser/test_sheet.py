"""The panel inside one minibatch in a browser: pointing at numbers."""

import _lab
import pytest
from looking import PANEL
from test_looks import GROUND, LEAST, WRITTEN, contrast, numbers, wear

pytestmark = pytest.mark.browser

SHOWN = (
    "from d2l_rnn import explorers\n\nexplorer = explorers.OneMinibatch({})\nexplorer"
)
# The words of each table's cells of some class.
MARKED = """(panel, name) => [...panel.querySelectorAll('.d2l-cell.d2l-' + name)].map(
    each => [each.closest('table').caption.innerText.replace(/\\s/g, ''),
             each.innerText])"""
SIZES = """panel => [...panel.querySelectorAll('.d2l-sheet > *, .d2l-sheet table')].map(
    each => [each.offsetLeft, each.offsetTop, each.offsetWidth, each.offsetHeight])"""
WRITTEN = WRITTEN.split("const { theme }")[0] + "return written; }"


@pytest.fixture
def shown(show_at_rest):
    """Shows the panel in the first cell of a notebook; its place on the page."""
    return lambda arguments="": show_at_rest(
        SHOWN.format(arguments), ".d2l-board table", 20
    )


def on_page(ground, page):
    """The ground of words; one that is mixed in CSS lets the page's shine through."""
    if not ground.startswith("color(srgb"):
        return ground
    *parts, share = (float(each) for each in ground[10:-1].replace("/", " ").split())
    mixed = [
        255 * share * part + (1 - share) * other
        for part, other in zip(parts, page, strict=True)
    ]
    return f"rgb{tuple(mixed)}"


def cell(panel, name):
    """The number of this name, as a screen reader tells it."""
    return panel.locator(f".d2l-cell[aria-label^='{name}:']")


def said(panel):
    return panel.locator(".d2l-number").inner_text()


def test_a_stage_explains_its_number_without_a_hand(desk, shown):
    panel = shown("stage=9")
    desk.until(lambda: "(X2 Wxh)[1] = 0.284216" in said(panel).replace("\n", ""), 10)
    assert "bptt.forward, line " in said(panel)
    assert panel.locator(".d2l-code mark").all_inner_texts() == ["W_xh[X_t]"]
    assert panel.evaluate(MARKED, "pointed") == [["XtWxh", "0.284"]]
    sources = panel.evaluate(MARKED, "source")
    assert [table for table, _ in sources] == ["Wxh"] * 4 + ["Xt"] * 4
    new = panel.evaluate(MARKED, "new")
    assert [table for table, _ in new] == ["XtWxh"] * 3 + ["Ht−1Whh"] * 3


def test_the_mouse_points_and_a_click_stays(desk, shown):
    panel = shown("stage=11")
    cell(panel, "Z 2[2]").hover()
    desk.until(lambda: "W_xh[X_t] + H[-1] @ W_hh + b_h" in said(panel), 5)
    parts = panel.locator(".d2l-sum span").all_inner_texts()
    assert len(panel.evaluate(MARKED, "source")) == 3 and len(parts) == 5
    cell(panel, "H 1[1]").click()
    panel.locator(".d2l-readout").hover()
    desk.until(lambda: said(panel).startswith("H1[1]") or "tanh(" in said(panel), 5)
    assert panel.evaluate(MARKED, "pointed") == [["Ht", "0.647"]]
    assert panel.evaluate(MARKED, "source") == [["Zt", "0.770"]]
    cell(panel, "Z 3[1]").hover()
    desk.until(lambda: "not computed yet" in said(panel), 5)


def test_keys_go_from_number_to_number(desk, shown):
    panel = shown("stage=11")
    cell(panel, "W hh[1, 1]").focus()
    for key, name in (("ArrowRight", "W hh[1, 2]"), ("ArrowDown", "W hh[2, 2]"),
                      ("End", "W hh[2, 3]"), ("Home", "W hh[2, 1]")):  # fmt: skip
        desk.page.keyboard.press(key)
        focused = desk.page.evaluate("document.activeElement.ariaLabel")
        assert focused.startswith(f"{name}: ")
        assert len(panel.evaluate(MARKED, "pointed")) == 1
    assert panel.locator(".d2l-cell[tabindex='0']").count() == 15  # one a table
    desk.page.keyboard.press("Escape")
    desk.until(lambda: "tanh(" in said(panel), 5)
    desk.page.keyboard.press("Tab")
    focused = desk.page.evaluate("document.activeElement.ariaLabel")
    assert focused.startswith("b h[1]: ")


def test_a_chapter_goes_there_and_play_goes_on(desk, shown):
    panel = shown("num_steps=1")
    panel.get_by_role("button", name="clipping").click()
    desk.until(lambda: desk.ask("explorer.stage") == 17, 10)
    chapter = panel.locator("[aria-current='step']")
    desk.until(lambda: chapter.all_inner_texts() == ["clipping"], 5)
    panel.get_by_role("button", name="play").press("Enter")
    number = panel.locator(".d2l-number")
    desk.until(lambda: number.get_attribute("aria-live") == "off", 10)
    desk.until(lambda: desk.ask("explorer.stage") == 20, 30)
    panel.get_by_role("button", name="play").wait_for(timeout=5000)
    panel.get_by_role("button", name="take the step").press("Enter")
    desk.until(lambda: "1 step taken" in panel.inner_text(), 10)
    assert chapter.all_inner_texts() == ["new loss"]


def test_theta_acts_on_the_bars(desk, shown):
    panel = shown("stage=48")
    widths = (
        "panel => [...panel.querySelectorAll('.d2l-bar')].map(each => each.style.width)"
    )
    before, after = panel.evaluate(widths)
    assert before == "100%" and 60 < float(after.rstrip("%")) < 61
    theta = panel.locator(".widget-slider:has-text('theta') .noUi-handle")
    theta.press("ArrowLeft")
    desk.until(lambda: panel.evaluate(widths)[1].startswith("24."), 10)
    theta.press("End")
    desk.until(lambda: "theta is off" in panel.inner_text(), 10)
    assert panel.evaluate(widths) == ["100%", "100%"]


def test_nothing_moves_from_stage_to_stage(desk, shown):
    panel = shown("num_hiddens=4")
    before = panel.evaluate(SIZES)
    for stage in range(2, 30, 3):
        desk.ask("0", f"explorer.stage = {stage}; explorer.wait(10)")
        text = f"Stage {stage} of"
        desk.until(lambda text=text: text in panel.inner_text(), 10)
        assert panel.evaluate(SIZES) == before


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_can_be_read_in_either_theme(desk, shown, theme):
    panel = shown("stage=34")
    wear(desk.page, theme)
    try:
        desk.page.wait_for_timeout(500)
        written, page = panel.evaluate(WRITTEN), numbers(panel.evaluate(GROUND))[:3]
        faint = [
            words
            for words, colour, ground, share in written
            if contrast(colour, on_page(ground, page), share) < LEAST
        ]
        assert len(written) > 100 and faint == []
    finally:
        wear(desk.page, "JupyterLab Light")


def test_a_finger_points_on_a_narrow_page(open_notebook, folder):
    _lab.write_notebook(
        folder / "narrow.ipynb", SHOWN.format("stage=11, num_hiddens=8")
    )
    notebook = open_notebook("narrow.ipynb", width=400, height=850, has_touch=True)
    notebook.command("application:toggle-left-area")
    notebook.run(0)
    panel = notebook.page.locator(PANEL).first
    panel.locator(".d2l-board table").first.wait_for(timeout=20_000)
    cell(panel, "H 1[8]").tap()
    notebook.until(lambda: "tanh(" in said(panel), 10)
    assert len(panel.evaluate(MARKED, "pointed")) == 1
    view = panel.locator(".d2l-sheet")
    assert view.evaluate("each => each.scrollWidth <= each.clientWidth + 1")
