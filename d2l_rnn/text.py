"""Text into numbers: lines, tokens, a vocabulary, a corpus of indices.

The four steps of the notes, section "text preprocessing" (文本预处理): load the text,
split it into tokens (词元), build a vocabulary (词表), turn the text into indices.
"""

from __future__ import annotations

import collections
import os
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike

from d2l_rnn import corpora, large_text
from d2l_rnn.checks import integer, listed, one_of, plain, shown, string, truth
from d2l_rnn.checks.tokens import checked as _checked
from d2l_rnn.checks.tokens import frequency

UNKNOWN = "<unk>"
TOKEN_TYPES = ("word", "char")


def clean_line(line: str) -> str:
    """Keep the letters a to z, in lower case, and one space for anything between.

    The book's cleaning: it leaves 26 letters and the space, and makes punctuation,
    capitals and line ends disappear. It would leave nothing of a Chinese text.

    Raises ValueError if `line` is not a string.
    """
    return re.sub("[^A-Za-z]+", " ", string("line", line)).strip().lower()


def load_lines(path: str | os.PathLike | None = None, clean: bool = True) -> list[str]:
    """Step 1: load the text into memory, as a list of its lines.

    `path` names the reader's own text; without it, `corpora.find_text` looks for
    *The Time Machine*. With `clean=False` the lines stay as they are, in any script.

    Raises ValueError if the text is missing, empty or not UTF-8, or if cleaning
    leaves no letters.
    """
    clean = truth("clean", clean)
    text = corpora.find_text(path).read().removesuffix("\n")
    # Not `splitlines`, which also splits at characters that do not end a file's line.
    lines = (large_text.cleaned(text) if clean else text).split("\n")
    if clean and not any(lines):
        raise ValueError(
            "clean must be False for a text without letters from a to z: "
            "cleaning it leaves nothing"
        )
    return lines


def tokenize(lines: Iterable[str], token: str = "word") -> list[list[str]]:
    """Step 2: split each line into words (at white space) or into characters.

    Raises ValueError if `token` is neither "word" nor "char", or if `lines` is not a
    list of strings.
    """
    one_of("token", token, TOKEN_TYPES)
    if token == "word":
        return [line.split() for line in _strings(lines)]
    return [list(line) for line in _strings(lines)]


def _strings(lines: Iterable[str]) -> list[str]:
    if isinstance(lines, (str, bytes)):
        raise ValueError(
            f"lines must be a list of lines, got a string: {shown(lines[:20])}"
        )
    lines = listed("lines", lines)
    for line in lines:
        if not isinstance(line, str):
            raise ValueError(
                f"lines must be a list of strings, got one with {shown(line)}"
            )
    return lines


def count_corpus(
    tokens: Iterable[Hashable] | Iterable[list[Hashable]],
) -> collections.Counter[Hashable]:
    """Count how often each token occurs in a list, or a list of lists, of tokens.

    A token may be anything hashable: a tuple of words is one token, a bigram; and what
    is equal is one token, as 1 and 1.0 are. The tokens of a string are its characters,
    those of an array or a tensor its numbers. The counts of a `Counter` stay.

    Raises ValueError if the tokens are not in an order (a set, a dict), are not
    hashable or not equal to themselves (NaN), or if only some stand in lists.
    """
    if isinstance(tokens, collections.Counter):
        counter = collections.Counter()
        for token, times in tokens.items():
            counter[plain(token, "tokens")] += integer("each count", times, at_least=0)
    else:
        flat = _flat(tokens)
        try:
            counter = collections.Counter(flat)
        except TypeError as error:
            raise ValueError(f"tokens must be hashable: {error}") from None
    for token in counter:
        _checked(token)
    return counter


def _flat(tokens: Iterable) -> Iterable[Hashable]:
    """The tokens of a list, or those of the lists in it, one after another."""
    tokens = listed("tokens", tokens)
    are_lists = [issubclass(kind, list) for kind in {*map(type, tokens)}]
    if any(are_lists) and not all(are_lists):
        first = next(token for token in tokens if isinstance(token, list))
        other = next(token for token in tokens if not isinstance(token, list))
        raise ValueError(
            "tokens must all stand in lists, or none of them, "
            f"got {shown(first)} and {shown(other)}"
        )
    if not any(are_lists):
        return tokens
    return chain.from_iterable(listed("tokens", line) for line in tokens)


