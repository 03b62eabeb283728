"""The unrolled RNN, against the notes' loop; and the panel around it."""

import random

import numpy as np
import pytest
import torch
from driving import answer, fits
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from d2l_rnn import batching, explorers, rnn, training
from d2l_rnn.explorers import unrolled
from d2l_rnn.explorers.unrolled import steps_of
from d2l_rnn.explorers.unrolled_panel import LONGEST

readings = st.tuples(  # vocabulary, hidden units, seed, tokens
    *(st.integers(1, most) for most in (6, 9, 99)),
    st.lists(st.integers(0, 5), min_size=1, max_size=8),
)


def some_net(V, H, seed):
    """A net whose parameters are all larger than new ones, and none is zero."""
    net = rnn.make_model("scratch", V, H, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    net.params = [torch.randn(p.shape, generator=generator) for p in net.params]
    return net


# The function


@given(readings)
def test_steps_are_those_of_the_notes_loop(sizes):
    V, H, seed, tokens = sizes
    net, indices = some_net(V, H, seed), [token % V for token in tokens]
    reading = steps_of(net, indices)

    W_xh, W_hh, b_h, _, _ = net.params
    inputs = F.one_hot(torch.tensor(indices), V).float().unsqueeze(1)  # (T, 1, V)
    H_before = torch.zeros(1, H)
    for t, X_t in enumerate(inputs, start=1):
        outputs, (H_t,) = rnn.rnn(X_t.unsqueeze(0), (H_before,), net.params)
        torch.testing.assert_close(reading.H[t - 1], H_t[0])
        torch.testing.assert_close(
            reading.probabilities[t - 1], torch.softmax(outputs, 1)[0]
        )
        from_input, from_state, bias = reading.terms(t)
        torch.testing.assert_close(from_input, (X_t @ W_xh)[0])
        torch.testing.assert_close(from_state, (H_before @ W_hh)[0])
        assert torch.equal(bias, b_h)
        H_before = H_t


@given(readings)
def test_steps_are_those_of_the_model_called_once(sizes):
    V, H, seed, tokens = sizes
    net, indices = some_net(V, H, seed), [token % V for token in tokens]
    reading = steps_of(net, indices)
    outputs, (H_T,) = net(torch.tensor([indices]), net.begin_state(1))
    torch.testing.assert_close(reading.H[-1:], H_T)
    torch.testing.assert_close(reading.probabilities, torch.softmax(outputs, 1))


def test_steps_do_not_touch_the_net():
    net = rnn.make_model("scratch", 5, 3, seed=0)
    before = [param.detach().clone() for param in net.params]
    reading = steps_of(net, [1, 2, 3])
    assert not any(tensor.requires_grad for tensor in vars(reading).values())
    assert all(map(torch.equal, before, net.params))
    assert all(param.requires_grad and param.grad is None for param in net.params)


def test_steps_need_a_scratch_rnn_and_a_token():
    with pytest.raises(ValueError, match="net must be a scratch RNN"):
        steps_of(rnn.make_model("gru", 5, 3), [1])
    with pytest.raises(ValueError, match="indices must have at least one index"):
        steps_of(rnn.make_model("scratch", 5, 3), [])


@pytest.mark.parametrize("T", [1, 7])
def test_multiplications_are_those_that_pytorch_counts(T):
    V, H = 11, 6
    net = rnn.make_model("scratch", V, H, seed=0)
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, T).long(), net.begin_state(1))
    # A multiplication and an addition are two operations.
    assert counter.get_total_flops() == 2 * T * unrolled.multiplications(V, H)


# The model


def test_untrained_is_a_new_model():
    _, vocab = unrolled.corpus()
    new = rnn.make_model("scratch", len(vocab), 8, seed=unrolled.SEED)
    assert all(map(torch.equal, unrolled.trained(8, 0).params, new.params))


def test_training_teaches_it_something_and_is_always_the_same():
    indices, vocab = unrolled.corpus()
    net = unrolled.trained(8, 3)
    loader = batching.SequenceLoader(indices, 32, 35)
    (record,) = training.train(net, loader, 1e-30, 1)  # measured, not moved
    assert record.perplexity < 0.8 * len(vocab)

    random.seed(1)
    torch.manual_seed(1)
    unrolled.trained.cache_clear()
    assert all(map(torch.equal, unrolled.trained(8, 3).params, net.params))


