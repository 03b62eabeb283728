"""Hints for the exercises of notebook 06, an RNN from scratch."""

HINTS = {
    "input_term": (
        "Multiply a one-hot row by a matrix on paper. Which row comes out?",
        "W_xh[i] is row i, and i may be a whole tensor of indices.",
        "X has the batch first, and the result has the time steps first: transpose X, "
        "and use it as the index.",
    ),
    "perplexity_by_sequence": (
        "You need the loss of each character before you can average.",
        "The outputs come time step by time step; Y.T.reshape(-1) puts the labels into "
        "the same order.",
        "Bring the losses back into the shape (T, B), take the mean over dim 0, then "
        "the exponential.",
    ),
    "rnn_with_relu": (
        "Start from the recurrence with tanh, and change one word.",
        "Unpack the five params, and the state with (H,) = state; loop over inputs.",
        "In the loop: the new H with torch.relu, then append H @ W_hq + b_q. Return "
        "torch.cat(outputs), (H,).",
    ),
    "rnn_with_embedding": (
        "What does a one-hot row times E give you?",
        "inputs @ E has the shape (T, B, D): these are the inputs of an ordinary RNN.",
        "Hand them to rnn, with the state and the five parameters that are left.",
    ),
    "finish_word": (
        "There are two loops. The first reads the prefix, the second one writes.",
        "In both, net(torch.tensor([[index]]), state) gives the output and the next "
        "state. Begin with net.begin_state(batch_size=1).",
        "While writing, the next character is vocab.to_tokens(int(output.argmax())). "
        "If it is a space, stop; if not, add it to the prefix and let the net read it.",
    ),
}
