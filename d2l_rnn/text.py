"""Text into numbers: lines, tokens, a vocabulary, a corpus of indices.

The four steps of the notes, section "text preprocessing" (文本预处理): load the text,
split it into tokens (词元), build a vocabulary (词表), turn the text into indices.
"""

from __future__ import annotations

import collections
import os
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from d2l_rnn import corpora
from d2l_rnn.checks import integer, one_of

if TYPE_CHECKING:  # NumPy is not loaded for the sake of an annotation
    from numpy.typing import ArrayLike

UNKNOWN = "<unk>"
TOKEN_TYPES = ("word", "char")


def clean_line(line: str) -> str:
    """Keep the letters a to z, in lower case, and one space for anything between.

    The book's cleaning: it leaves 26 letters and the space, and makes punctuation,
    capitals and line ends disappear. It would leave nothing of a Chinese text.
    """
    return re.sub("[^A-Za-z]+", " ", line).strip().lower()


def load_lines(path: str | os.PathLike | None = None, clean: bool = True) -> list[str]:
    """Step 1: load the text into memory, as a list of its lines.

    `path` names the reader's own text; without it, `corpora.find_text` looks for
    *The Time Machine*. With `clean=False` the lines stay as they are, in any script.

    Raises ValueError if the text is missing, empty or not UTF-8, or if cleaning
    leaves no letters.
    """
    # Not `splitlines`, which also splits at characters that do not end a file's line.
    lines = corpora.find_text(path).read().removesuffix("\n").split("\n")
    if not clean:
        return lines
    cleaned = [clean_line(line) for line in lines]
    if not any(cleaned):
        raise ValueError(
            "clean must be False for a text without letters from a to z: "
            "cleaning it leaves nothing"
        )
    return cleaned


def tokenize(lines: Sequence[str], token: str = "word") -> list[list[str]]:
    """Step 2: split each line into words (at white space) or into characters.

    Raises ValueError if `token` is neither "word" nor "char", or if `lines` is a
    string.
    """
    one_of("token", token, TOKEN_TYPES)
    if isinstance(lines, str):
        raise ValueError(f"lines must be a list of lines, got a string: {lines[:20]!r}")
    if token == "word":
        return [line.split() for line in lines]
    return [list(line) for line in lines]


def count_corpus(
    tokens: Sequence[Hashable] | Sequence[list[Hashable]],
) -> collections.Counter[Hashable]:
    """Count how often each token occurs in a list, or a list of lists, of tokens.

    A token may be anything hashable: a tuple of words is one token, a bigram.
    """
    nested = len(tokens) > 0 and isinstance(tokens[0], list)
    return collections.Counter(chain.from_iterable(tokens) if nested else tokens)


class Vocab:
    """Step 3: the vocabulary, a two-way map between tokens and indices.

    Index 0 is `<unk>`, the unknown token; then come the reserved tokens (`<pad>`,
    `<bos>`, `<eos>`, …), then every token that occurs at least `min_freq` times, the
    most frequent first, and ties in order of first appearance.

    `vocab[token]` is an index, `vocab[[token, …]]` a list of them; a token that is not
    in the vocabulary has index 0. `vocab.to_tokens` is the inverse. Iterating gives the
    tokens in the order of their indices.

    Raises ValueError if `min_freq` is negative, or if `reserved_tokens` is a string or
    contains a token twice.
    """

    def __init__(
        self,
        tokens: Sequence[Hashable] | Sequence[list[Hashable]] | None = None,
        min_freq: int = 0,
        reserved_tokens: Sequence[str] | None = None,
    ):
        integer("min_freq", min_freq, at_least=0)
        if isinstance(reserved_tokens, str):
            raise ValueError(
                f"reserved_tokens must be a list of tokens, got {reserved_tokens!r}"
            )
        special = [UNKNOWN, *([] if reserved_tokens is None else reserved_tokens)]
        if len(set(special)) < len(special):
            raise ValueError(
                f"reserved_tokens must be distinct and not {UNKNOWN!r}, "
                f"got {special[1:]!r}"
            )
        counter = count_corpus([] if tokens is None else tokens)
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

        Raises ValueError unless the tokens are distinct, and `<unk>` the first.
        """
        tokens = list(tokens)
        if tokens[:1] != [UNKNOWN] or len(set(tokens)) < len(tokens):
            raise ValueError(
                f"tokens must be distinct, and {UNKNOWN!r} the first, got {tokens!r}"
            )
        vocab = cls(reserved_tokens=tokens[1:])
        vocab.token_freqs = list(token_freqs)
        return vocab

    def __len__(self) -> int:
        return len(self.idx_to_token)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.idx_to_token)

    def __contains__(self, token: Hashable) -> bool:
        return token in self.token_to_idx

    def __repr__(self) -> str:
        first = ", ".join(map(repr, self.idx_to_token[:6]))
        return f"Vocab({len(self)} tokens: {first}{', …' if len(self) > 6 else ''})"

    def __getitem__(self, tokens: Hashable | Sequence[Hashable]) -> int | list:
        if isinstance(tokens, (list, tuple)):
            return [self[token] for token in tokens]
        return self.token_to_idx.get(tokens, self.unk)

    def to_tokens(self, indices: int | Sequence[int] | ArrayLike) -> Hashable | list:
        """The token of an index, or the tokens of a (nested) list or tensor of indices.

        Raises ValueError for an index outside 0 … len(vocab) - 1.
        """
        if hasattr(indices, "tolist"):  # a tensor or an array
            indices = indices.tolist()
        if isinstance(indices, (list, tuple)):
            return [self.to_tokens(index) for index in indices]
        return self.idx_to_token[integer("indices", indices, 0, len(self) - 1)]

    @property
    def unk(self) -> int:
        """The index of the unknown token."""
        return 0


def load_corpus(
    path: str | os.PathLike | None = None,
    token: str = "char",
    max_tokens: int = -1,
    clean: bool = True,
    min_freq: int = 0,
    reserved_tokens: Sequence[str] | None = None,
) -> tuple[list[int], Vocab]:
    """Step 4: the whole text as one list of indices, with its vocabulary.

    Lines are joined, because a line of the text is neither a sentence nor a
    paragraph. Only the first `max_tokens` tokens are kept (0 or -1: all of them, as in
    the book); the vocabulary is always that of the whole text.

    Raises ValueError for a bad text, token type, size or frequency.
    """
    lines = load_lines(path, clean)
    return corpus_of(lines, token, max_tokens, min_freq, reserved_tokens)


def corpus_of(
    lines: Sequence[str],
    token: str = "char",
    max_tokens: int = -1,
    min_freq: int = 0,
    reserved_tokens: Sequence[str] | None = None,
) -> tuple[list[int], Vocab]:
    """The same as `load_corpus`, for lines that are already loaded.

    Raises ValueError for a bad token type, size or frequency.
    """
    integer("max_tokens", max_tokens, at_least=-1)
    tokens = tokenize(lines, token)
    vocab = Vocab(tokens, min_freq, reserved_tokens)
    corpus = vocab[[token for line in tokens for token in line]]
    return (corpus[:max_tokens] if max_tokens > 0 else corpus), vocab
