import math
from collections import Counter

import pytest
from driving import fits
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn import explorers
from d2l_rnn.explorers import ngram_text
from d2l_rnn.explorers.ngram_text import (
    Division,
    describe,
    divide,
    longest_copy,
    perplexities,
    write,
)
from d2l_rnn.ngrams import NGramModel

STORY = {"text": "story", "num_chars": 2000}


def test_a_text_is_divided_and_its_end_is_new():
    division = divide("story", num_chars=2000)
    whole = ngram_text.characters("story")
    assert whole.startswith(division.seen) and len(division.seen) == 2000
    assert whole.endswith(division.new) and len(division.new) == len(whole) // 10
    assert division.vocab == " abcdefghijklmnopqrstuvwxyz"


def test_of_a_short_text_all_but_the_last_tenth_is_seen():
    own = "a bc\ndé 光 " * 20
    division = divide("own", own)
    assert division.seen + division.new == " ".join(own.split())
    assert len(division.new) == len(" ".join(own.split())) // 10


@pytest.mark.parametrize("own", ["", " \n ", "x", "short", "x" * 99, " x" * 49])
def test_a_text_too_short_is_refused_by_name(own):
    with pytest.raises(ValueError, match="own_text must have at least 100 characters"):
        divide("own", own)


@pytest.mark.parametrize("epsilon", [1e-300, 1e-41, 5e-324])
def test_an_epsilon_whose_products_vanish_is_refused_at_the_door(epsilon):
    with pytest.raises(ValueError, match="epsilon must be 0 or at least 1e-40"):
        explorers.NGramText(text="story", epsilon=epsilon)


@pytest.mark.parametrize("num_chars", [500, 50_000])
def test_with_any_other_epsilon_there_are_perplexities(num_chars):
    division = divide("story", num_chars=num_chars)
    seen, new = perplexities(division, ngram_text.LEAST_EPSILON)
    assert all(map(math.isfinite, seen + new))


def test_the_time_machine_that_is_not_there_is_refused(offline):
    with pytest.raises(ValueError, match="text must be the story"):
        ngram_text.characters("time machine")
    e = explorers.NGramText()
    assert e.text == "story" and e.wait(30)


def by_hand(seen, text, n, epsilon, size=10):
    """The perplexity of the smoothed n-gram, from counts of pieces of the string."""
    counts = [Counter(zip(*(seen[i:] for i in range(m)), strict=False))
              for m in range(1, n + 1)]  # fmt: skip

    def p(x, context):
        shorter = p(x, context[1:]) if context else 1 / size
        follows = counts[len(context)]
        total = sum(count for gram, count in follows.items() if gram[:-1] == context)
        weight = total + epsilon
        return (follows[(*context, x)] + epsilon * shorter) / weight if weight else 0

    chances = [p(text[i], tuple(text[i - n + 1 : i])) for i in range(n - 1, len(text))]
    return math.exp(-sum(map(math.log, chances)) / len(chances))


@pytest.mark.parametrize("epsilon", [0.1, 1, 10])
def test_the_perplexities_are_those_counted_by_hand(epsilon):
    division = Division("she sells sea shells", "he sells shore", " abehlorsz")
    for text, found in zip(
        (division.seen, division.new), perplexities(division, epsilon), strict=True
    ):
        expected = [
            by_hand(division.seen, text, n, epsilon, size=10) for n in range(1, 7)
        ]
        assert found == pytest.approx(expected)


@given(
    seen=st.text("abc", min_size=6, max_size=40),
    new=st.text("abcd", min_size=6, max_size=40),
    epsilon=st.sampled_from([0, 0.01, 1, 100]),
)
def test_the_perplexities_are_those_of_the_models(seen, new, epsilon):
    models = [NGramModel(seen, n, epsilon, vocab="abcd") for n in range(1, 7)]
    of_seen, of_new = perplexities(Division(seen, new, "abcd"), epsilon)
    assert of_seen == pytest.approx([model.perplexity(seen) for model in models])
    assert of_new == pytest.approx([model.perplexity(new) for model in models])


def test_a_longer_context_learns_by_heart():
    seen, new = perplexities(divide("story"), 1)
    assert sorted(seen, reverse=True) == seen and seen[-1] < 2
    assert min(new) < new[-1] and min(new) < new[0]
    _, longer = perplexities(divide("story", num_chars=30_000), 1)
    assert longer[2] < new[2] and longer[5] < new[5]  # less of it by heart


