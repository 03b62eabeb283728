"""Answers to the exercises of notebook 08 that are wrong, and words of the verdict."""

import statistics

import torch
from torch.nn import functional as F

from d2l_rnn import clipping, rnn, training


def all_the_way(n, T, detached):
    return n * T if detached else n * n * T


def never_back(n, T, detached):
    return n * T


def without_itself(n, T, detached):
    return n * T if detached else max(1, n * (n - 1) // 2) * T


def epoch(
    net, minibatches, lr, theta, carry=rnn.detach, labels=lambda Y: Y.T,
    zero_grad=True, step=True, result=training.perplexity, mean=statistics.fmean,
):  # fmt: skip
    optimizer, losses = torch.optim.SGD(net.params, lr), []
    state = net.begin_state(4)
    for X, Y in minibatches:
        outputs, state = net(X, carry(state))
        loss = F.cross_entropy(outputs, labels(Y).reshape(-1))
        if zero_grad:
            optimizer.zero_grad()
        loss.backward()
        clipping.clip_gradients(net, theta)
        if step:
            optimizer.step()
        losses.append(loss.item())
    return result(mean(losses))


def not_transposed(net, minibatches, lr, theta):
    return epoch(net, minibatches, lr, theta, labels=lambda Y: Y)


def the_loss(net, minibatches, lr, theta):
    return epoch(net, minibatches, lr, theta, result=float)


def no_step(net, minibatches, lr, theta):
    return epoch(net, minibatches, lr, theta, step=False)


def not_detached(net, minibatches, lr, theta):
    return epoch(net, minibatches, lr, theta, carry=lambda state: state)


def state_anew(net, minibatches, lr, theta):
    return epoch(
        net, minibatches, lr, theta, carry=lambda state: net.begin_state(len(state[0]))
    )


def gradients_added_up(net, minibatches, lr, theta):
    return epoch(net, minibatches, lr, theta, zero_grad=False)


def mean_of_perplexities(net, minibatches, lr, theta):
    def mean_of_each(losses):
        return statistics.fmean(map(training.perplexity, losses))

    return epoch(net, minibatches, lr, theta, mean=mean_of_each, result=float)


def not_clipped(net, minibatches, lr, theta):
    return epoch(net, minibatches, lr, None)


def logarithms_mixed(p, labels, share):
    surprise = -p[range(len(p)), labels].log().mean()
    return torch.exp(surprise + share * torch.log(torch.tensor(len(p.T))))


def shares_swapped(p, labels, share):
    mixed = share * p[range(len(p)), labels] + (1 - share) / p.shape[1]
    return mixed.log().mean().neg().exp()


def all_of_p(p, labels, share):
    mixed = p[range(len(p)), labels] + share / p.shape[1]
    return mixed.log().mean().neg().exp()


def rows_for_columns(p, labels, share):
    mixed = (1 - share) * p[range(len(p)), labels] + share / len(p)
    return mixed.log().mean().neg().exp()


def softmax_again(p, labels, share):
    return F.cross_entropy((1 - share) * p + share / p.shape[1], labels).exp()


def not_the_exponential(p, labels, share):
    mixed = (1 - share) * p[range(len(p)), labels] + share / p.shape[1]
    return -mixed.log().mean()


def stack(V, H, num_layers, read=None, biases=2, output_layers=1):
    read = H if read is None else read
    layers = V * H + (num_layers - 1) * read * H + num_layers * (H * H + biases * H)
    return layers + output_layers * (H * V + V)


WRONG = {
    "steps_back": [
        (all_the_way, "hint: only the last one goes back through all eight"),
        (never_back, "hint: each goes back through those before it"),
        (without_itself, "hint: each goes back through itself"),
    ],
    "train_one_epoch": [
        (not_transposed, "hint: the outputs come time step by time step"),
        (the_loss, "hint: that is the loss"),
        (no_step, "hint: the parameters do not change"),
        (not_detached, "raised RuntimeError: Trying to backward"),
        (state_anew, "hint: the state begins anew only once an epoch"),
        (gradients_added_up, "✗ three minibatches"),
        (mean_of_perplexities, "hint: the exponential of the mean loss, not"),
        (not_clipped, "hint: nothing is clipped"),
    ],
    "sharpened": [
        (lambda p, alpha: p**alpha, "hint: that does not add up to 1"),
        (lambda p, alpha: torch.softmax(alpha * p, 0), "hint: p are probabilities"),
        (lambda p, alpha: p**alpha / (p**alpha).sum(), "✗ alpha = 5000"),
        (lambda p, alpha: torch.softmax(p.log() / alpha, 0), "hint: that evens out"),
    ],
    "mixed_perplexity": [
        (logarithms_mixed, "hint: mix the probabilities, not their logarithms"),
        (shares_swapped, "✗ nothing but guessing"),
        (all_of_p, "hint: of p only the part 1 - share"),
        (rows_for_columns, "hint: V is the number of columns"),
        (softmax_again, "hint: p are probabilities"),
        (not_the_exponential, "hint: that is the cross-entropy"),
    ],
    "num_parameters_of_stack": [
        (lambda V, H, L: stack(V, H, L, biases=1), "hint: PyTorch's layer has two"),
        (lambda V, H, L: stack(V, H, L, read=V), "hint: the second layer reads"),
        (lambda V, H, L: stack(V, H, L, output_layers=L), "hint: there is one output"),
    ],
}
