"""Inside one minibatch: its numbers, where they come from, and the panel."""

import inspect
import math

import pytest
import torch
from driving import answer, text_of, until
from torch.nn import functional as F

from d2l_rnn import bptt, clipping, explorers, rnn
from d2l_rnn.explorers import playing
from d2l_rnn.explorers.one_minibatch import begin, num_read, step, trained
from d2l_rnn.explorers.one_minibatch_sheet import sheet_of
from d2l_rnn.explorers.one_minibatch_stages import PARAMS, stages
from d2l_rnn.explorers.one_minibatch_words import describe
from d2l_rnn.explorers.sheet import Board, Sheet, Table, name_of
from d2l_rnn.explorers.sheet_picture import brief
from d2l_rnn.explorers.source_lines import line_of

SETTINGS = (
    {}, {"num_hiddens": 8, "num_steps": 6}, {"num_hiddens": 1, "num_steps": 1},
    {"text": "aa"}, {"text": "a{}b_c ", "num_steps": 6, "seed": 3},
    {"theta": None, "lr": 2.0}, {"theta": 0.01, "num_taken": 3},
    {"lr": 100.0, "theta": None, "num_taken": 100, "num_hiddens": 8},
)  # fmt: skip
KNOWN = {
    "exp": math.exp, "log": math.log, "tanh": math.tanh, "sqrt": math.sqrt, "min": min
}  # fmt: skip


def made(text="hello hello", **values):
    return trained(text, **values)


# The numbers


@pytest.mark.parametrize("values", SETTINGS)
def test_the_gradients_are_those_of_autograd_and_of_bptt(values):
    done, _ = made(**values)
    params = [param.clone().requires_grad_() for param in done.params]
    one_hot = F.one_hot(done.X[:, None], len(done.letters)).double()
    H_0 = torch.zeros(1, done.H.shape[1], dtype=torch.float64)
    outputs, _ = rnn.rnn(one_hot, (H_0,), params)
    outputs.retain_grad()
    loss = F.cross_entropy(outputs, done.Y)
    loss.backward()
    assert done.loss == pytest.approx(loss.item(), abs=1e-6)
    torch.testing.assert_close(done.O, outputs.detach(), atol=1e-6, rtol=0)
    torch.testing.assert_close(done.dO, outputs.grad, atol=1e-6, rtol=0)
    H, O = bptt.forward(done.X[None], H_0, done.params)  # noqa: E741
    _, dO = bptt.cross_entropy(O, done.Y[None])
    by_hand, dH, dZ = bptt.backward(done.X[None], H, dO, done.params)
    for mine, other, param in zip(done.gradients, by_hand, params, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-6, rtol=0)
        torch.testing.assert_close(mine, param.grad, atol=1e-6, rtol=1e-9)
    torch.testing.assert_close(done.dH, dH[:, 0], atol=1e-6, rtol=0)
    torch.testing.assert_close(done.dZ, dZ[:, 0], atol=1e-6, rtol=0)


def test_the_step_is_that_of_torch_and_leaves_the_parameters():
    before = begin(4, 3, seed=0)
    params = [param.clone().requires_grad_() for param in before]
    X, Y = torch.tensor([0, 1, 2, 2]), torch.tensor([1, 2, 2, 3])
    done = step(tuple("helo"), X, Y, before, theta=0.5, lr=2)
    H_0 = torch.zeros(1, 3, dtype=torch.float64)
    sgd = torch.optim.SGD(params, lr=2)
    outputs, _ = rnn.rnn(F.one_hot(X[:, None], 4).double(), (H_0,), params)
    F.cross_entropy(outputs, Y).backward()
    norm = torch.nn.utils.clip_grad_norm_(params, 0.5)
    assert done.norm == pytest.approx(norm.item()) and done.norm > 0.5
    sgd.step()
    for mine, theirs, kept, first in zip(
        done.stepped, params, done.params, begin(4, 3, seed=0), strict=True
    ):
        torch.testing.assert_close(mine, theirs.detach(), atol=1e-6, rtol=0)
        assert torch.equal(kept, first) and not mine.requires_grad
    outputs, _ = rnn.rnn(F.one_hot(X[:, None], 4).double(), (H_0,), done.stepped)
    assert done.new_loss == pytest.approx(F.cross_entropy(outputs, Y).item(), abs=1e-6)