@given(st.text("ab", max_size=30), st.text("ab", max_size=30))
def test_the_longest_copy_is_the_longest(written, source):
    found = longest_copy(written, source)
    pieces = [
        written[i:j]
        for i in range(len(written) + 1)
        for j in range(i, len(written) + 1)
        if written[i:j] in source
    ]
    assert written[found] in source
    assert len(written[found]) == max(map(len, pieces), default=0)


def test_what_it_writes_depends_on_the_seed_alone():
    division = divide("story")
    written = write(division, 4, 1, seed=3)
    assert written == write(division, 4, 1, seed=3) and len(written) == 300
    assert written != write(division, 4, 1, seed=4)
    assert written != write(division, 4, 100, seed=3)
    assert written == write(division, 4, 1, seed=3)  # the smoothing has not stayed


def test_the_words_are_escaped_and_set_the_copy_apart():
    division = Division("<b>&" * 30, "<b>&" * 3, "<b>&")
    words = describe(division, 1, (1.5, math.inf), "&<b>&<&&<")
    assert "<b>&amp;&lt;b&gt;&amp;&lt;</b>&amp;&amp;&lt;</div>" in words
    assert "<b>1.50</b>" in words and "<b>∞</b>" in words and "copied, 6 char" in words


def test_the_picture_shows_both_texts_and_marks_infinity():
    seen, new = [9.0, 4.0, 2.0], [10.0, math.inf, math.inf]
    (axes,) = ngram_text.draw(seen, new, 27, n=2).picture().axes
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert list(lines["seen text"]) == seen
    assert list(lines["new text"]) == pytest.approx([10, math.nan, math.nan],
                                                    nan_ok=True)  # fmt: skip
    assert list(lines["infinite"]) == pytest.approx([0.97] * 2)  # of the height
    marks = ngram_text.draw(seen, new, 27, n=2).plots[0].marks
    assert [(mark.x, mark.label) for mark in marks if mark.y == "top"] == [
        (2, "infinite"), (3, "infinite"),
    ]  # fmt: skip
    assert axes.get_ylim()[1] > 27
    with pytest.raises(ValueError, match="n must be an integer from 1 to 3"):
        ngram_text.draw(seen, new, 27, n=4)


def test_the_panel_answers_every_control():
    e = explorers.NGramText(**STORY)
    assert e.wait(30)
    moves = {"n": 5, "epsilon": 0.1, "num_chars": 1000, "text": "own"}
    for name, value in moves.items():
        image, words = e.view.figure, e.view.readout
        e.set(**{name: value}, own_text="the time traveller said so " * 9)
        assert e.wait(30)
        assert e.view.figure != image and e.view.readout != words
    words = e.view.readout
    e.seed = 5
    assert e.wait(30) and e.view.readout != words


@pytest.mark.parametrize("own", ["", "x", "短", "🎉" * 50])
def test_a_text_too_short_is_said_in_the_panel_and_mended(own):
    e = explorers.NGramText(**STORY)
    assert e.wait(30)
    image = e.view.figure
    e.set(text="own", own_text=own)
    with pytest.raises(ValueError, match="own_text"):
        e.wait(30)
    assert "own_text must have at least 100" in e.view.readout
    assert e.view.figure == image
    e.text = "story"
    assert e.wait(30) and "own_text" not in e.view.readout


@pytest.mark.parametrize(
    "own",
    ["x" * 100, "床前明月光，疑是地上霜。" * 20, "🎉🥳<b>&" * 40, "a\tb\0c\r\n" * 50,
     "".join(map(chr, range(0x4E00, 0x5200))), "lorem ipsum " * 80_000],
    ids=["one", "chinese", "emoji", "control", "no repeat", "1 MB"],
)  # fmt: skip
@pytest.mark.parametrize("epsilon", [0, 100])
def test_any_text_is_drawn(own, epsilon):
    e = explorers.NGramText(text="own", own_text=own, n=6, epsilon=epsilon)
    assert e.wait(60) and e.picture.png()[:4] == b"\x89PNG"
    assert "n = 6" in e.view.readout


@pytest.mark.parametrize("n", [1, 6])
@pytest.mark.parametrize("epsilon", [0, 0.01, 100])
@pytest.mark.parametrize("num_chars", [500, 50_000])
def test_every_corner_is_drawn(n, epsilon, num_chars):
    division = divide("story", num_chars=num_chars)
    seen, new = perplexities(division, epsilon)
    assert fits(ngram_text.draw(seen, new, 27, n).picture())
