"""Recurrent neural networks, by running and bending them.

The real implementations behind the notebooks. Data flows down this list, and a module
imports only from modules above it:

    corpora     find the text
    text        lines → tokens → vocabulary → corpus of indices
    series      time series, linear autoregression, forecasts
    vector_ar   several series that predict each other
    neural_ar   the book's MLP, and the latent autoregressive model
    markov      Markov chains, and the floor under any perplexity
    ngrams      n-grams, smoothing, and the perplexity to beat
    batching    corpus → minibatches
    rnn         the RNN from scratch, and the same model on torch.nn layers
    bptt        the same recurrence with the backward pass by hand, each formula a line
    engine      these formulas in C: what trains the scratch RNN
    gated       the GRU and the LSTM from scratch
    vanishing   how the gradient fades, or grows, on its way back through time
    clipping    gradient clipping
    training    epochs, perplexity, history
    sweeping    many settings, trained side by side
    generating  text from a model
    pictures    what all pictures share: how they show themselves, colours, scales
    figures     measurements → pictures
    diagrams    ideas → pictures
    explorers   slider panels (they need ipywidgets)
    exercises   what says whether an exercise is solved
    book        the book's own names: `from d2l_rnn import book as d2l`

Each is loaded when it is first used.
"""

import importlib

__version__ = "0.2.0"

_MODULES = (
    "corpora", "text", "series", "vector_ar", "neural_ar", "markov", "ngrams",
    "batching", "rnn", "bptt", "engine", "gated", "vanishing", "clipping", "training",
    "sweeping", "generating", "pictures", "figures", "diagrams", "explorers",
    "exercises", "book",
)  # fmt: skip


def __getattr__(name: str):
    if name in _MODULES:
        return importlib.import_module(f"d2l_rnn.{name}")
    raise AttributeError(f"module 'd2l_rnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
