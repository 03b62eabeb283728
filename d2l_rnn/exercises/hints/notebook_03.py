"""Hints for the exercises of notebook 03, text into numbers."""

HINTS = {
    "clean_with_apostrophes": (
        "Do not remove what is wrong: look for what is right, the words.",
        "A word is a run of letters, [a-z]+, perhaps followed by an apostrophe and "
        "more letters, any number of times.",
        "The part that may repeat goes into a group (?:...)*. Find all words in "
        "line.lower(), and join them with one space.",
    ),
    "make_vocabulary": (
        "Count first; sort second; add <unk> last.",
        "Counter(tokens).most_common() is sorted by count, and keeps ties in the order "
        "in which they appeared.",
        'The list is ["<unk>"] plus every token of it whose count is at least '
        "min_freq.",
    ),
    "unknown_share": (
        "How many positions in the text hold a token that is too rare?",
        "A token that occurs three times stands in three positions.",
        "Add up those counts that are below min_freq, and divide by len(tokens).",
    ),
    "padded": (
        "Build the rows out of tokens first. Their indices can wait.",
        "How many <pad> does a sentence need, if the longest needs none?",
        'A row is ["<bos>", *sentence, "<eos>"] and that many "<pad>"; vocab[row] '
        "gives its indices.",
    ),
    "merge_commonest_pair": (
        "There are two steps: find the pair, then go through the tokens once more.",
        "itertools.pairwise(tokens) gives the neighbours, and a Counter's "
        "most_common(1) the first of the commonest.",
        "Go on with an index i. If tokens i and i + 1 are the pair, append them as one "
        "and move by 2; if not, append token i and move by 1.",
    ),
}
