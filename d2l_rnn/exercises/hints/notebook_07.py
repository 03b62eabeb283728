"""Hints for the exercises of notebook 07, gradient clipping."""

HINTS = {
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
}
