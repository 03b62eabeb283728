"""Hints for the exercises of notebook 07, gradient clipping."""

HINTS = {
    "backward_outputs": (
        "dO is the softmax over the tokens, less Y. By how much did the mean divide?",
        "Each O_t was made from H_t, which is H[t]: H[0] came before the first step.",
        "dO = (torch.softmax(outputs, dim=2) - Y) / (T * B). For t in range(T): dW_hq "
        "gets H[t + 1].T @ dO[t], and db_q gets dO[t].sum(dim=0).",
    ),
    "backward_states": (
        "Begin at the last time step, to which nothing comes back from later on.",
        "Keep in a variable what comes back: zeros at first, dZ[t] @ W_hh.T after each "
        "step. It is the second term of (1).",
        "For t in reversed(range(T)): dH[t] is dO[t] @ W_hq.T plus what comes back; "
        "dZ[t] is dH[t] * (1 - H[t + 1]**2), since H begins with H_0.",
    ),
    "backward_parameters": (
        "Begin with zeros of the right shapes, and add the share of each time step.",
        "Z_t was made from X_t and H_{t-1}. In Python these are X[t] and H[t], while "
        "H[t + 1] is what came out.",
        "For t in range(T): add X[t].T @ dZ[t] to dW_xh, H[t].T @ dZ[t] to dW_hh, and "
        "dZ[t].sum(dim=0) to db_h.",
    ),
    "backward_relu": (
        "Take the loop for tanh from above, and change the slope.",
        "ReLU has the slope 1 where H[t] > 0, and 0 elsewhere.",
        "Going back from the last t: dH is dO[t] @ W_hq.T plus the dZ of the step "
        "after @ W_hh.T, and dZ[t] is dH times that slope.",
    ),
    "alignment": (
        "A cosine does not depend on lengths. So you may change them on the way.",
        "v is the column of the eigenvectors whose eigenvalue has the largest absolute "
        "value, and eigh makes it one long.",
        "Repeat k times: x = M @ x, then x = x / x.norm(). At the end (v @ x).abs(); "
        "divide by the norm before the first product, too.",
    ),
    "step_length": (
        "A step is the learning rate times the gradient. How long is that?",
        "Clipping changes only gradients that are longer than theta.",
        "So the length is lr times the smaller of norm and theta. With None there is "
        "nothing to compare.",
    ),
    "project_onto_ball": (
        "Think of all the gradients as one long vector. What is its norm?",
        "Add up the squares of all entries of all tensors, and take one root.",
        "If the norm is at most theta, return the gradients as they are; if not, "
        "multiply every one of them by theta / norm.",
    ),
}
