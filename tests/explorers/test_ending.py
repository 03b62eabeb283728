"""When a panel ends, and what is left of it: neither a thread nor a widget."""

import gc
import sys
import threading
import weakref

import pytest
from driving import all_in, until
from soak import panels

from d2l_rnn import explorers

_instances = pytest.importorskip("ipywidgets.widgets.widget")._instances
# A run that goes on for minutes.
ENDLESS = {"text": "story", "num_hiddens": 256, "num_epochs": 500}


def threads():
    return [each for each in threading.enumerate() if each.name == "d2l_rnn explorer"]


@pytest.fixture(autouse=True)
def none_before():
    """Other tests' panels have ended."""
    gc.collect()
    until(lambda: not threads())


@pytest.mark.parametrize("name", sorted(explorers.PANELS))
def test_a_panel_without_a_name_leaves_nothing(name):
    def use():
        panel = getattr(explorers, name)()
        panel.set(**panel.values)
        panel.wait(1)

    use()  # what is kept for all panels, such as a font, is made now
    until(lambda: not threads())
    gc.collect()
    before = len(_instances)
    for _ in range(3):
        use()
    until(lambda: not threads(), 5)
    gc.collect()
    assert len(_instances) == before


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_run_ends_with_the_last_name_of_its_panel(is_paused):
    panel = explorers.Training(**ENDLESS)
    until(lambda: panel.history)  # noqa: F821
    if is_paused:
        panel.pause()
    del panel
    until(lambda: not threads(), 5)


def test_a_name_given_anew_five_times_is_one_run():
    panels = weakref.WeakSet()
    for _ in range(5):
        panel = explorers.Training(**ENDLESS)
        panels.add(panel)
        until(lambda panel=panel: panel.history)
    until(lambda: len(threads()) == 1, 5)
    assert [*panels] == [panel]
    panel.close()


def test_a_player_ends_with_its_panel():
    panel = explorers.UnrolledRNN(num_epochs=0)
    panel.player.button.value = True
    until(lambda: panel.step == 2)  # noqa: F821
    del panel
    until(
        lambda: not any(type(each) is threading.Timer for each in threading.enumerate())
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory from /proc")
@pytest.mark.parametrize("name", ["Training", "Minibatches"])
def test_thirty_panels_leave_nothing_and_less_than_ten_mebibytes(name):
    left = panels.in_a_process(name, number=30)
    assert left.pop("MiB") < 10
    assert left == {"widgets": 0, "threads": 0}


@pytest.fixture
def panel():
    panel = explorers.Training(text="story", num_hiddens=8, num_epochs=2)
    assert panel.wait(30)
    yield panel
    panel.close()


def test_a_closed_panel_can_be_read_but_not_set(panel):
    panel.close()
    panel.close()
    before, values = [*panel.history], panel.values
    for use in (
        lambda: setattr(panel, "theta", 2), lambda: panel.set(lr=2), panel.start,
        panel.step, panel.clear, panel.draw_again, panel.reset,
        panel._ipython_display_,
    ):  # fmt: skip
        with pytest.raises(ValueError, match="this Training is closed: make a new one"):
            use()
    for use in (panel.stop, panel.pause, panel.resume):
        use()
    assert panel.is_closed and panel.wait(0)
    assert panel.values == values and panel.history == before
    assert panel.finished() and repr(panel)
    assert not threads()


def test_a_widget_of_a_closed_panel_does_nothing(panel):
    widget = panel.widgets["theta"]
    panel.close()
    widget.value = 5
    assert panel.wait(0) and len(panel.runs) == 1


def test_a_closed_panel_has_closed_what_says_how_its_widgets_look(panel):
    every = [*all_in(panel.panel)]
    looks = [each.layout for each in every]
    panel.close()
    assert all(each.comm is None for each in [*every, *looks])


def test_a_panel_can_be_closed_in_its_own_thread(panel):
    panel.live.ask(panel.close)
    until(lambda: panel.is_closed and not threads())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"theta": -1}, "theta must be"), ({"nothing": 1}, "no control 'nothing'"),
        ({"show": ["x"]}, "^show: there is no control 'x'"),
        ({"show": "theta"}, "show must be"),
        *(({"show": show}, "show must be") for show in (3, None, [["x"]], {"theta"})),
        *(({"tries": tries}, "tries must be a dict") for tries in (3, [1], "ab")),
        ({"tries": {"a": 3}}, r"tries\['a'\] must be a dict"),
        ({"tries": {"a": [("lr", 1)]}}, r"tries\['a'\] must be a dict"),
        ({"tries": {3: {"lr": 1}}}, "each label of tries must be a string, got 3"),
        ({"tries": {"a": {3: 1}}}, r"^tries\['a'\]: there is no control 3"),
        ({"tries": {"a": {"lr": -1}}}, r"^tries\['a'\]: lr must be"),
    ],
)  # fmt: skip
def test_a_panel_that_cannot_be_made_leaves_nothing(values, words):
    before = len(_instances)
    with pytest.raises(ValueError, match=words):
        explorers.Training(**values)
    assert len(_instances) == before


