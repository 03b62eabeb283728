"""Hints for the exercises of notebook 00, start here."""

HINTS = {
    "put_back": (
        "Take three letters and do it on paper. Where does the first one go?",
        "order[i] is a place in the result, not in shuffled.",
        "Start with a list of the right length, [None] * len(shuffled), and fill it: "
        "result[order[i]] = shuffled[i].",
    ),
    "letters_since_space": (
        "You read one character at a time. What is the only number you must remember?",
        "Start with state = 0, change it at each character, then write it down.",
        "At a space the state becomes 0; at anything else it grows by 1. Append it to "
        "a list either way.",
    ),
    "extend_line": (
        "How far does the line go from the last value but one to the last?",
        "That distance, x[-1] - x[-2], is the same in every step to come.",
        "The k-th new value is x[-1] plus k times it, for k from 1 to num_steps.",
    ),
    "root_mean_square_error": (
        "The name says it backwards: first the errors, then squares, mean and root.",
        "zip(predictions, observed) hands you a prediction with its observation.",
        "Collect the squares (p - x) ** 2 in a list; then take math.sqrt of their sum "
        "over their number.",
    ),
    "perplexity_of_guesses": (
        "Read the formula from the inside: logarithm, mean, minus, exponential.",
        "math.log is the natural logarithm, and math.exp undoes it.",
        "Make a list of -math.log(p); the answer is math.exp of its mean.",
    ),
}