class Vocab:
    """Step 3: the vocabulary, a two-way map between tokens and indices.

    Index 0 is `<unk>`, the unknown token; then come the reserved tokens (`<pad>`,
    `<bos>`, `<eos>`, …), then every token that occurs at least `min_freq` times, the
    most frequent first, and ties in order of first appearance. `tokens` are counted by
    `count_corpus`.

    `vocab[token]` is an index, `vocab[[token, …]]` a list of them; a token that is not
    in the vocabulary has index 0. A tuple is such a list, too, unless there are tuples
    among the tokens. `vocab.to_tokens` is the inverse. Iterating gives the tokens in
    the order of their indices.

    Raises ValueError if `min_freq` is negative, if `reserved_tokens` is no list or
    contains a token twice, or as `count_corpus` does.
    """

    def __init__(
        self,
        tokens: Iterable[Hashable] | Iterable[list[Hashable]] | None = None,
        min_freq: int = 0,
        reserved_tokens: Sequence[str] | None = None,
    ):
        integer("min_freq", min_freq, at_least=0)
        special = [UNKNOWN, *_reserved(reserved_tokens)]
        counter = count_corpus([] if tokens is None else tokens)
        # Where there are tuples among the tokens, a tuple is one of them.
        has_tuples = any(isinstance(token, tuple) for token in [*special, *counter])
        self._several = (list, range) if has_tuples else (list, range, tuple)
        # `most_common` sorts stably, so ties keep the order of first appearance.
        self.token_freqs: list[tuple[Hashable, int]] = counter.most_common()
        kept = [token for token, freq in self.token_freqs if freq >= min_freq]
        self.idx_to_token: list[Hashable] = list(dict.fromkeys(special + kept))
        self.token_to_idx = {token: i for i, token in enumerate(self.idx_to_token)}

    @classmethod
    def restored(
        cls, tokens: Iterable[Hashable], token_freqs: Iterable[tuple[Hashable, int]]
    ) -> Vocab:
        """A vocabulary as it was: its tokens in order, and how often each occurred.

        Raises ValueError unless the tokens are distinct, and `<unk>` the first, and the
        frequencies are pairs of a token and a whole number, each token once.
        """
        tokens = [_checked(token) for token in listed("tokens", tokens)]
        if tokens[:1] != [UNKNOWN] or len(set(tokens)) < len(tokens):
            raise ValueError(
                f"tokens must be distinct, and {UNKNOWN!r} the first, "
                f"got {shown(tokens)}"
            )
        pairs = [frequency(pair) for pair in listed("token_freqs", token_freqs)]
        counts = collections.Counter(dict(pairs))
        if len(counts) < len(pairs):
            raise ValueError(
                f"token_freqs must have each token once, got {shown(pairs)}"
            )
        too_often = 1 + max(counts.values(), default=0)  # so that none is added
        return cls(counts, too_often, tokens[1:])

    def __len__(self) -> int:
        return len(self.idx_to_token)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.idx_to_token)

    def __contains__(self, token: Hashable) -> bool:
        return _checked(plain(token, "tokens")) in self.token_to_idx

    def __repr__(self) -> str:
        first = ", ".join(map(shown, self.idx_to_token[:6]))
        return f"Vocab({len(self)} tokens: {first}{', …' if len(self) > 6 else ''})"

    def __getitem__(self, tokens: Hashable | Sequence[Hashable]) -> int | list:
        tokens = plain(tokens, "tokens")  # an array or a tensor
        if isinstance(tokens, self._several):
            with _no_list_in_itself("tokens"):
                return [self[token] for token in tokens]
        return self.token_to_idx.get(_checked(tokens), self.unk)

    def to_tokens(self, indices: int | Sequence[int] | ArrayLike) -> Hashable | list:
        """The token of an index, or the tokens of a (nested) list or tensor of indices.

        Raises ValueError for an index outside 0 … len(vocab) - 1.
        """
        indices = plain(indices, "indices")  # a tensor or an array
        if isinstance(indices, (list, range, tuple)):
            with _no_list_in_itself("indices"):
                return [self.to_tokens(index) for index in indices]
        return self.idx_to_token[integer("indices", indices, 0, len(self) - 1)]

    @property
    def unk(self) -> int:
        """The index of the unknown token."""
        return 0


@contextmanager
def _no_list_in_itself(name: str) -> Iterator[None]:
    try:
        yield
    except RecursionError:
        raise ValueError(f"{name} must not be a list that contains itself") from None


def _reserved(tokens: Iterable[Hashable] | None) -> list[Hashable]:
    if isinstance(tokens, (str, bytes)):
        raise ValueError(
            f"reserved_tokens must be a list of tokens, got {shown(tokens)}"
        )
    tokens = listed("reserved_tokens", [] if tokens is None else tokens)
    special = {UNKNOWN, *(_checked(token, "reserved_tokens") for token in tokens)}
    if len(special) <= len(tokens):
        raise ValueError(
            f"reserved_tokens must be distinct and not {UNKNOWN!r}, got {shown(tokens)}"
        )
    return tokens


def load_corpus(
    path: str | os.PathLike | None = None,
    token: str = "char",
    max_tokens: int = -1,
    clean: bool = True,
    min_freq: int = 0,
    reserved_tokens: Sequence[str] | None = None,
) -> tuple[np.ndarray, Vocab]:
    """Step 4: the whole text as an array of indices, with its vocabulary.

    The indices are int32. Lines are joined, because a line of the text is neither a
    sentence nor a paragraph. Only the first `max_tokens` tokens are kept (0 or -1: all
    of them, as in the book); the vocabulary is always that of the whole text.

    Raises ValueError for a bad text, token type, size or frequency.
    """
    lines = load_lines(path, clean)
    return corpus_of(lines, token, max_tokens, min_freq, reserved_tokens)


def corpus_of(
    lines: Iterable[str],
    token: str = "char",
    max_tokens: int = -1,
    min_freq: int = 0,
    reserved_tokens: Sequence[str] | None = None,
) -> tuple[np.ndarray, Vocab]:
    """The same as `load_corpus`, for lines that are already loaded.

    With `tokens = tokenize(lines, token)` the vocabulary is `Vocab(tokens, …)`, and the
    corpus `vocab[tokens]`, in one row. For the sake of large texts, tokens are counted
    as numbers, and each kind of token is looked up only once.

    Raises ValueError for a bad token type, size or frequency.
    """
    one_of("token", token, TOKEN_TYPES)
    integer("max_tokens", max_tokens, at_least=-1)
    counts, corpus = large_text.counted(_strings(lines), token)
    vocab = Vocab(counts, min_freq, reserved_tokens)
    large_text.renumber(corpus, vocab[list(counts)])
    return (corpus[:max_tokens].copy() if max_tokens > 0 else corpus), vocab
