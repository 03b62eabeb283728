"""How far back, against the function that computes it; and the panel around it."""

import numpy as np
import pytest
import torch
from driving import answer, fits, text_of

from d2l_rnn import explorers, rnn, saving, text, vanishing
from d2l_rnn.explorers import how_far_back, how_far_back_panel
from d2l_rnn.explorers.how_far_back import Look, looks
from d2l_rnn.explorers.how_far_back_panel import LONGEST, STRING, describe, draw
from d2l_rnn.explorers.unrolled import corpus


def untrained(cell):
    return rnn.make_model(cell, len(corpus()[1]), 5, seed=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Networks that nobody has to train."""
    monkeypatch.setattr(how_far_back, "trained", untrained)


@pytest.fixture
def some(quick):
    return how_far_back.networks()


# ---- the function ----


def test_a_look_is_reach_and_the_model_s_own_probability(some):
    found = looks(some, "the time", 5)
    for name, (net, vocab) in some.items():
        tokens = torch.tensor([vocab[list("the t")]])
        reach = vanishing.reach(net, tokens[:, :-1], tokens[:, -1])[0]
        np.testing.assert_allclose(found[name].reach, reach.numpy())
        outputs, _ = net(tokens[:, :-1], net.begin_state(1))
        p = torch.softmax(outputs[-1], 0)[tokens[0, -1]].item()
        assert found[name].probability == pytest.approx(p)


@pytest.mark.parametrize("share, expected", [(0, 1), (0.4, 1), (0.5, 1), (0.51, 2),
                                             (0.9, 3), (1, 3)])  # fmt: skip
def test_the_last_that_have_a_share(share, expected):
    assert Look(np.array([0.0, 0.2, 0.3, 0.5]), 0.5).last(share) == expected


def test_where_nothing_was_moved_the_reach_is_0():
    assert Look(np.zeros(3), 0.5).last() == 0


@pytest.mark.parametrize(
    "string, place, message",
    [("a", 2, "string must have at least two"), (3, 2, "string must be a string"),
     ("abc", 1, "place must be"), ("abc", 4, "place must be"),
     ("abc", 2.0, "place must be")],
)  # fmt: skip
def test_a_bad_place_is_named(some, string, place, message):
    with pytest.raises(ValueError, match=message):
        looks(some, string, place)


def test_a_share_is_a_share():
    with pytest.raises(ValueError, match="share must be"):
        Look(np.ones(3), 0.5).last(1.5)


def test_a_network_learns_something_and_is_always_the_same(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(how_far_back, "NUM_EPOCHS", 1)
    one = how_far_back.trained.__wrapped__("lstm").state_dict()
    other = how_far_back.trained.__wrapped__("lstm").state_dict()
    new = rnn.make_model(
        "lstm", len(corpus()[1]), how_far_back.NUM_HIDDENS, seed=how_far_back.SEED
    ).state_dict()
    for name, values in one.items():
        assert torch.equal(values, other[name])
        assert not torch.equal(values, new[name])


# ---- the panel ----


@pytest.fixture
def panel(quick, tmp_path):
    return explorers.HowFarBack(file=str(tmp_path / "none"))


def test_it_begins_with_the_last_letter(panel):
    assert panel.wait(30)
    assert panel.letter == len(STRING) == panel.widgets["letter"].max <= LONGEST
    assert f"Character {len(STRING)}, '{STRING[-1]}'" in text_of(panel.view.readout)
    assert panel.picture.png().startswith(b"\x89PNG")


def test_every_control_changes_chart_and_words(panel, tmp_path, some):
    chart, words = answer(panel)
    for name, value in {"letter": 9, "string": "another one"}.items():
        after, told = answer(panel, **{name: value})
        assert after != chart and told != words
        chart, words = after, told
    net, (_, vocab) = rnn.make_model("scratch", len(corpus()[1]), 4, seed=3), corpus()
    path = saving.save(tmp_path / "kept.safetensors", net, vocab)
    after, told = answer(panel, file=str(path))
    assert "yours" not in words and "yours gives it" in told
    assert len(panel.chart.plots[0].y.names) == 4


def test_a_file_that_is_not_there_is_named(panel):
    words = answer(panel, file="no & none")[1]
    assert "There is no file &#x27;no &amp; none&#x27;." in words
    assert "There is no file" not in answer(panel, file=" ")[1]


def test_a_click_chooses_the_letter(panel):
    for x, letter in ((7.2, 7), (0.3, 2), (99, len(STRING))):
        panel._clicked(0, x)
        assert panel.letter == letter


def test_the_slider_reaches_as_far_as_the_string(panel):
    slider, typed = panel.widgets["letter"], panel.widgets["string"]
    typed.value = "time"
    assert (slider.value, slider.max) == (4, 4)
    slider.value = 3
    typed.value = "times"
    assert (slider.value, slider.max) == (3, 5)
    typed.value = "é" * 1000
    assert slider.max == LONGEST
    assert panel.wait(30)


@pytest.mark.parametrize(
    "values, message",
    [({"letter": 1}, "letter must be"), ({"letter": 51}, "letter must be"),
     ({"string": "abc", "letter": 4}, "letter must be an integer from 2 to 3"),
     ({"string": 5}, "string must be a string"), ({"file": None}, "file must be")],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_all_stays(panel, values, message):
    before = panel.values
    with pytest.raises(ValueError, match=message):
        panel.set(**values)
    assert panel.values == before


@pytest.mark.parametrize("string", ["", "a"])
def test_a_string_without_a_past_is_a_complaint(panel, string):
    panel.string = string
    with pytest.raises(ValueError, match="string must have at least two characters"):
        panel.wait(30)
    assert panel.view.readout


def test_a_file_that_is_no_model_is_a_complaint(panel, tmp_path):
    path = tmp_path / "odd"
    path.write_bytes(b"odd")
    panel.file = str(path)
    with pytest.raises(ValueError, match="path must name a model"):
        panel.wait(30)


def test_a_model_of_words_is_a_complaint(panel, tmp_path):
    vocab = text.Vocab(["the", "time"])
    net = rnn.make_model("gru", len(vocab), 3)
    panel.file = str(saving.save(tmp_path / "words", net, vocab))
    with pytest.raises(ValueError, match="one that reads words"):
        panel.wait(30)


@pytest.mark.parametrize("string", ["中文", "<b>&", "\n\x00", " " * 60])
def test_odd_strings(panel, string):
    answer(panel, string=string)
    assert fits(panel.picture)
    panel.view.readout.encode()


@pytest.mark.parametrize("string", ["it", "the " * 20])
def test_nothing_is_cut_off_in_any_corner(panel, string):
    for letter in {2, min(len(string), LONGEST)}:
        answer(panel, string=string, letter=letter)
        assert fits(panel.picture)


def test_the_shades_are_shares_of_each_network_s_strongest():
    found = {"a": Look(np.array([1.0, 4.0]), 0.1), "b": Look(np.array([0, 0]), 0.2)}
    chart = draw(found, "abcd", 3)
    expected = [[0, 0, 0, 0], [0.25, 1, 0, 0]]  # the first at the top, where y is high
    np.testing.assert_allclose(chart.plots[0].shades.table, expected)
    assert chart.plots[0].y.names == ("b", "a")
    assert "b gives it 20.0%" in text_of(describe(found, "abcd", 3)).replace("  ", " ")


@pytest.mark.parametrize("place", [1, 2, 5])
def test_a_chart_is_of_its_place(place):
    found = {"a": Look(np.array([1.0, 4.0]), 0.1)}
    with pytest.raises(ValueError, match="place must be"):
        how_far_back_panel.draw(found, "abcd", place)
