"""Answers to the exercises of notebook 06 that are wrong, and words of the verdict."""

import torch
from torch.nn import functional as F

from d2l_rnn import generating, rnn


def one_hot(X, W_xh):
    return F.one_hot(X.T, len(W_xh)).to(W_xh.dtype) @ W_xh


def losses_of(outputs, Y):
    return F.cross_entropy(outputs, Y.T.reshape(-1), reduction="none")


def not_transposed(outputs, Y):
    losses = F.cross_entropy(outputs, Y.reshape(-1), reduction="none")
    return losses.reshape(Y.shape).mean(1).exp()


def by_step(outputs, Y):
    return losses_of(outputs, Y).reshape(Y.T.shape).mean(1).exp()


def without_exp(outputs, Y):
    return losses_of(outputs, Y).reshape(Y.T.shape).mean(0)


def exp_first(outputs, Y):
    return losses_of(outputs, Y).reshape(Y.T.shape).exp().mean(0)


def relu(inputs, state, params, of_output=False, from_zeros=False, forgets=False):
    W_xh, W_hh, b_h, W_hq, b_q = params
    (H,) = state
    if from_zeros:
        H = torch.zeros_like(H)
    outputs = []
    for X in inputs:
        H = torch.relu(X @ W_xh + H @ W_hh + b_h)
        Y = H @ W_hq + b_q
        outputs.append(torch.relu(Y) if of_output else Y)
        if forgets:
            H = torch.zeros_like(H)
    return torch.cat(outputs), (H,)


def bare_state(inputs, state, params):
    outputs, (H,) = relu(inputs, state, params)
    return outputs, H


def outputs_alone(inputs, state, params):
    return relu(inputs, state, params)[0]


def stacked(inputs, state, params):
    outputs, state = relu(inputs, state, params)
    return outputs.reshape(len(inputs), -1, outputs.shape[1]), state


def without_E(inputs, state, params):
    return rnn.rnn(inputs, state, params[1:])


def transposed_E(inputs, state, params):
    E, *params = params
    return rnn.rnn(inputs @ E.T, state, params)


def relu_between(inputs, state, params):
    E, *params = params
    return rnn.rnn(torch.relu(inputs @ E), state, params)


def first_word(prefix, net, vocab, max_preds=20):
    return generating.predict(prefix, max_preds, net, vocab).split(" ")[0]


def reads_twice(prefix, net, vocab, max_preds=20):
    _, state = generating.warm_up(prefix, net, vocab)
    for _ in range(max_preds):
        output, state = net(torch.tensor([[vocab[prefix[-1]]]]), state)
        token = vocab.to_tokens(int(output.argmax()))
        if token == " ":
            break
        prefix += token
    return prefix


def finish(prefix, net, vocab, max_preds=20, warms_up=True, keeps=True, ends=True):
    """A right answer but for what is switched off."""
    if not warms_up:
        state = net.begin_state(1)
        output, state = net(torch.tensor([[vocab[prefix[-1]]]]), state)
        output = output[0]
    else:
        output, state = generating.warm_up(prefix, net, vocab)
    for _ in range(max_preds if ends else 20):
        token = vocab.to_tokens(int(output.argmax()))
        if token == " ":
            break
        prefix += token
        state = state if keeps else net.begin_state(1)
        output, state = net(torch.tensor([[vocab[token]]]), state)
        output = output[0]
    return prefix


WRONG = {
    "input_term": [
        (lambda X, W_xh: W_xh[X], "hint: the time steps come first"),
        (one_hot, "✗ only the rows of these characters are used"),
        (lambda X, W_xh: W_xh[:, X.T], "✗ one subsequence of two characters"),
        (lambda X, W_xh: X.T @ W_xh, "raised RuntimeError"),
    ],
    "perplexity_by_sequence": [
        (not_transposed, "✗ one that is certain and right"),
        (by_step, "the shape (2,) is expected\n      hint: that is the perplexity"),
        (without_exp, "the perplexity is the exponential of that"),
        (exp_first, "first the mean of the losses, then the exponential"),
    ],
    "rnn_with_relu": [
        (rnn.rnn, "that is still tanh"),
        (bare_state, "the state is a tuple of one tensor"),
        (outputs_alone, "the last state is to be returned"),
        (stacked, "one below the other: (T * B, V)"),
        (lambda *args: relu(*args, of_output=True), "ReLU is for the state"),
        (lambda *args: relu(*args, from_zeros=True), "begin with the state"),
        (lambda *args: relu(*args, forgets=True), "✗ three time steps"),
    ],
    "rnn_with_embedding": [
        (without_E, "E is not used"),
        (transposed_E, "a row of E, not a column"),
        (relu_between, "✗ embeddings as long as the vocabulary"),
    ],
    "finish_word": [
        (lambda prefix, net, vocab, max_preds=20: prefix, "only the beginning"),
        (
            lambda prefix, net, vocab, max_preds=20: generating.predict(
                prefix, max_preds, net, vocab
            ),
            "stop at the first space",
        ),
        (
            lambda *args, **kwargs: finish(*args, **kwargs, warms_up=False),
            "✗ a letter that stands in two words",
        ),
        (lambda *args, **kwargs: finish(*args, **kwargs, keeps=False), "✗ one letter"),
        (
            lambda *args, **kwargs: finish(*args, **kwargs, ends=False),
            "✗ a network that never writes a space",
        ),
        (lambda *args, **kwargs: finish(*args, **kwargs) + " ", "without the space"),
        (
            lambda prefix, net, vocab, max_preds=20: prefix.rstrip(),
            "hint: stop at the *next* space",
        ),
        (first_word, "hint: look for a space only after the prefix"),
        (reads_twice, "is each character read once?"),
    ],
}
