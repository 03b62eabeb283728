"""Solutions to the exercises of notebook 03, text into numbers."""

from __future__ import annotations

import collections
import re
from itertools import pairwise

from d2l_rnn import text


def clean_with_apostrophes(line: str) -> str:
    """Find the words: letters, then any number of times an apostrophe and letters."""
    return " ".join(re.findall("[a-z]+(?:'[a-z]+)*", line.lower()))


def make_vocabulary(tokens: list[str], min_freq: int) -> list[str]:
    """`most_common` sorts by count, and leaves ties in the order of appearance."""
    common = collections.Counter(tokens).most_common()
    return ["<unk>"] + [token for token, count in common if count >= min_freq]


def unknown_share(tokens: list[str], min_freq: int) -> float:
    """Add up the counts of the rare tokens, and divide by the length of the text."""
    counts = collections.Counter(tokens)
    return sum(n for n in counts.values() if n < min_freq) / len(tokens)


def padded(sentences: list[list[str]], vocab: text.Vocab) -> list[list[int]]:
    """Build each row out of tokens, and let the vocabulary turn it into indices."""
    longest = max(len(sentence) for sentence in sentences)
    return [
        vocab[["<bos>", *sentence, "<eos>"] + ["<pad>"] * (longest - len(sentence))]
        for sentence in sentences
    ]


def merge_commonest_pair(tokens: list[str]) -> list[str]:
    """Walk through the tokens: two steps at the pair, one step anywhere else."""
    pair, _ = collections.Counter(pairwise(tokens)).most_common(1)[0]
    merged, i = [], 0
    while i < len(tokens):
        size = 2 if tuple(tokens[i : i + 2]) == pair else 1
        merged.append("".join(tokens[i : i + size]))
        i += size
    return merged
