"""Recurrent neural networks, by running and bending them.

The real implementations behind the notebooks. Data flows down this list, and a module
imports only from modules above it:

    checks      checks of arguments: numbers, tensors, files
    threads     how many threads a run uses
    interrupts  Ctrl-C, held back while something has to be whole
    commands    how a command ends: with its status, or one line if it fails
    corpora     find the text: a file you name, the cache, the book's server, the story
    large_text  millions of tokens, counted and numbered with arrays (no torch)
    text        lines → tokens → vocabulary → corpus of indices (no torch)
    progress    perplexity, and the record of an epoch
    series      time series, linear autoregression, forecasts
    vector_ar   several series that predict each other
    neural_ar   the book's MLP, and the latent autoregressive model
    stationary  the distribution that a step of a Markov chain leaves unchanged
    markov      Markov chains, and the floor under any perplexity
    ngrams      n-grams, smoothing, and the perplexity to beat
    batching    corpus → minibatches; the text that is held out
    rnn         the RNN from scratch, the same on torch.nn layers, and how a state is
                begun and detached
    parameters  a model's parameters, to be trained or only read
    bptt        the backward pass by hand: the gradient of W_hh, of each parameter
    engine      the same formulas in C, which train the scratch RNN
    gated       the GRU and the LSTM from scratch
    gradients   how a model's gradients are computed: engine, bptt or autograd
    vanishing   how the gradient fades, or grows, on its way back through time
    clipping    gradients cut to the length theta
    optimizers  stochastic gradient descent
    evaluating  the perplexity of text that is not learned from
    runs        a run of many epochs, which goes on after an interruption
    training    the loop: an epoch, and a run
    sweeping    many settings, trained side by side
    generating  text from a model: greedy, or drawn with a temperature
    saving      a trained model in one file, and back
    pictures    what all pictures share: how they show themselves, colours, scales
    alt_text    what a picture shows, in words
    figures     measurements → pictures
    diagrams    ideas → pictures
    web         numbers → pictures in a browser, without Jupyter; and the playground
    explorers   slider panels, one module each (they need ipywidgets)
    exercises   checks for the exercises, one module a notebook
    book        the book's own names: `from d2l_rnn import book as d2l`
    doctor      what the course runs on, and what to do about it

Each is loaded when it is first used.
"""

import importlib

__version__ = "0.2.0"

MODULES = (
    "checks", "threads", "interrupts", "commands", "corpora", "large_text", "text",
    "progress", "series", "vector_ar", "neural_ar", "stationary", "markov", "ngrams",
    "batching", "rnn", "parameters", "bptt", "engine", "gated", "gradients",
    "vanishing", "clipping", "optimizers", "evaluating", "runs", "training",
    "sweeping", "generating", "saving", "pictures", "alt_text", "figures",
    "diagrams", "web", "explorers", "exercises", "book", "doctor",
)  # fmt: skip


def __getattr__(name: str):
    if name in MODULES:
        return importlib.import_module(f"d2l_rnn.{name}")
    raise AttributeError(f"module 'd2l_rnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *MODULES])