def test_the_next_step_begins_where_this_one_ends():
    first, second = made()[0], made(num_taken=1)[0]
    for one, other in zip(first.stepped, second.params, strict=True):
        assert torch.equal(one, other)
    assert second.loss == pytest.approx(first.new_loss, abs=1e-12)
    _, losses = made(num_taken=8)
    assert len(losses) == 9 and losses[0] == first.loss and losses[-1] < 0.35


@pytest.mark.parametrize("theta", [0.1, 0.5, 5.0, None])
def test_clipping_keeps_the_direction_and_at_most_theta(theta):
    done, _ = made(theta=theta)
    kept = clipping._norm(done.clipped)
    assert kept == pytest.approx(min(done.norm, theta or math.inf))
    for whole, part in zip(done.gradients, done.clipped, strict=True):
        torch.testing.assert_close(part, done.factor * whole)


@pytest.mark.parametrize(
    "text, num_steps, read", [("hello", 4, 4), ("hello", 6, 4), ("ab", 1, 1)]
)
def test_each_letter_that_is_read_has_one_after_it(text, num_steps, read):
    assert num_read(text, num_steps) == read
    done, _ = trained(text, num_steps=num_steps)
    letters = [done.letters[i] for i in done.X], [done.letters[i] for i in done.Y]
    assert "".join(letters[0]) == text[:read]
    assert "".join(letters[1]) == text[1 : read + 1]


@pytest.mark.parametrize(
    "bad, name",
    [({"text": "a"}, "text"), ({"text": ""}, "text"), ({"text": None}, "text"),
     ({"num_steps": 7}, "num_steps"), ({"num_hiddens": 9}, "num_hiddens"),
     ({"num_hiddens": 0}, "num_hiddens"), ({"theta": 0}, "theta"),
     ({"theta": -1.0}, "theta"), ({"lr": -1}, "lr"), ({"lr": math.nan}, "lr"),
     ({"seed": -1}, "seed"), ({"num_taken": -1}, "num_taken")],
)  # fmt: skip
def test_a_bad_value_is_named(bad, name):
    with pytest.raises(ValueError, match=name):
        made(**bad)


# Where each number comes from


def places(sheet):
    return [
        (name, row, column)
        for name, table in sheet.tables.items()
        for row in range(len(table.rows))
        for column in range(len(table.columns))
    ]


@pytest.mark.parametrize("values", SETTINGS)
def test_every_formula_in_numbers_gives_its_number(values):
    sheet, num_formulas = sheet_of(made(**values)[0]), 0
    for name, row, column in places(sheet):
        words = sheet.tables[name].numbers(row, column)
        if not words:
            continue
        code = "".join(
            each if isinstance(each, str) else f"({sheet.value(each)!r})"
            for each in words
        )
        found = eval(code.replace("·", "*").replace("²", "**2"), dict(KNOWN))
        expected = sheet.value((name, row, column))
        assert found == pytest.approx(expected, abs=1e-6, rel=1e-9), (name, row, column)
        num_formulas += 1
    assert num_formulas > 30


def test_only_what_is_given_has_no_formula():
    sheet = sheet_of(made()[0])
    given = {name for name, row, column in places(sheet)
             if not sheet.tables[name].numbers(row, column)}  # fmt: skip
    assert given == {*PARAMS, "X", "Y", "new p"}


@pytest.mark.parametrize("values", SETTINGS)
def test_nothing_is_computed_from_what_comes_later(values):
    sheet = sheet_of(made(**values)[0])
    for name, row, column in places(sheet):
        table = sheet.tables[name]
        for source in table.numbers(row, column):
            if not isinstance(source, str):
                assert sheet.tables[source[0]].at[source[1]] <= table.at[row]


