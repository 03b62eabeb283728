"""Hints for the exercises of notebook 09, beyond."""

HINTS = {
    "gru_step": (
        "Copy the four equations, one line of code for each.",
        "Unpack the parameters in threes: for Z, for R, for the candidate. The last "
        "two belong to the output layer, and are not needed.",
        "In the candidate R * H comes before the product with W_hh. The new state is "
        "Z * H plus (1 - Z) times the candidate.",
    ),
    "lstm_step": (
        "Three gates and a candidate: four layers with the same two inputs.",
        "The parameters come in threes, in the order i, f, o, c. The gates take the "
        "sigmoid, the candidate takes tanh.",
        "The new C is F * C plus I times the candidate; H is O times tanh of the new "
        "C. Return both, H first.",
    ),
    "parameters_of_cell": (
        "How many layers, each with weights and a bias of its own, has the cell?",
        "One of them has V * h + h * h + h numbers. The RNN has one, the GRU three, "
        "the LSTM four.",
        "Add the output layer, h * V + V, once.",
    ),
    "best_gates": (
        "What must an update gate be if the state is to stay exactly as it is?",
        "At step t nothing of the old state may stay, neither directly, through Z, nor "
        "in the candidate, through R.",
        "So Z is 0 at step t and 1 at all others, and R is 0 at step t.",
    ),
    "forget_gate_bias": (
        "Every step multiplies what is left by the gate. How much is left after n?",
        "The gate to the power num_steps is the share, so the gate is a root.",
        "Now undo the sigmoid: the bias is the logarithm of gate / (1 - gate).",
    ),
}
