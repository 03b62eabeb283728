"""Answers to the exercises of notebook 00 that are wrong, and words that the verdict
has for each."""

import math


def put_back_in_place(shuffled, order):
    for i, place in enumerate(order):  # overwrites what has not been moved yet
        shuffled[place] = shuffled[i]
    return shuffled


def without_the_last(predictions, observed):
    errors = [p - x for p, x in zip(predictions, observed, strict=True)]
    return math.sqrt(sum(error**2 for error in errors[:-1]) / len(errors[:-1]))


def squares(predictions, observed):
    return [(p - x) ** 2 for p, x in zip(predictions, observed, strict=True)]


def never_anew(text):
    count, counts = 0, []
    for character in text:
        count += character != " "
        counts.append(count)
    return counts


def state_before(text):
    count, counts = 0, []
    for character in text:
        counts.append(count)
        count = 0 if character == " " else count + 1
    return counts


def anew_at_other_signs(text):
    state = 0
    return [state := state + 1 if each.isalpha() else 0 for each in text]


WRONG = {
    "put_back": [
        (
            lambda shuffled, order: [shuffled[i] for i in order],
            "shuffles them once more",
        ),
        (lambda shuffled, order: sorted(shuffled), "✗ a sentence"),
        (lambda shuffled, order: shuffled, "the letters as they came"),
        (put_back_in_place, "✗ a sentence"),
        (lambda shuffled, order: "abc", "where a list is expected"),
    ],
    "root_mean_square_error": [
        (lambda p, x: sum(squares(p, x)) / len(x), "its root is missing"),
        (lambda p, x: math.sqrt(sum(squares(p, x))), "not their sum"),
        (lambda p, x: math.sqrt(sum(squares(p, x)) / 4), "✗ nine random values"),
        (without_the_last, "✗ four values"),
        (lambda p, x: sum(a - b for a, b in zip(p, x, strict=True)) / len(x), "cancel"),
        (lambda p, x: squares(p, x), "where one number is expected"),
    ],
    "extend_line": [
        (lambda x, n: [x[-1] + k for k in range(n)], "the one after the last value"),
        (lambda x, n: [x[-1] + k for k in range(1, n + 1)], "✗ a level line"),
        (lambda x, n: [2 * x[-1] - x[-2]] * n, "further along the line"),
        (lambda x, n: x[-1] + n * (x[-1] - x[-2]), "not only the last"),
        (
            lambda x, n: [x[-1] + k * (x[-1] - x[-2]) for k in range(1, n + 2)],
            "not one more",
        ),
        (
            lambda x, n: x + [x[-1] + k * (x[-1] - x[-2]) for k in range(1, n + 1)],
            "return the new values only",
        ),
        (
            lambda x, n: [x[-1] + k * (x[1] - x[0]) for k in range(1, n + 1)],
            "first two",
        ),
    ],
    "letters_since_space": [
        (never_anew, "✗ two short words"),
        (state_before, "after the character, not before it"),
        (lambda text: [i + 1 for i in range(len(text))], "begins anew"),
        (lambda text: [len(word) for word in text.split()], "not for each word"),
        (anew_at_other_signs, "every character counts, except the space"),
        (lambda text: [[1, 0, 1, 2], [0, 0, 1, 2]][text[0] == " "], "✗ thirty random"),
    ],
    "perplexity_of_guesses": [
        (lambda p: -sum(map(math.log, p)) / len(p), "exp of it is missing"),
        (lambda p: math.exp(sum(map(math.log, p)) / len(p)), "the minus is missing"),
        (lambda p: len(p) / sum(p), "1 over the mean probability"),
        (lambda p: sum(1 / each for each in p) / len(p), "the mean of 1 over p"),
        (lambda p: math.exp(-sum(map(math.log, p))), "not their sum"),
        (lambda p: math.exp(-sum(map(math.log2, p)) / len(p)), "not with log2"),
    ],
}
