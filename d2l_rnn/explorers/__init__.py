"""Slider panels: move one, and see what changes.

    from d2l_rnn import explorers

    explorers.Training()

Each panel is also a plain object, for code: `e.theta = 0.5; e.wait(30); e.history`.
They need ipywidgets, which `pip install "d2l_rnn[lab]"` brings along.
"""

import importlib

PANELS = {
    "Autoregression": "autoregression",
    "GradientFlow": "gradient_flow_panel",
    "HowFarBack": "how_far_back_panel",
    "MarkovChain": "markov_chain",
    "Minibatches": "minibatches_panel",
    "NGramText": "ngram_text",
    "Nudge": "nudge",
    "OneMinibatch": "one_minibatch_panel",
    "Sureness": "sureness",
    "Training": "training",
    "Uncertainty": "uncertainty",
    "UnrolledRNN": "unrolled_panel",
    "Vocabulary": "vocabulary",
}


def __getattr__(name: str):
    if name in PANELS:
        module = importlib.import_module(f"d2l_rnn.explorers.{PANELS[name]}")
        return getattr(module, name)
    raise AttributeError(f"module 'd2l_rnn.explorers' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *PANELS])
