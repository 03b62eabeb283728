"""Hints for the exercises of notebook 08, training."""

HINTS = {
    "steps_back": (
        "Draw three minibatches. How far back does the gradient of each one go?",
        "Detached, each goes through num_steps. If not, the second goes through twice "
        "as many, the third through three times.",
        "1 + 2 + ... + n is n (n + 1) / 2. With whole numbers, divide by //.",
    ),
    "epoch_to_keep": (
        "Go through the epochs in order, and remember the best one so far.",
        "Stop as soon as the epoch is patience later than the best one.",
        "enumerate(perplexities, start=1) numbers the epochs. Return the number of the "
        "best one, after the loop as well.",
    ),
    "sharpened": (
        "Powers of small numbers vanish. Their logarithms do not.",
        "The logarithm of p to the power alpha is alpha * log p.",
        "Dividing exponentials by their sum is what the softmax does.",
    ),
    "mixed_perplexity": (
        "You need one probability for each character: that of the one that came.",
        "p[range(N), labels] picks it. Mix it with 1 / V before any logarithm.",
        "The perplexity is the exponential of minus the mean of the logarithms.",
    ),
    "num_parameters_of_stack": (
        "Count one layer at a time. What does the second one read?",
        "A layer that reads n numbers has n * H + H * H + 2 * H parameters. For the "
        "first n is V, and for every other n is H.",
        "Add the output layer, H * V + V, once.",
    ),
}
