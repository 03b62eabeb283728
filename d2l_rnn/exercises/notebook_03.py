"""The exercises of notebook 03, text into numbers."""

from __future__ import annotations

import collections
import random
from collections.abc import Iterator
from itertools import pairwise

from d2l_rnn import text
from d2l_rnn.exercises.checking import Answer, Exercise, Trial


@Exercise
def clean_with_apostrophes(answer: Answer) -> Iterator[Trial]:
    """A line cleaned as in the book, but with the apostrophes inside words kept."""
    yield answer("You don't say, Time-Traveller!").gives(
        "you don't say time traveller", "don't stays one word",
        "first look for words, each a run of letters that may have apostrophes in it",
        mistakes=[
            ("you don t say time traveller", "the apostrophe of don't has been lost"),
            ("You don't say Time Traveller", "all letters in lower case, please"),
            ("you don't say time traveller ", "no space at the end, please"),
            ("you don't say timetraveller", "what stands between words is a space"),
            ("you dont say time traveller", "keep the apostrophe as well"),
        ],
    )  # fmt: skip
    yield answer("'Yes,' he said; 'the 4th.'").gives(
        "yes he said the th", "quotation marks go",
        "an apostrophe is kept only between two letters",
        mistakes=[
            ("yes  he said the th ", "one space between words, and none at the end"),
            ("yes  he said the th", "one space between two words, never more"),
        ],
    )  # fmt: skip
    yield answer("1898 -- ?").gives("", "no letter at all", "an empty string is left")
    hint = "an apostrophe is kept only between two letters, and there each time"
    two = answer("_Rock'n'roll_, a''b")
    yield two.gives("rock'n'roll a b", "one word with two of them", hint)
    draw = random.Random(0)
    words = draw.choices(["the", "o'clock", "can't", "machine", "i'll"], k=6)
    gaps = draw.choices([", ", " -- ", "; '", ".' ", " 42 ", "  "], k=6)
    line = "".join(map("".join, zip(words, gaps, strict=True)))
    yield answer(line).gives(
        " ".join(words), "six random words", "one space between two words, never more"
    )


@Exercise
def make_vocabulary(answer: Answer) -> Iterator[Trial]:
    """The tokens of a vocabulary, in the order of their indices."""
    yield answer(list("banana"), 1).gives(
        ["<unk>", "a", "n", "b"], "the characters of banana",
        "count, then sort by how often",
        mistakes=[
            (["a", "n", "b"], "index 0 is kept for <unk>"),
            (["<unk>", "a", "n"], "a token that occurs min_freq times stays"),
            (["<unk>", "b", "n", "a"], "the most frequent first"),
            (["<unk>", "b", "a", "n"], "by frequency, not by first appearance"),
            (["<unk>", "a", "b", "n"], "by frequency, not by the alphabet"),
        ],
    )  # fmt: skip
    yield answer(["to", "be", "or", "not", "to", "be"], 2).gives(
        ["<unk>", "to", "be"], "what occurs twice at least",
        "a token that occurs min_freq times stays",
        mistakes=[
            (["<unk>"], "a token that occurs exactly min_freq times stays"),
            (["<unk>", "to", "be", "or", "not"], "min_freq has made no difference"),
        ],
    )  # fmt: skip
    yield answer(list("cabbac"), 1).gives(
        ["<unk>", "c", "a", "b"], "ties",
        "what is equally frequent stays in the order of first appearance",
    )  # fmt: skip
    tokens = random.Random(1).choices("the time machine".split() + list("abcde"), k=40)
    yield answer(tokens, 5).gives(
        text.Vocab(tokens, min_freq=5).idx_to_token, "forty random tokens"
    )


@Exercise
def unknown_share(answer: Answer) -> Iterator[Trial]:
    """The share of the running text that becomes <unk>."""
    rhyme = "row row row your boat gently down the stream row row".split()
    yield answer(rhyme, 2).gives(
        6 / 11, "eleven words",
        "count the tokens of the text, each as often as it occurs",
        mistakes=[
            (6 / 7, "that is the share of the different words: how much of the text?"),
            (5 / 11, "that is what stays"),
            (1 / 7, "that is the share of the different words, and of what stays"),
            (600 / 11, "a share from 0 to 1, please, not per cent"),
            (6, "that is their number: divide by that of all tokens"),
        ],
    )  # fmt: skip
    yield answer(["tick", "tock"] * 3, 3).gives(
        0, "all frequent enough", "a token that occurs min_freq times is kept"
    )
    yield answer(["tick", "tock"] * 3, 4).gives(1, "all too rare")
    tokens = random.Random(2).choices("abcdefghij", weights=range(1, 11), k=60)
    vocab = text.Vocab(tokens, min_freq=6)
    unknown = sum(index == vocab.unk for index in vocab[tokens])
    yield answer(tokens, 6).gives(
        unknown / 60, "sixty random letters", "count the tokens that occur less often"
    )


