"""The training panel in a browser: buttons, curves, and numbers that agree."""

import time

import pytest
from looking import CLOSE_SECOND, PANEL, TOLD

pytestmark = pytest.mark.browser

SLOW = {"num_hiddens": 512, "num_epochs": 500}
# The longest time, in milliseconds, for which the parts of the panel told different
# epochs, looked at in each frame of the screen.
WATCH = """(panel, told) => {
    const tell = eval(told);
    window.apart = 0, window.looks = 0;
    let since = performance.now();
    const look = () => {
        const { readout, bar, curve, perplexities } = tell(panel);
        const [words, legend, drawn] = perplexities;
        const agree = readout === bar && bar === curve && words === legend
            && Math.abs(drawn - words) <= 0.005 * words;
        const now = performance.now();
        if (agree) since = now; else apart = Math.max(apart, now - since);
        looks += 1;
        if (looks < 60) requestAnimationFrame(look);
    };
    look();
}"""


def all_tell(panel, same_text=True):
    """The epoch that readout, bar, curve, legend and texts tell, the kernel's own."""
    epoch = panel.ask("len(explorer.history)")

    def agree():
        told = panel.told()
        words, legend, drawn = told["perplexities"]
        epochs = {told[each] for each in ("readout", "bar", "curve", "texts")}
        return (
            epochs == {epoch}
            and words == legend == pytest.approx(drawn, rel=0.005)
            and panel.drawn()["lengths"][-1] == epoch
        )

    panel.notebook.until(agree, 5)
    assert panel.ask("len(explorer.history)") == epoch
    return epoch


def test_a_slow_run_tells_one_epoch_everywhere(show):
    panel = show()
    panel.set(**SLOW)
    panel.shows("of 500")
    panel.place.evaluate(WATCH, TOLD)
    before = panel.told()["curve"]
    panel.notebook.until(lambda: panel.page.evaluate("() => looks") == 60, 30)
    assert panel.told()["curve"] > before
    assert panel.page.evaluate("() => apart") < 300
    panel.notebook.until(lambda: 0 < panel.told()["texts"] < 100, 10)

    panel.press("pause")
    panel.shows("resume")
    paused = all_tell(panel)
    panel.press("one epoch")
    panel.notebook.until(lambda: panel.told()["curve"] == paused + 1, 20)
    assert all_tell(panel) == paused + 1
    panel.press("resume")
    panel.notebook.until(lambda: panel.told()["curve"] > paused + 2, 30)
    panel.press("stop")
    panel.notebook.until(panel.button("stop").is_disabled, 20)
    stopped = all_tell(panel)
    panel.set(num_epochs=stopped + 2)
    panel.notebook.until(lambda: panel.told()["curve"] == stopped + 2, 20)
    assert all_tell(panel) == stopped + 2


def test_a_finished_run_goes_on(show):
    panel = show()
    panel.ends()
    first = panel.ask("explorer.history[99].perplexity")
    panel.press("one epoch")
    panel.notebook.until(lambda: panel.told()["curve"] == 101, 10)
    assert all_tell(panel) == 101
    panel.set(num_epochs=120)
    panel.notebook.until(lambda: panel.told()["curve"] == 120, 10)
    assert panel.ask("explorer.history[99].perplexity") == first
    assert len(panel.legend()) == 1


def drag(panel, label, values):
    """Drag a slider by mouse, from where it is over these shares of its way."""
    handle = panel.slider(label)
    box, way = handle.bounding_box(), panel.find(".noUi-base").first.bounding_box()
    page, y = panel.page, box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    for value in values:
        page.mouse.move(way["x"] + value * way["width"], y)
        page.wait_for_timeout(60)
    page.mouse.up()


def test_a_drag_leaves_its_first_and_its_last_curve(show):
    panel = show("show=['theta']", num_hiddens=64)
    panel.ends()
    panel.page.wait_for_timeout(1000)  # the hand rests longer than it passes over
    drag(panel, "theta", [0.55 + i / 40 for i in range(14)])
    last = panel.ask("explorer.theta")
    panel.ends()
    first, end = panel.legend()
    assert first.startswith("theta 1 ·") and end.startswith(f"theta {last:g} ·")
    assert len(panel.drawn()["lengths"]) == 2

    fold = panel.find(".d2l-fold")
    number = int(fold.inner_text().split()[0])
    assert "left early" in fold.inner_text() and number >= 1
    fold.press("Enter")
    assert len(panel.legend()) == 2 + number
    left = panel.find(".d2l-hidden .d2l-name").first
    left.press("Enter")
    panel.notebook.until(lambda: len(panel.drawn()["lengths"]) == 3, 5)
    assert panel.ask("len(explorer.view.hidden)") == number - 1


