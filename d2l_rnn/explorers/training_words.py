"""Training runs in words: how they differ, where they stand, what they write."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence

from d2l_rnn import generating
from d2l_rnn.explorers.controls import Control
from d2l_rnn.explorers.text_controls import OWN
from d2l_rnn.explorers.training_runs import Plan, Run
from d2l_rnn.explorers.wording import short

LENGTH = 80  # characters that a model writes
HIGHEST = 100  # times the perplexity of guessing: a run that is so far off is lost
# How a legend names the controls, before their values.
SHORT = {
    "theta": "theta ", "num_hiddens": "H ", "lr": "lr ", "num_steps": "T ",
    "batch_size": "B ", "seed": "seed ", "sampling": "", "cell": "", "text": "",
    "held_out": "", "earlier": "",
}  # fmt: skip


def labels(
    plans: Sequence[Plan], controls: Mapping[str, Control], named: Iterable[str]
) -> list[str]:
    """A label for each plan: the controls in which they differ, with their values.

    If there is nothing to tell apart, they are labelled by the controls `named`.
    """
    captions = [_captions(plan, controls) for plan in plans]
    differing = [name for name in SHORT if len({each[name] for each in captions}) > 1]
    names = differing or [name for name in named if name in SHORT]
    parts = ([each[name] for name in names if each[name]] for each in captions)
    return [", ".join(named) or "this run" for named in parts]


def _captions(plan: Plan, controls: Mapping[str, Control]) -> dict[str, str]:
    """The legend's words for each control, in a run of this plan."""
    values = plan.values
    captions = {
        name: SHORT[name] + controls[name].caption(values[name])
        for name in SHORT
        if name in controls
    }
    captions["held_out"] = "with held-out text" if plan.held_out else ""
    captions["earlier"] = f"earlier {plan.earlier}" if plan.earlier else ""
    if plan.text == OWN:  # its words would be too long
        captions["text"] += f" ({len(plan.own_text):,} characters)"
    return captions


def describe(run: Run, num_epochs: int) -> str:
    """The last record of a run that is to have `num_epochs`, as HTML."""
    if not run.history:
        return ""
    last = run.history[-1]
    if last.diverged:
        return html.escape(str(last))
    heard = last.held_out_perplexity
    held_out = f" (held out <b>{heard:.3g}</b>)" if heard == heard else ""
    return (
        f"epoch <b>{last.epoch}</b> of {max(num_epochs, last.epoch)} · "
        f"perplexity <b>{last.perplexity:.3g}</b>{held_out} · "
        f"{last.tokens_per_second:,.0f} tokens/s · gradient norm "
        f"{last.gradient_norm:.2g} · {last.clipped_fraction:.0%} of the steps clipped"
    )


def listed(curves: Mapping[str, Run]) -> str:
    """The curves {label: run}, each with its last perplexity, as HTML."""
    ends = [
        f"{label} · {short(run.history[-1].perplexity)}"
        for label, run in curves.items()
        if run.history
    ]
    return html.escape("; ".join(ends))


def trouble(run: Run) -> str:
    """What went wrong in a run, and what may help; empty if all is well.

    A run is lost if it is far worse than guessing among the vocabulary, even if its
    numbers are finite.
    """
    guessing, history = run.text.levels["guessing"], run.history
    lost = [each.epoch for each in history if each.perplexity > HIGHEST * guessing]
    if not lost or history[-1].perplexity <= guessing:
        return ""
    what = "diverged" if history[-1].diverged else "lost"
    epoch = history[-1].epoch if history[-1].diverged else lost[0]
    has_theta = run.plan.setting.theta is not None
    other = "or a smaller theta" if has_theta else "or clip the gradient"
    return f"{what} at epoch {epoch}:\ntry a smaller learning rate {other}"


def writing(run: Run, prefix: str, temperature: float, draw: int) -> dict:
    """What the model of a run writes: the most probable characters, and drawn ones.

    `draw` is the seed. {"epoch", "read", "greedy", "drawn"}, of which the first `read`
    characters are the prefix; {"epoch", "error"} if the prefix cannot be read or the
    model's outputs are not finite.
    """
    net, vocab = run.net, run.text.vocab
    written = {"epoch": len(run.history)}
    try:
        greedy = generating.predict(prefix, LENGTH, net, vocab)
        drawn = generating.sample(prefix, LENGTH, net, vocab, temperature, seed=draw)
    except ValueError as error:
        return written | {"error": str(error)}
    read = "".join(vocab.to_tokens(vocab[list(prefix)]))
    return written | {"read": len(read), "greedy": greedy, "drawn": drawn}


def as_html(texts: Iterable[dict]) -> str:
    """The texts {"label", "epoch", …} that models have written, as HTML."""
    rows = []
    for text in texts:
        told = [text["error"]] if "error" in text else [text["greedy"], text["drawn"]]
        rows += [
            f"<p>{html.escape(text['label'])}, after epoch {text['epoch']}:<br>"
            f"{'<br>'.join(f'<code>{html.escape(each)}</code>' for each in told)}</p>"
        ]
    return "".join(rows)
