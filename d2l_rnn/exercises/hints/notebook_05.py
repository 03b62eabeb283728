"""Hints for the exercises of notebook 05, recurrent networks."""

HINTS = {
    "states_of": (
        "A loop over inputs gives you X_t, of shape (B, V), one time step after "
        "another.",
        "The state is tanh of X_t @ W_xh plus the state before @ W_hh plus b_h.",
        "Begin with H = H_0. In the loop overwrite H and append it to a list; return "
        "torch.stack of the list.",
    ),
    "split_weight": (
        "nn.Linear computes x @ weight.T. What shape has weight.T?",
        "It has V + H rows: first those for X_t, then those for the state.",
        "H is len(weight), so W_hh is the last H rows of weight.T.",
    ),
    "outputs_needed": (
        "The network gives a score to each token that may come next.",
        "How many different tokens are in the vocabulary, and not in the string only?",
        "Count the different characters, and one more for <unk>.",
    ),
    "parameters_of_layers": (
        "Count one layer at a time. What is it that each of them reads?",
        "A layer that reads n numbers has n * h + h * h + h parameters. For the first "
        "n is V, and for every other n is h.",
        "Add the output layer, h * V + V, once.",
    ),
    "perplexity_without_state": (
        "All that such a network knows is the character before. That is a bigram.",
        "The best probability of b after a is the count of ab over the count of a, "
        "where an a at the end of a word does not count.",
        "Add up -count * log(probability) over all pairs within words, divide by the "
        "number of pairs, and take the exponential.",
    ),
}