def test_remove_pin_and_clear(show):
    panel = show("show=['theta']")
    panel.ends()
    for theta in (0.5, 0.1):
        panel.set(theta=theta)
        panel.ends()
    assert [each.split(" ·")[0] for each in panel.legend()] == [
        "theta 1", "theta 0.5", "theta 0.1"
    ]  # fmt: skip
    panel.entry("theta 0.5").get_by_label("remove theta 0.5").press("Enter")
    panel.notebook.until(lambda: len(panel.drawn()["lengths"]) == 2, 5)
    panel.notebook.until(lambda: panel.ask("len(explorer.runs)") == 2, 5)
    pin = panel.entry("theta 1").get_by_label("keep theta 1")
    pin.press("Enter")
    panel.becomes(pin, "aria-pressed", "true")
    panel.press("clear")
    panel.notebook.until(lambda: len(panel.legend()) == 1, 5)
    assert panel.ask("[plan.setting.theta for plan in explorer.runs]") == [1]
    assert len(panel.drawn()["lengths"]) == 1


def test_a_run_that_diverges_says_so_and_flattens_no_other(show):
    panel = show("show=['lr']", num_hiddens=64)
    panel.ends()
    low, high = panel.drawn()["range"]
    panel.set(theta=None, lr=100)
    panel.shows("diverged at epoch")
    drawn = panel.drawn()
    assert drawn["range"] == pytest.approx([low, high], rel=0.05)
    assert len(drawn["arrows"]) == 1
    assert len(panel.legend()) == 2


SLEEPS = "import time\ntime.sleep(6)"


def test_a_slider_answers_while_another_cell_sleeps(show):
    panel = show()
    panel.ends()
    panel.notebook.write(1, SLEEPS)
    panel.notebook.run(1)
    panel.page.wait_for_timeout(300)
    panel.slider("theta").press("ArrowLeft")
    panel.notebook.until(lambda: len(panel.drawn()["lengths"]) == 2, 3)
    assert panel.notebook.is_running()
    panel.notebook.until(lambda: not panel.notebook.is_running(), 20)
    panel.notebook.until(lambda: panel.ask("explorer.theta") == 0.5, 10)


def test_other_cells_go_on_while_it_trains(show):
    panel = show()
    panel.set(**SLOW)
    panel.shows("of 500")
    assert panel.ask("sum(range(1000))") == 499500
    assert panel.ask("explorer.live.is_busy") and panel.told()["curve"] < 500


# A setting that was trained ahead is shown at once: there is nothing to train.
AT_ONCE = """at_once, start = [], explorer.live.start
def counted(job, apart=0, steps=None):
    if not apart:
        at_once.append(job)
    start(job, apart, steps)
explorer.live.start = counted"""


def test_twenty_moves_in_two_seconds_are_few_runs_and_the_last_is_left(show):
    panel = show()
    panel.ends()
    panel.ask("0", AT_ONCE)
    handle, begin = panel.slider("theta"), time.monotonic()
    before = panel.ask("explorer.live.num_begun")
    for i in range(20):
        handle.press("ArrowLeft" if i < 6 or i % 2 else "ArrowRight")
        panel.page.wait_for_timeout(80)
    seconds = time.monotonic() - begin  # two, or more on a busy machine
    panel.notebook.until(lambda: panel.ask("explorer.theta") == 0.01, 10)
    panel.ends()
    assert panel.ask("explorer.current.plan == explorer.plan")
    assert panel.told()["curve"] == 100
    begun = panel.ask("explorer.live.num_begun") - before
    assert begun <= 2 + 3 * seconds + panel.ask("len(at_once)")


@pytest.mark.parametrize("how", ["run again", "cleared"])
def test_a_run_that_nobody_sees_any_more_stops(show, how):
    panel = show()
    panel.set(**SLOW)
    panel.shows("of 500")
    panel.ask("0", "abandoned = explorer")
    if how == "run again":
        panel.notebook.run(0)
    else:
        panel.notebook.command("notebook:clear-all-cell-outputs")
    stops = "not abandoned.live.is_busy"
    panel.notebook.until(lambda: panel.ask(stops), 3)
    panel.ask("0", "length = len(abandoned.history)\nimport time; time.sleep(0.5)")
    assert panel.ask("len(abandoned.history) == length < 500")


def test_a_second_view_shows_the_same_and_may_be_closed(show):
    panel = show()
    panel.set(**SLOW)
    panel.shows("of 500")
    panel.notebook.go_to(0)
    panel.notebook.command("notebook:create-output-view")
    second = panel.page.locator(f".jp-LinkedOutputView {PANEL}")
    second.wait_for(timeout=10_000)
    there = second.locator(".d2l-entry")
    panel.notebook.until(lambda: there.count() == 2, 10)
    panel.press("pause")
    panel.shows("resume")
    all_tell(panel)
    assert second.evaluate(TOLD) == panel.told()
    panel.press("resume")
    before = panel.told()["curve"]
    panel.page.evaluate(CLOSE_SECOND)
    second.wait_for(state="detached", timeout=5_000)
    panel.notebook.until(lambda: panel.told()["curve"] > before + 2, 20)