@pytest.mark.parametrize("values", SETTINGS)
def test_each_stage_is_about_a_number_that_is_new_then_and_seen(values):
    done, _ = made(**values)
    seen = set()
    for number, (stage, order) in enumerate(
        zip(sheet_of(done).stages, stages(done.num_steps), strict=True), 1
    ):
        sheet = sheet_of(done, number)
        name, row, _ = stage.about
        assert sheet.tables[name].at[row] == number
        shown = {each for names in sheet.board.groups.values() for each in names}
        assert name in shown
        new = {each for each, table in sheet.tables.items() if number in table.at}
        assert new <= shown
        for each in new:  # what they are computed from can be pointed at
            table = sheet.tables[each]
            for i in [i for i, at in enumerate(table.at) if at == number]:
                words = table.numbers(i, 0)
                assert {w[0] for w in words if not isinstance(w, str)} <= shown
        seen.add(order[0])
    assert len(seen) == 7 + 1 + 3 + 5 + 4


def test_every_number_has_a_line_of_the_source_as_it_is():
    sheet = sheet_of(made(num_taken=1)[0], num_taken=1)
    sheets = sheet, sheet_of(made()[0])
    lines = {line for each in sheets for t in each.tables.values() for line in t.lines}
    assert all(table.lines for each in sheets for table in each.tables.values())
    names = {line.name.split(".")[0] for line in lines}
    assert names == {"bptt", "clipping", "optimizers", "rnn", "explorers"}
    whole = inspect.getsource(bptt).splitlines()
    for line in lines:
        assert line.part in line.code
        if line.name.startswith("bptt."):
            assert whole[line.number - 1].strip() == line.code


def test_a_line_that_is_not_there_or_there_twice_is_refused():
    with pytest.raises(ValueError, match=r"one line of bptt\.backward"):
        line_of(bptt.backward, "no such line")
    with pytest.raises(ValueError, match="one line"):
        line_of(bptt.backward, "dZ")


def test_the_lines_of_the_backward_pass_are_those_of_its_formulas():
    tables = sheet_of(made()[0]).tables
    assert [line.code.split("#")[0].strip() for line in (
        *tables["dH"].lines, *tables["dZ"].lines, *tables["later"].lines)] == [
        "dH_t = dO_t @ W_hq.T + from_later", "dZ_t = dH_t * (1 - H_t**2)",
        "from_later = dZ_t @ W_hh.T"]  # fmt: skip


def test_names_tell_the_step_the_letter_and_the_unit():
    sheet = sheet_of(trained("a{}b_c ", num_steps=6)[0])
    assert name_of(sheet, ("H", 2, 0)) == "H_2[1]"
    assert name_of(sheet, ("HW", 1, 1)) == "(H_1 W_hh)[2]"
    assert name_of(sheet, ("W_xh", 1, 2)) == "W_xh[{, 3]"
    assert name_of(sheet, ("b_q", 0, 2)) == "b_q[}]"
    assert name_of(sheet, ("O", 0, 6)) == "O_1[␣]"
    assert name_of(sheet, ("loss", 0, 0)) == "L"


def test_what_is_no_sheet_is_refused():
    done, _ = made()
    table = sheet_of(done).tables["X"]
    with pytest.raises(ValueError, match="stage"):
        sheet_of(done, 51)
    with pytest.raises(ValueError, match="done must be"):
        sheet_of(None)
    with pytest.raises(ValueError, match="sheet must be"):
        name_of(None, ("X", 0, 0))
    with pytest.raises(ValueError, match="boards must begin with stage 1"):
        Sheet({"X": table}, [Board("later", 2, {})], sheet_of(done).stages)
    with pytest.raises(ValueError, match="values must have a row"):
        Table("X", ["a"], ["b", "c"], table.values, ["a"], [1], "", [])


@pytest.mark.parametrize(
    "value, words",
    [(0.0, "0"), (-0.0, "0"), (1.0, "1"), (0.25, "0.250"), (-0.0314, "−0.031"),
     (12.34, "12.3"), (-123.4, "−123"), (0.00012, "1e−4"), (1e6, "1e6"),
     (-1e6, "−1e6"), (5.678, "5.68"), (float("inf"), "∞"), (float("nan"), "?")],
)  # fmt: skip
def test_numbers_are_short(value, words):
    assert brief(value) == words


# The words, the picture and the panel