# In a kernel.

BRIEF = "explorers.Training(text='story', num_hiddens=8, num_epochs=2)"
SEEN = """import gc
from ipywidgets.widgets.widget import _instances
from d2l_rnn.explorers.training import Training
gc.collect()
print(sum(type(each) is Training for each in gc.get_objects()), len(_instances))
"""


@pytest.fixture(scope="module")
def run():
    """Run code in a kernel, in a cell of this name if any; what is printed there."""
    client = pytest.importorskip("jupyter_client", reason="Jupyter is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    specs = client.kernelspec.KernelSpecManager(kernel_dirs=[])  # this Python's own
    manager = client.KernelManager(kernel_spec_manager=specs)
    manager.start_kernel()
    kernel = manager.blocking_client()
    kernel.start_channels()
    kernel.wait_for_ready(60)

    def run(code, **metadata):
        message = kernel.session.msg(
            "execute_request",
            {"code": code, "store_history": True, "stop_on_error": False},
            metadata=metadata,
        )
        kernel.shell_channel.send(message)
        printed, errors, asked = "", [], message["header"]["msg_id"]
        while True:
            answer = kernel.get_iopub_msg(timeout=60)
            if answer["parent_header"].get("msg_id") == asked:
                if answer["msg_type"] == "error":
                    errors.append(answer["content"]["evalue"])
                printed += answer["content"].get("text", "")
                if answer["content"].get("execution_state") == "idle":
                    assert errors == []
                    return printed

    run("from d2l_rnn import explorers")
    yield run
    kernel.stop_channels()
    manager.shutdown_kernel()  # in good order: coverage.py writes what it has measured


@pytest.fixture
def seen(run):
    """How many training panels and widgets the kernel has, above those it had."""
    panels, widgets = map(int, run(SEEN).split())

    def seen():
        now = [int(each) for each in run(SEEN).split()]
        return now[0] - panels, now[1] - widgets

    return seen


@pytest.mark.parametrize(
    "source",
    [
        BRIEF, f"display({BRIEF})", f"panel = {BRIEF}\npanel",
        f"panel = {BRIEF}\ndisplay(panel, panel)\npanel",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["cellId", "colab"])
def test_a_cell_run_again_ends_what_it_has_shown(run, seen, source, place):
    cell = {"cellId": "a"} if place == "cellId" else {"colab": {"cell_id": "a"}}
    run(source, **cell)
    _, widgets = seen()
    for _ in range(3):
        run(source, **cell)
        assert seen() == (1, widgets)
    run("panel = None", **cell)
    assert seen() == (0, 0)


def test_a_panel_that_is_shown_needs_no_name(run, seen):
    run(f"panel = {BRIEF}\npanel", cellId="a")
    run("Out.clear(); del panel, _", cellId="b")
    assert seen()[0] == 1
    run("", cellId="a")  # nothing runs
    run("0", cellId="a")
    assert seen()[0] == 0


def test_a_panel_with_a_name_elsewhere_outlives_the_cell_that_shows_it(run, seen):
    run(f"panel = {BRIEF}", cellId="a")
    for _ in range(2):
        run("panel", cellId="b")
        run("panel", cellId="c")
    run("0", cellId="b")
    assert run("print(panel.is_closed)", cellId="c") == "False\n"
    run("del panel", cellId="c")
    assert seen()[0] == 0


def test_where_cells_cannot_be_told_apart_a_panel_stays_until_it_is_closed(run, seen):
    for _ in range(2):
        run(f"panel = {BRIEF}\npanel")
        run("del panel")
    assert seen()[0] == 2
    run(
        "import gc; from d2l_rnn.explorers.training import Training\n"
        "for each in gc.get_objects():\n"
        "    if type(each) is Training: each.close()\n"
        "del each",
    )
    assert seen() == (0, 0)


def test_an_error_in_a_cell_run_again_keeps_no_panel(run, seen):
    run(BRIEF, cellId="a")
    with pytest.raises(AssertionError, match="division by zero"):
        run("1 / 0", cellId="a")
    assert seen()[0] == 0
