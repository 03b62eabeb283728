"""The tables of one minibatch from the loss back to the parameters, and their step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from d2l_rnn import bptt, clipping
from d2l_rnn.explorers.one_minibatch_stages import GRADIENTS, PARAMS
from d2l_rnn.explorers.one_minibatch_tables import Tables, joined, summed
from d2l_rnn.explorers.sheet import Table, Words
from d2l_rnn.explorers.source_lines import SourceLine, line_of
from d2l_rnn.optimizers import SGD

WAYS_BACK = dict(zip(PARAMS, (
    "index_add_(0, tokens, dZ.flatten(0, 1))",
    'torch.einsum("tbi,tbj->ij", H[:-1], dZ)',
    "dZ.sum((0, 1))", 'torch.einsum("tbi,tbj->ij", H[1:], dO)', "dO.sum((0, 1))",
), strict=True))  # fmt: skip
SUMS = dict(zip(PARAMS, (
    "Σ_t X_tᵀ dL/dZ_t", "Σ_t H_{t−1}ᵀ dL/dZ_t", "Σ_t dL/dZ_t", "Σ_t H_tᵀ dL/dO_t",
    "Σ_t dL/dO_t"), strict=True))  # fmt: skip

DIFFERENCE = (
    "dO[counts] = log_p[counts].exp()", "dO[counts].scatter_add_(",
    "dO /= labels[counts].numel()",
)  # fmt: skip


class Backward(Tables):
    """Makes the tables of the gradients, their clipping, and the step."""

    def all(self) -> dict[str, Table]:
        """All of them, by name."""
        return {
            **self._backward(), **self._gradients(), **self._lengths(),
            **self._clipped(), **self._steps(),
        }  # fmt: skip

    def _backward(self) -> dict[str, Table]:
        done, T = self.done, self.done.num_steps
        V, H = range(len(self.letters)), range(len(self.units))

        def back(part: str) -> list[SourceLine]:
            return [line_of(bptt.backward, part)]

        return {
            "dO": self.timed(
                "dL/dO_t", "dL/dO_#[{}]", self.letters, done.dO, "dO",
                "dL/dO_t = (p_t − Y_t) / T",
                [line_of(bptt.cross_entropy, part) for part in DIFFERENCE],
                lambda t, v: ["(", ("p", t, v), " - ", ("Y", t, v), f") / {T}"]),
            "later": self.timed(
                "from later", "from later_#[{}]", self.units, done.from_later, "dH",
                "dL/dZ_{t+1} W_hhᵀ, what step t + 1 hands back; 0 in the last step",
                back("from_later = dZ_t @ W_hh.T"),
                lambda t, j: ["0"] if t == T - 1 else summed(
                    [[("dZ", t + 1, k), ("W_hh", j, k)] for k in H])),
            "dH": self.timed(
                "dL/dH_t", "dL/dH_#[{}]", self.units, done.dH, "dH",
                "dL/dH_t = dL/dO_t W_hqᵀ + what comes from later",
                back("dH_t = dO_t @ W_hq.T + from_later"),
                lambda t, j: summed([*([("dO", t, v), ("W_hq", j, v)] for v in V),
                                   [("later", t, j)]])),
            "dZ": self.timed(
                "dL/dZ_t", "dL/dZ_#[{}]", self.units, done.dZ, "dZ",
                "dL/dZ_t = dL/dH_t ∘ (1 − H_t²)", back("dZ_t = dH_t * (1 - H_t**2)"),
                lambda t, j: [("dH", t, j), " · (1 - ", ("H", t + 1, j), "²)"]),
        }  # fmt: skip

    def _gradients(self) -> dict[str, Table]:
        T, tables = range(self.done.num_steps), {}
        terms: dict[str, Callable[[int, int, int], list]] = {
            "W_xh": lambda t, i, j: [("X", t, i), ("dZ", t, j)],
            "W_hh": lambda t, i, j: [("H", t, i), ("dZ", t, j)],
            "b_h": lambda t, i, j: [("dZ", t, j)],
            "W_hq": lambda t, i, j: [("H", t + 1, i), ("dO", t, j)],
            "b_q": lambda t, i, j: [("dO", t, j)],
        }
        for name, values in zip(PARAMS, self.done.gradients, strict=True):
            tables[f"d{name}"] = self.shaped(
                name, f"dL/d{name}", values, self.stage_of[f"d{name}", 0],
                f"dL/d{name} = {SUMS[name]}", [line_of(bptt.backward, WAYS_BACK[name])],
                lambda i, j, of=terms[name]: summed([of(t, i, j) for t in T]),
            )  # fmt: skip
        return tables

    def _lengths(self) -> dict[str, Table]:
        done, at = self.done, self.stage_of["norm", 0]
        theta = "none" if done.theta is None else f"{done.theta:g}"
        each = line_of(clipping._norm, "torch.linalg.vector_norm(gradient)")
        whole = line_of(clipping._norm, "torch.linalg.vector_norm(torch.stack(each))")
        is_longer = line_of(clipping.project, "theta < norm < math.inf")
        shorten = line_of(clipping.project, "gradient *= theta / norm")
        is_kept = done.theta is None or done.norm == 0
        norms = Table(
            "lengths", [""], [*GRADIENTS], done.norms.numpy()[None], ["‖{}‖"], [at],
            "the root of the sum of the squares", [each], self._squares,
        )  # fmt: skip
        return {
            "norms": norms,
            "norm": self.single(
                "‖g‖", done.norm, "norm", "‖g‖, the length of all five as one vector",
                [whole], ["sqrt(", *joined([[("norms", 0, i), "²"] for i in range(5)]),
                          ")"]),
            "factor": self.single(
                "factor", done.factor, "clip", "min(1, theta / ‖g‖)",
                [is_longer, shorten],
                ["1"] if is_kept else ["min(1, ", theta, " / ", ("norm", 0, 0), ")"]),
            "kept": self.single(
                "kept length", done.norm * done.factor, "clip",
                "the length after clipping: at most theta", [shorten],
                [("factor", 0, 0), " · ", ("norm", 0, 0)]),
        }  # fmt: skip

    def _clipped(self) -> dict[str, Table]:
        line, at = line_of(clipping.project, "gradient *= theta / norm"), "clip"
        return {
            f"clipped {name}": self.shaped(
                name, f"clipped {name}", values, self.stage_of[at, 0],
                "g ← min(1, theta / ‖g‖) g", [line],
                lambda i, j, of=f"d{name}": [("factor", 0, 0), " · ", (of, i, j)])
            for name, values in zip(PARAMS, self.done.clipped, strict=True)
        }  # fmt: skip

    def _squares(self, _: int, which: int) -> Words:
        """The length of the gradient of one parameter."""
        shape = np.atleast_2d(self.done.gradients[which].numpy()).shape
        places = [[(GRADIENTS[which], *place), "²"] for place in np.ndindex(shape)]
        return ["sqrt(", *joined(places), ")"]

    def _steps(self) -> dict[str, Table]:
        lr, line = self.done.lr, line_of(SGD.step, "param.add_(param.grad, alpha=")
        return {
            f"new {name}": self.shaped(
                name, f"new {name}", values, self.stage_of["step", 0],
                f"{name} ← {name} − lr · its clipped gradient", [line],
                lambda i, j, of=name: [
                    (of, i, j), f" - {lr:g} · ", (f"clipped {of}", i, j)])
            for name, values in zip(PARAMS, self.done.stepped, strict=True)
        }  # fmt: skip