@pytest.mark.parametrize("values", SETTINGS)
def test_every_stage_has_words_and_a_picture_that_holds_all(values):
    done, losses = made(**values)
    told = [
        describe(done, i, losses) for i in range(1, 1 + len(stages(done.num_steps)))
    ]
    assert len(set(told)) == len(told)
    for stage in {1, 5, 7 * done.num_steps + 2, len(told) - 2, len(told)}:
        picture = sheet_of(done, stage).picture()
        box, (width, height) = picture.get_tightbbox(), picture.get_size_inches()
        assert min(box.x0, box.y0) > -0.001  # inches
        assert box.x1 < width + 0.001 and box.y1 < height + 0.001
        assert picture.png() and "tables of" in picture.alt


def test_the_words_of_clipping_follow_theta():
    def told(theta):
        done, losses = made(theta=theta)
        return text_of(describe(done, 48, losses))

    assert "0.83 is longer than theta = 0.5" in told(0.5)
    assert "0.83 is not longer than theta = 1" in told(1.0)
    assert "Theta is off" in told(None)


@pytest.fixture
def panel():
    panel = explorers.OneMinibatch()
    assert panel.wait(30)
    yield panel
    panel.close()


def test_the_panel_answers_every_control(panel):
    for name, value in {
        "text": "banana", "num_hiddens": 5, "num_steps": 5, "theta": 0.1, "lr": 2,
        "seed": 4, "num_taken": 2,
    }.items():  # fmt: skip
        before = panel.view.sheet
        answer(panel, **{name: value})
        assert panel.view.sheet != before
    sent = []
    panel.view.observe(lambda change: sent.append(change["name"]))
    answer(panel, stage=9)
    assert panel.view.stage == 9 and "sheet" not in sent
    assert "Stage <b>9</b> of 60" in panel.view.readout
    assert panel.view.alt == " ".join(panel.view.alt.split()) != ""
    png, words = panel.finished()
    assert png.startswith(b"\x89PNG") and words == panel.view.readout


def test_the_stage_stays_the_same_moment_when_the_steps_change(panel):
    for stage, num_steps, moved in ((48, 6, 68), (68, 2, 28), (2, 4, 2), (9, 1, 2)):
        panel.set(num_steps=panel.num_steps, stage=stage)
        panel.num_steps = num_steps
        assert panel.stage == moved
    panel.set(num_steps=6, stage=70)
    panel.text = "abc"
    assert panel.stage == panel.widgets["stage"].max == 30
    with pytest.raises(ValueError, match="there are 30 stages"):
        panel.stage = 31
    assert panel.wait(30) and "only T = 2 letters" in panel.view.readout


def test_a_text_that_is_too_short_is_told_of(panel):
    panel.text = "a"
    with pytest.raises(ValueError, match="text must have two letters or more"):
        panel.wait(30)
    assert "two letters or more" in panel.view.readout
    answer(panel, text="ab")
    assert "Stage" in panel.view.readout


def test_play_goes_through_the_stages_and_a_chapter_ends_it(panel, monkeypatch):
    monkeypatch.setattr(playing, "APART", 0.01)
    panel.set(num_steps=1, stage=1)
    panel.player.button.value = True
    assert panel.view.is_running
    until(lambda: panel.stage == 20)
    until(lambda: not panel.player.is_playing)
    assert not panel.view.is_running
    panel.player.button.value = True
    panel.view._heard(None, {"event": "go", "stage": 17}, [])
    assert panel.stage == 17 and not panel.player.is_playing
    panel.view._heard(None, {"event": "go", "stage": 99}, [])
    assert panel.stage == 20


def test_the_button_takes_the_step(panel):
    take = next(
        each for each in panel.panel.children[1].children
        if getattr(each, "description", "") == "take the step"
    )  # fmt: skip
    panel.stage = 50
    for taken in (1, 2):
        take.click()
        assert panel.num_taken == taken and panel.stage == 50
    assert panel.wait(30)
    assert "2 steps taken; the loss so far: 1.514 → 1.204 → " in panel.view.readout
    panel.num_taken = 100
    take.click()
    assert panel.num_taken == 100
