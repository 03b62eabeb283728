"""n-grams against plain counting, the book's equations and the chain of the text."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from d2l_rnn.markov import MarkovChain
from d2l_rnn.ngrams import NGramModel, Tally, perplexity_to_beat

TEXT = "the time traveller for so it will be convenient to speak of him " * 20
NOISE = "".join(np.random.default_rng(0).choice(list("abcd"), 3000))


def books_estimate(text, gram, epsilon, vocab_size):
    """The recursion of the n-gram model, using only slices of the text."""
    if not gram:
        return 1 / vocab_size
    n = len(gram)
    grams = [text[i : i + n] for i in range(len(text) - n + 1)]
    seen = grams.count(gram)
    context = sum(g[:-1] == gram[:-1] for g in grams)
    shorter = books_estimate(text, gram[1:], epsilon, vocab_size)
    return (seen + epsilon * shorter) / (context + epsilon)


@pytest.mark.parametrize("epsilon", [0.3, 2.0])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_probability_is_the_formula_on_plain_counts(n, epsilon):
    text = "abracadabra abraxas"
    model = NGramModel(text, n, epsilon)
    for gram in map("".join, itertools.product(model.vocab, repeat=n)):
        expected = books_estimate(text, gram, epsilon, len(set(text)))
        assert model.probability(gram[-1], gram[:-1]) == pytest.approx(expected)
        assert model.count(gram) == sum(
            text[i : i + n] == gram for i in range(len(text))
        )


def test_unigram_smoothing_is_the_books_first_equation():
    model = NGramModel("aab", 1, epsilon=3, vocab="abc")
    assert [model.probability(x) for x in "abc"] == pytest.approx(
        [(2 + 3 / 3) / 6, (1 + 3 / 3) / 6, (3 / 3) / 6]
    )


def test_an_unsmoothed_bigram_model_is_the_chain_counted_from_the_same_data():
    chain, model = MarkovChain.from_data(NOISE), NGramModel(NOISE, 2)
    for before, after in itertools.product("abcd", repeat=2):
        assert model.probability(after, before) == pytest.approx(
            chain.probability(after, before)
        )
    assert model.perplexity(NOISE) == pytest.approx(chain.perplexity(NOISE))


def test_bigram_perplexity_on_its_own_text_is_exp_of_the_conditional_entropy():
    index = np.array([ord(c) for c in TEXT])
    counts = np.histogram2d(index[:-1], index[1:], bins=np.arange(32, 129))[0]
    p = counts / counts.sum()
    conditional = p / np.maximum(p.sum(axis=1, keepdims=True), 1e-300)
    entropy = -(p[p > 0] * np.log(conditional[p > 0])).sum()
    assert NGramModel(TEXT, 2).perplexity(TEXT) == pytest.approx(math.exp(entropy))


def test_perplexity_is_exp_of_the_mean_surprise_token_by_token():
    model = NGramModel(TEXT, 3, epsilon=0.7)
    text = "to speak to the time traveller"
    surprises = [
        -math.log(model.probability(text[i], text[i - 2 : i]))
        for i in range(2, len(text))
    ]
    assert model.perplexity(text) == pytest.approx(math.exp(np.mean(surprises)))


def test_a_uniform_model_has_the_perplexity_of_its_vocabulary_size():
    assert NGramModel("abcdefg", 1).perplexity("gaffe") == pytest.approx(7)
    assert NGramModel("aab", 2, 1e12, vocab=range_of_letters(26)).perplexity(
        "abba"
    ) == pytest.approx(26)


def range_of_letters(num_letters):
    return [chr(ord("a") + i) for i in range(num_letters)]


def test_perplexity_on_the_training_text_falls_with_n():
    perplexities = [NGramModel(NOISE, n).perplexity(NOISE) for n in range(1, 8)]
    assert perplexities == sorted(perplexities, reverse=True)
    assert perplexities[0] == pytest.approx(4, abs=0.05) and perplexities[-1] < 1.5


def test_only_smoothing_makes_sense_of_what_the_text_lacks():
    model = NGramModel("abcabcabd", 3)
    assert model.probability("c", "db") == 0  # no such context
    assert model.probability("a", "ab") == 0  # a context, but not this token
    assert model.perplexity("dbc") == math.inf
    model.epsilon = 0.5
    assert model.probability("c", "db") == pytest.approx(
        NGramModel("abcabcabd", 2, 0.5).probability("c", "b")
    )
    assert 1 < model.perplexity("dbc") < math.inf
    assert model.probability("z", "ab") == 0  # outside the vocabulary
    assert model.perplexity("abz") == math.inf
    assert NGramModel("abcabcabd", 3, 0.5, vocab="abcdz").probability("z", "ab") > 0


def test_only_the_last_tokens_of_a_context_count_and_it_may_be_short():
    model = NGramModel(TEXT, 3, 0.1)
    assert model.probability("e", "of th") == model.probability("e", "th")
    assert model.probability("e", "h") == NGramModel(TEXT, 2, 0.1).probability("e", "h")
    unigram = NGramModel(TEXT, 1)
    assert unigram.probability("e", "th") == unigram.probability("e")


def test_sample_draws_from_the_probabilities_it_gives():
    model = NGramModel("abracadabra", 3, epsilon=1.5, vocab="abcdrz")
    for context in ("", "b", "ab", "zz"):
        draws = Counter(model.sample(1, context, seed)[0] for seed in range(3000))
        for token in model.vocab:
            assert draws[token] / 3000 == pytest.approx(
                model.probability(token, context), abs=0.035
            )


def test_an_unsmoothed_sample_holds_only_what_the_text_holds():
    drawn = "".join(NGramModel(TEXT, 4).sample(300, "time", seed=3))
    whole = "time" + drawn
    assert len(drawn) == 300
    assert all(whole[i : i + 4] in TEXT for i in range(300))


def test_sample_goes_on_past_the_end_of_the_text_and_unknown_prefixes():
    model = NGramModel("abcd", 2)
    assert "".join(model.sample(3, "a")) == "bcd"
    assert set(model.sample(50, "d", seed=1)) == set("abcd")  # nothing follows a d
    assert set(model.sample(50, "?!", seed=1)) == set("abcd")
    assert len(model.sample(50)) == 50


def test_tokens_may_be_words_or_indices():
    words = TEXT.split()
    index = {word: i for i, word in enumerate(sorted(set(words)))}
    by_word = NGramModel(words, 2, 0.5)
    by_index = NGramModel(torch.tensor([index[word] for word in words]), 2, 0.5)
    assert by_word.probability("time", ["the"]) == by_index.probability(
        index["time"], [index["the"]]
    )
    assert by_index.sample(20, seed=4) == [
        index[word] for word in by_word.sample(20, seed=4)
    ]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: NGramModel("abc", 0), "n must be an integer from 1 to 3"),
        (lambda: NGramModel("abc", 4), r"n must .* \(the text has 3 tokens\), got 4"),
        (lambda: NGramModel("", 1), "tokens must have a length of at least 1"),
        (
            lambda: NGramModel([["a"], ["b"]], 1),
            "tokens must be a sequence of hashable",
        ),
        (
            lambda: NGramModel("abc", 1, -1),
            "epsilon must be a finite number of at least 0",
        ),
        (lambda: NGramModel("abc", 1, math.inf), "epsilon must be"),
        (lambda: setattr(NGramModel("abc", 1), "epsilon", math.nan), "epsilon must be"),
        (lambda: NGramModel("abc", 1, vocab="ab"), "vocab .*'c' is not in it"),
        (lambda: NGramModel("abc", 2).perplexity("a"), "length of at least 2"),
        (lambda: NGramModel("abc", 2).sample(0), "num_tokens must be"),
        (lambda: NGramModel("abc", 2).sample(1, 5), "prefix must be a sequence"),
        (lambda: NGramModel("abc", 2).count("abc"), "from 1 to 2, got 3"),
        (
            lambda: NGramModel("abc", 2).count(""),
            "gram must have a length of at least 1",
        ),
    ],
)
def test_a_bad_ngram_model_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_seed_alone_decides():
    model = NGramModel(TEXT, 3)
    before = np.random.get_state()[1].tolist()
    assert model.sample(50, seed=1) == model.sample(50, seed=1) != model.sample(50)
    assert np.random.get_state()[1].tolist() == before


@settings(max_examples=60)
@given(
    st.text("abcd", min_size=4, max_size=40),
    st.integers(1, 4),
    st.floats(1e-3, 1e3),
    st.text("abcdxy", max_size=5),
)
def test_probabilities_sum_to_1_after_any_context(text, n, epsilon, context):
    model = NGramModel(text, n, epsilon, vocab="abcd")
    assert sum(model.probability(x, context) for x in "abcd") == pytest.approx(1)


@settings(max_examples=60)
@given(st.text("abcd", min_size=4, max_size=40), st.integers(1, 4))
def test_unsmoothed_probabilities_sum_to_1_after_a_context_of_the_text(text, n):
    model = NGramModel(text, n)
    contexts = {text[i : i + n - 1] for i in range(len(text) - n + 1)}
    for context in contexts:
        assert sum(model.probability(x, context) for x in "abcd") == pytest.approx(1)
    assert 1 - 1e-12 <= model.perplexity(text) <= len(set(text)) + 1e-9


# --- All orders at once, and the level to beat ----------------------------------


@settings(max_examples=60)
@given(
    seen=st.text("abc", min_size=6, max_size=40),
    new=st.text("abcd", min_size=6, max_size=40),
    epsilon=st.sampled_from([0, 0.01, 1, 100]),
)
def test_a_tally_gives_the_perplexities_of_the_models(seen, new, epsilon):
    models = [NGramModel(seen, n, epsilon, vocab="abcd") for n in range(1, 7)]
    of_seen, of_new = Tally(seen, new, 6, vocab="abcd").perplexities(epsilon)
    assert of_seen == pytest.approx([model.perplexity(seen) for model in models])
    assert of_new == pytest.approx([model.perplexity(new) for model in models])


def test_a_tally_takes_its_vocabulary_from_both_texts():
    words, others = TEXT.split(), ["time", "and", "the", "time"]
    whole = dict.fromkeys(words + others)
    tally = Tally(words, others, 2)
    for epsilon in (0.5, 5):  # the counts stay
        models = [NGramModel(words, n, epsilon, whole) for n in (1, 2)]
        expected = [model.perplexity(others) for model in models]
        assert tally.perplexities(epsilon)[1] == pytest.approx(expected)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: Tally("abc", "abc", 0), "max_n must be an integer of at least 1"),
        (lambda: Tally("abc", "abcd", 4), "seen must have a length of at least 4"),
        (lambda: Tally("abcd", "abc", 4), "new must have a length of at least 4"),
        (lambda: Tally("ab", "bc", 1, "ab"), "vocab must .* 'c' is not in it"),
        (lambda: Tally("ab", "ab", 1).perplexities(-1), "epsilon must be"),
        (lambda: perplexity_to_beat("abc", 0), "n must be an integer of at least 1"),
        (lambda: perplexity_to_beat(5), "tokens must be a sequence"),
    ],
)
def test_bad_arguments_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_level_to_beat_is_that_of_the_bigrams_of_the_text_itself():
    chain = MarkovChain.from_data(NOISE)
    assert perplexity_to_beat(NOISE) == pytest.approx(chain.perplexity(NOISE))
    # After an a, b and c are equally frequent; after b and c always comes an a.
    assert perplexity_to_beat("abacabaca") == pytest.approx(2 ** (1 / 2))
    assert perplexity_to_beat("abac", n=1) == pytest.approx(2 ** (3 / 2))
    assert perplexity_to_beat(range(9)) == 1


@pytest.mark.parametrize("text", ["", "a"])
def test_a_text_that_leaves_nothing_to_predict_is_no_surprise(text):
    assert perplexity_to_beat(text) == 1