@Exercise
def padded(answer: Answer) -> Iterator[Trial]:
    """Sentences as rows of indices of one length, marked and filled up."""
    words = "the time traveller smiled it was late".split()
    vocab = text.Vocab(words, reserved_tokens=["<pad>", "<bos>", "<eos>"])
    two = [["the", "traveller", "smiled"], ["it", "was", "late", "it", "was"]]
    short, long = (["<bos>", *sentence, "<eos>"] for sentence in two)
    fill = ["<pad>"] * 2
    yield answer(two, vocab).gives(
        vocab[[short + fill, long]], "two sentences",
        "<bos>, the sentence, <eos>, and <pad> until it is as long as the longest",
        mistakes=[
            (vocab[[fill + short, long]], "fill up at the end, not at the beginning"),
            (vocab[[short[:-1] + fill + short[-1:], long]], "<pad> comes after <eos>"),
            (vocab[[short, long]], "the rows have to be of one length: <pad>"),
            (vocab[[short[1:] + fill, long[1:]]], "<bos> is missing"),
            (vocab[[short[:-1] + fill, long[:-1]]], "<eos> is missing"),
            (vocab[[short[1:-1] + fill, long[1:-1]]], "<bos> and <eos> are missing"),
            ([short + fill, long], "these are the tokens: the vocabulary has indices"),
        ],
    )  # fmt: skip
    yield answer([["it", "rained"]], vocab).gives(
        [[2, vocab["it"], vocab.unk, 3]], "one, with an unknown word",
        "one sentence is the longest, so that it needs no <pad>",
    )  # fmt: skip
    draw = random.Random(3)
    several = [draw.choices(words, k=k) for k in (3, 1, 6, 4)]
    rows = [["<bos>", *each, "<eos>", *["<pad>"] * (6 - len(each))] for each in several]
    other = text.Vocab(words, reserved_tokens=["<eos>", "<unused>", "<bos>", "<pad>"])
    yield answer(several, other).gives(
        other[rows], "four random sentences, another vocabulary",
        "ask the vocabulary for the index of <pad>, as of every token",
    )  # fmt: skip


# Tokens, with their commonest pair merged; what is tried, and the hint.
MERGED = [
    ("th e - wh o - th e", "the - wh o - the", "tokens that were merged before",
     "a token may have several characters: keep a list, not a string"),
    ("a a a b", "aa a b", "three in a row",
     "go from left to right, and pass over what has been merged"),
    ("a b a b xa b", "ab ab xa b", "a token that ends like the pair's first",
     "compare tokens with tokens: in one string they have no ends"),
    ("ab c - a bc - x - x -", "ab c - a bc -x -x -", "two pairs that read the same",
     "count pairs of tokens, not what they are together"),
]  # fmt: skip


@Exercise
def merge_commonest_pair(answer: Answer) -> Iterator[Trial]:
    """Tokens with the commonest pair of neighbours made into one token."""
    yield answer(list("banana")).gives(
        ["b", "an", "an", "a"], "banana",
        "count the pairs of neighbours, then go through the tokens from left to right",
        mistakes=[
            (["b", "an", "a", "n", "a"], "merge the pair wherever it stands"),
            (["ba", "na", "na"], "only the commonest pair becomes one token"),
            (["b", "a", "na", "na"], "of pairs equally common, take the first"),
            (["b", "an", "n", "an", "n", "a"], "pass over the second token of a pair"),
        ],
    )  # fmt: skip
    for tokens, merged, what, hint in MERGED:
        yield answer(tokens.split()).gives(merged.split(), what, hint)
    letters = "".join(random.Random(4).choices("abc", k=40))
    (first, second), _ = collections.Counter(pairwise(letters)).most_common(1)[0]
    merged = letters.replace(first + second, "*")  # also from left to right
    yield answer(list(letters)).gives(
        [first + second if each == "*" else each for each in merged],
        "forty random letters",
    )  # fmt: skip
