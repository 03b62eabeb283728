"""Hints for the exercises of notebook 04, language models."""

HINTS = {
    "counts_to_store": (
        "How many different pairs are there? And how many triples?",
        "Each place can hold any token, so there are vocab_size**k sequences of k.",
        "Add these up for k from 1 to n.",
    ),
    "zipf_exponent": (
        "Zipf's law says that log count falls along a line in log rank.",
        "Sort the counts, largest first; the ranks are 1, 2, 3, and so on.",
        "statistics.linear_regression(log ranks, log counts) has a slope: alpha is "
        "minus that.",
    ),
    "smoothed_bigram": (
        "There are two formulas, and the second one needs the result of the first.",
        "The unigram: (count of after + epsilon / V) / (T + epsilon), for T tokens, V "
        "of them different.",
        "The bigram: count the pair among zip(tokens, tokens[1:]), add epsilon times "
        "the unigram, and divide by the count of before plus epsilon.",
    ),
    "joint_perplexity": (
        "Perplexities cannot be averaged. What is behind them can.",
        "The logarithm of a chapter's perplexity is its mean loss per token.",
        "Times its length, that is the chapter's whole loss. Add these up, divide by "
        "all tokens, and take the exponential.",
    ),
    "sentence_minibatch": (
        "Make all sentences equally long before you think about X and Y.",
        "sentence + [pad] * k is a sentence with k padding tokens after it.",
        "Make one tensor of the rows: X is rows[:, :-1] and Y is rows[:, 1:].",
    ),
}