def test_training_leaves_the_global_generators_alone():
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    unrolled.trained.__wrapped__(4, 1)
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])


# The panel


START = {"string": "time traveller", "num_hiddens": 16, "num_epochs": 1, "step": 14}


@pytest.fixture(scope="module")
def made():
    return explorers.UnrolledRNN(**START)


@pytest.fixture
def panel(made):
    """The panel that all tests share, as it is at `START`."""
    answer(made, **START)
    return made


def test_it_begins_at_the_end_of_the_book_s_prefix():
    panel = explorers.UnrolledRNN()
    assert panel.wait(30)
    assert (panel.string, panel.step) == ("time traveller", 14)
    assert panel.widgets["step"].max == 14
    assert panel.picture.png().startswith(b"\x89PNG")
    assert "Step <b>14</b> of T = 14" in panel.view.readout


def test_the_readout_says_what_the_model_says(panel):
    _, words = answer(panel, string="the time", step=5, num_hiddens=8, num_epochs=3)
    net, (_, vocab) = unrolled.trained(8, 3), unrolled.corpus()
    outputs, _ = net(torch.tensor([vocab[list("the t")]]), net.begin_state(1))
    p = dict(zip(vocab, torch.softmax(outputs[-1], 0).tolist(), strict=True))
    best = sorted(p, key=p.get, reverse=True)[:3]
    shown = [
        f"{'space' if token == ' ' else f'&#x27;{token}&#x27;'} {p[token]:.0%}"
        for token in best
    ]
    assert "reads &#x27;t&#x27;" in words
    assert ", ".join(f"<b>{each}</b>" for each in shown) in words
    assert f"goes on with &#x27;i&#x27; ({p['i']:.1%})" in words


def test_the_number_of_parameters_does_not_grow_and_the_work_does(panel):
    parameters = f"{sum(p.numel() for p in unrolled.trained(16, 1).params):,} param"
    each = unrolled.multiplications(len(unrolled.corpus()[1]), 16)
    for T in (1, 5, 50):
        _, words = answer(panel, string=T * "a", step=T)
        assert parameters in words
        assert f"{T * each:,} multiplications" in words


@pytest.mark.parametrize(
    "change", [{"string": "traveller time"}, {"step": 3}, {"num_hiddens": 8},
               {"num_epochs": 0}],
)  # fmt: skip
def test_every_control_changes_picture_and_words(panel, change):
    image, words = panel.view.figure, panel.view.readout
    new_image, new_words = answer(panel, **change)
    assert new_image != image
    assert new_words != words


def test_the_slider_reaches_as_far_as_the_string(panel):
    slider, typed = panel.widgets["step"], panel.widgets["string"]
    typed.value = "time"
    assert (slider.value, slider.max) == (4, 4)
    typed.value = "times"  # at the end it stays at the end
    assert (slider.value, slider.max) == (5, 5)
    slider.value = 2
    typed.value = "timesaver"  # elsewhere it stays where it is
    assert (slider.value, slider.max) == (2, 9)
    typed.value = ""
    assert (slider.value, slider.max) == (1, 1)
    typed.value = "x" * 1000
    assert (slider.value, slider.max) == (LONGEST, LONGEST)
    assert panel.wait(30)
    assert f"Of the 1,000 characters, the first {LONGEST} are" in panel.view.readout


def test_string_and_step_can_be_set_together():
    panel = explorers.UnrolledRNN(step=20, string="a" * 30, num_epochs=0)
    assert (panel.step, panel.widgets["step"].max) == (20, 30)
    panel.set(string="ab", step=1)
    assert (panel.step, panel.widgets["step"].max) == (1, 2)
    assert panel.wait(30)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"step": 15}, "step must be an integer from 1 to 14 .* got 15"),
        ({"string": "abc", "step": 4}, "step must be an integer from 1 to 3"),
        ({"step": 2.0}, "step must be an integer"),
        ({"string": 5}, "string must be a string, got 5"),
        ({"string": None, "step": 2}, "string must be a string"),
        ({"num_hiddens": 33}, "num_hiddens must be an integer from 4 to 32"),
        ({"num_epochs": -1}, "num_epochs must be an integer from 0 to 30"),
        ({"seed": 1}, "no control 'seed'"),
    ],
)
def test_what_cannot_be_is_refused_and_all_stays(made, values, message):
    made.set(**START)
    before = made.values
    with pytest.raises(ValueError, match=message):
        made.set(**values)
    assert made.values == before


