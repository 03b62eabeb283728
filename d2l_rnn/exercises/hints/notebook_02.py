"""Hints for the exercises of notebook 02, Markov models."""

HINTS = {
    "path_probability": (
        "Write down the product for a path of three states. How many factors has it?",
        "The first factor comes from initial, and every other one from P.",
        "Start with initial[path[0]], and multiply by P[before, after] for each pair "
        "in zip(path, path[1:]).",
    ),
    "most_probable_path": (
        "Suppose you know the best path to every state so far. How does it go on?",
        "Keep an array best, one number a state. With no steps it is 1 at start, "
        "and 0 elsewhere.",
        "In one step, best at j becomes the largest of best[i] * P[i, j] over all i: "
        "a product with best[:, None], then a max along one axis.",
    ),
    "backward_matrix": (
        "You know what comes after each state, and want what came before. Whose rule "
        "turns a conditional probability round?",
        "First the joint probability: first j and then i has pi[j] * P[j, i].",
        "Divide it by the probability of i, which is pi[i]. Mind which of the two is "
        "the row of the result.",
    ),
    "pair_matrix": (
        "After the pair (h, i) comes the state j. What is the new pair?",
        "The pair moves on by one: (h, i) becomes (i, j). Everything else is 0.",
        "Start with zeros of shape (n * n, n * n). For all h, i, j put Q[h, i, j] into "
        "row h * n + i and column i * n + j.",
    ),
    "hardest_weather": (
        "What do you know about tomorrow if you know only the shares?",
        "It is hardest if today's weather does not help at all.",
        "Then the row of P is the same whatever today is, and it must be pi.",
    ),
}
