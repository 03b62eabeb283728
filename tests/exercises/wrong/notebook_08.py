"""Answers to the exercises of notebook 08 that are wrong, and words of the verdict."""

import torch
from torch.nn import functional as F


def all_the_way(n, T, detached):
    return n * T if detached else n * n * T


def never_back(n, T, detached):
    return n * T


def without_itself(n, T, detached):
    return n * T if detached else max(1, n * (n - 1) // 2) * T


def stopped(perplexities, patience, kept=lambda best, epoch: best, before=False):
    best, waited = 1, 0
    for epoch, perplexity in enumerate(perplexities, start=1):
        lowest = perplexities[epoch - 2 if before else best - 1]
        waited = 0 if epoch == 1 or perplexity < lowest else waited + 1
        best = epoch if perplexity < perplexities[best - 1] else best
        if waited == patience:
            return kept(best, epoch)
    return kept(best, epoch)


def from_zero(perplexities, patience):
    return stopped(perplexities, patience) - 1


def where_it_stops(perplexities, patience):
    return stopped(perplexities, patience, kept=lambda best, epoch: epoch)


def lowest_of_all(perplexities, patience):
    return perplexities.index(min(perplexities)) + 1


def at_once(perplexities, patience):
    return stopped(perplexities, 1)


def its_perplexity(perplexities, patience):
    return perplexities[stopped(perplexities, patience) - 1]


def equal_is_better(perplexities, patience):
    best = 1
    for epoch, perplexity in enumerate(perplexities, start=1):
        if perplexity <= perplexities[best - 1]:
            best = epoch
        if epoch - best == patience:
            break
    return best


def than_the_one_before(perplexities, patience):
    return stopped(perplexities, patience, before=True)


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
    "epoch_to_keep": [
        (from_zero, "hint: epochs are counted from 1"),
        (where_it_stops, "hint: training stops there, but"),
        (lowest_of_all, "hint: by then the training has stopped"),
        (at_once, "hint: one epoch without a new lowest"),
        (its_perplexity, "hint: that is the perplexity"),
        (equal_is_better, "hint: three in a row were no better"),
        (than_the_one_before, "hint: three in a row were no better"),
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