def test_an_empty_string_is_a_complaint_and_the_picture_stays(panel):
    image = panel.view.figure
    panel.string = ""
    with pytest.raises(ValueError, match="string must have at least one character"):
        panel.wait(30)
    assert "string must have at least one character" in panel.view.readout
    assert panel.view.figure == image
    assert "Step" in answer(panel, string="a")[1]


@pytest.mark.parametrize(
    "string, shown",
    [
        ("中", "&lt;unk&gt; (a ? in the picture): &#x27;中&#x27;."),
        ("a😀", ": &#x27;😀&#x27;."),
        ("Time", ": &#x27;T&#x27;."),
        ("<b>&", "&#x27;&lt;&#x27;, &#x27;&gt;&#x27;, &#x27;&amp;&#x27;."),
        ("\n\x00\u200b\ud800", r"\n&#x27;, &#x27;\x00&#x27;, &#x27;\u200b"),
        ("一二三四五六", "五&#x27; and others"),
        (" " * 3, "reads space"),
        ("é" * 1_000_000, "Of the 1,000,000 characters, the first 50 are read"),
    ],
)
def test_odd_strings(made, string, shown):
    _, words = answer(made, string=string)
    assert shown in words
    assert fits(made.picture)
    words.encode()


def test_nothing_is_said_of_the_vocabulary_where_all_is_in_it(panel):
    assert "vocabulary" not in answer(panel, string="a b")[1]


def test_labels_show_spaces_and_the_unknown(made):
    answer(made, string="a é")
    assert [*made.chart.plots[0].x.names] == ["a", "␣", "?"]
    labels = made.picture.axes[1].get_xticklabels()
    assert [label.get_text() for label in labels] == ["a", "␣", "?"]


def test_bars_are_the_terms(panel):
    answer(panel, string="time", step=3)
    terms = next(plot for plot in panel.chart.plots if "Z_t" in plot.y.label)
    _, vocab = unrolled.corpus()
    reading = steps_of(unrolled.trained(16, 1), vocab[list("time")])
    expected = torch.stack(reading.terms(3)).numpy()  # (3, H)
    heights = np.array([bar.high - bar.low for bar in terms.bars]).reshape(3, -1)
    np.testing.assert_allclose(heights, abs(expected), atol=1e-6)
    for i, bar in enumerate(terms.bars):  # up and down from 0
        term = expected.flat[i]
        assert (bar.high <= 1e-6) if term < 0 else (bar.low >= -1e-6)
    sums = terms.lines[0].y
    np.testing.assert_allclose(sums, torch.atanh(reading.H[2]).numpy(), atol=1e-5)


def test_shades_are_the_states(panel):
    answer(panel, string="time", step=3)
    _, vocab = unrolled.corpus()
    states = steps_of(unrolled.trained(16, 1), vocab[list("time")]).H
    shades = panel.chart.plots[0].shades.table
    np.testing.assert_allclose(shades, (states / abs(states).max()).T, atol=1e-6)
    assert [line.at for line in panel.chart.plots[0].verticals] == [2.5, 3.5]


def next_characters(panel):
    (plot,) = (plot for plot in panel.chart.plots if plot.y.label == "probability")
    return plot


def test_the_bars_of_a_new_network_are_as_easy_to_see_as_those_of_a_trained_one(panel):
    for num_epochs, top in ((0, 0.1), (30, 1)):
        answer(panel, num_hiddens=32, num_epochs=num_epochs)
        plot = next_characters(panel)
        assert plot.y.ticks == (0, top / 2, top)
        assert max(bar.high for bar in plot.bars) > 0.25 * top


def test_the_scale_of_the_bars_is_the_same_at_all_steps(panel):
    highs = []
    for step in range(1, 15):
        answer(panel, num_epochs=30, step=step)
        highs.append(next_characters(panel).y.high)
    assert len(set(highs)) == 1


@pytest.mark.parametrize("num_hiddens", [4, 32])
@pytest.mark.parametrize("num_epochs", [0, 3])
@pytest.mark.parametrize("string", ["m", "the " * 20])
def test_nothing_is_cut_off_in_any_corner(made, num_hiddens, num_epochs, string):
    for step in {1, min(len(string), LONGEST)}:
        answer(
            made, num_hiddens=num_hiddens, num_epochs=num_epochs, string=string,
            step=step,
        )  # fmt: skip
        assert fits(made.picture)
