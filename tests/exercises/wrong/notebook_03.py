"""Answers to the exercises of notebook 03 that are wrong, and words that the verdict
has for each."""

import collections
import re
from itertools import pairwise

from d2l_rnn import text


def stripped_of_apostrophes(line):
    found = re.findall("[a-z']+", line.lower())
    return " ".join(word.strip("'") for word in found)


def alphabetical(tokens, min_freq):
    counts = collections.Counter(tokens)
    return ["<unk>", *sorted(t for t in counts if counts[t] >= min_freq)]


def with_ties_by_alphabet(tokens, min_freq):
    counts = collections.Counter(tokens)
    kept = [t for t in counts if counts[t] >= min_freq]
    return ["<unk>", *sorted(kept, key=lambda t: (-counts[t], t))]


def too_strict(tokens, min_freq):
    common = collections.Counter(tokens).most_common()
    return ["<unk>"] + [token for token, count in common if count > min_freq]


def share_of_kinds(tokens, min_freq):
    counts = collections.Counter(tokens).values()
    return sum(count < min_freq for count in counts) / len(counts)


def known_share(tokens, min_freq):
    counts = collections.Counter(tokens)
    return sum(counts[token] >= min_freq for token in tokens) / len(tokens)


def unknown_or_just_known(tokens, min_freq):
    counts = collections.Counter(tokens)
    return sum(counts[token] <= min_freq for token in tokens) / len(tokens)


def padded_at_the_end(sentences, vocab):
    longest = max(map(len, sentences))
    return [
        vocab[["<bos>", *each, *["<pad>"] * (longest - len(each)), "<eos>"]]
        for each in sentences
    ]


def not_padded(sentences, vocab):
    return [vocab[["<bos>", *each, "<eos>"]] for each in sentences]


def padded_to_seven(sentences, vocab):
    rows = not_padded(sentences, vocab)
    return [row + [vocab["<pad>"]] * (7 - len(row)) for row in rows]


def commonest(tokens):
    return collections.Counter(pairwise(tokens)).most_common(1)[0][0]


def merged_once(tokens):
    i = list(pairwise(tokens)).index(commonest(tokens))
    return tokens[:i] + [tokens[i] + tokens[i + 1]] + tokens[i + 2 :]


def overlapping(tokens):
    pair, merged = commonest(tokens), []
    for i, token in enumerate(tokens):
        together = tuple(tokens[i : i + 2]) == pair
        merged.append("".join(pair) if together else token)
    return merged


def all_in_pairs(tokens):
    return ["".join(tokens[i : i + 2]) for i in range(0, len(tokens), 2)]


def as_a_string(tokens):
    pair = "".join(commonest(tokens))
    parts = re.split(f"({re.escape(pair)})", "".join(tokens))
    return [each for part in parts for each in ([part] if part == pair else part)]


def with_fixed_indices(sentences, vocab):
    longest = max(map(len, sentences))
    return [[2, *vocab[s], 3, *[1] * (longest - len(s))] for s in sentences]


def merged_in_one_string(tokens):
    first, second = commonest(tokens)
    return "|".join(tokens).replace(f"{first}|{second}", first + second).split("|")


def merged_by_what_they_are_together(tokens):
    together = [first + second for first, second in pairwise(tokens)]
    wanted, merged, i = collections.Counter(together).most_common(1)[0][0], [], 0
    while i < len(tokens):
        size = 2 if together[i : i + 1] == [wanted] else 1
        merged.append("".join(tokens[i : i + size]))
        i += size
    return merged


WRONG = {
    "clean_with_apostrophes": [
        (text.clean_line, "the apostrophe of don't has been lost"),
        (
            lambda line: re.sub("[^a-z']+", " ", line.lower()).strip(),
            "between two letters",
        ),
        (stripped_of_apostrophes, "one space between words, and none at the end"),
        (lambda line: re.sub("[^a-z]+", "", line.lower()), "✗ don't stays one word"),
        (lambda line: " ".join(re.findall("[A-Za-z']+", line)), "lower case"),
        (
            lambda line: re.sub("[^a-z' ]", "", line.lower()),
            "what stands between words",
        ),
        *(
            (
                lambda line, word=word: " ".join(re.findall(word, line.lower())),
                "✗ one word with two of them",
            )
            for word in (
                "[a-z]+(?:'[a-z]+)?",
                r"[^\W\d]+(?:'[^\W\d]+)*",
                "[a-z]+(?:'+[a-z]+)*",
            )
        ),
    ],
    "make_vocabulary": [
        (alphabetical, "not by the alphabet"),
        (with_ties_by_alphabet, "✗ ties"),
        (too_strict, "occurs exactly min_freq times"),
        (lambda tokens, m: text.Vocab(tokens, m).idx_to_token[1:], "kept for <unk>"),
        (lambda tokens, m: text.Vocab(tokens).idx_to_token, "made no difference"),
        (lambda tokens, m: ["<unk>", *dict.fromkeys(tokens)], "first appearance"),
    ],
    "unknown_share": [
        (share_of_kinds, "the share of the different words"),
        (known_share, "that is what stays"),
        (unknown_or_just_known, "✗ all frequent enough"),
        (lambda tokens, m: 100 * (1 - known_share(tokens, m)), "not per cent"),
    ],
    "padded": [
        (padded_at_the_end, "<pad> comes after <eos>"),
        (not_padded, "of one length"),
        (padded_to_seven, "✗ one, with an unknown word"),
        (lambda sentences, vocab: vocab[sentences], "✗ two sentences"),
        (with_fixed_indices, "ask the vocabulary"),
    ],
    "merge_commonest_pair": [
        (merged_once, "wherever it stands"),
        (overlapping, "pass over the second token"),
        (as_a_string, "keep a list, not a string"),
        (all_in_pairs, "only the commonest pair"),
        (merged_in_one_string, "compare tokens with tokens"),
        (merged_by_what_they_are_together, "count pairs of tokens"),
    ],
}
