"""The tables of one minibatch from its first letter to the loss."""

from __future__ import annotations

from torch import Tensor

from d2l_rnn import bptt, rnn
from d2l_rnn.explorers import one_minibatch
from d2l_rnn.explorers.one_minibatch_stages import PARAMS
from d2l_rnn.explorers.one_minibatch_tables import Tables, joined, summed
from d2l_rnn.explorers.sheet import Table, Words
from d2l_rnn.explorers.source_lines import SourceLine, line_of
from d2l_rnn.optimizers import SGD

BEGINNINGS = dict(zip(PARAMS, (
    "0.01 * draw(V, H)", "0.01 * draw(H, H)", "zeros(H)", "0.01 * draw(H, V)",
    "zeros(V)"), strict=True))  # fmt: skip


class Forward(Tables):
    """Makes the tables of the parameters, the way forward, and the new loss."""

    def all(self) -> dict[str, Table]:
        """All of them, by name."""
        return {
            **self._parameters(), **self._forward(), **self._losses(), **self._again(),
        }  # fmt: skip

    def _parameters(self) -> dict[str, Table]:
        tables = {}
        for name, values in zip(PARAMS, self.done.params, strict=True):
            lines = [line_of(rnn.get_params, BEGINNINGS[name])]
            formula = f"{name} is 0 at the beginning"
            if name.startswith("W"):
                lines.append(line_of(one_minibatch.begin, "WIDER * param"))
                formula = f"{name} is drawn at random, standard deviation 0.5"
            if self.num_taken:
                lines = [line_of(SGD.step, "param.add_(param.grad, alpha=-self.lr)")]
                formula = f"{name}, after {self.num_taken} steps of training"
            tables[name] = self.shaped(name, name, values, 0, formula, lines)
        return tables

    def _forward(self) -> dict[str, Table]:
        done, V, H = self.done, range(len(self.letters)), range(len(self.units))
        loop = line_of(bptt.forward, "for X_t in X.T.long()")

        def state(part: str) -> list[SourceLine]:
            return [line_of(bptt.forward, part)]

        return {
            "X": self.timed(
                "X_t", "X_#[{}]", self.letters, done.one_hot, "read",
                "X_t is 1 at the letter that is read, else 0", [loop]),
            "XW": self.timed(
                "X_t W_xh", "(X_# W_xh)[{}]", self.units, done.from_input, "products",
                "X_t W_xh: of W_xh, the row of the letter", state("W_xh[X_t]"),
                lambda t, j: summed([[("X", t, v), ("W_xh", v, j)] for v in V])),
            "HW": self.timed(
                "H_{t−1} W_hh", "(H_#-1 W_hh)[{}]", self.units, done.from_state,
                "products", "H_{t−1} W_hh", state("H[-1] @ W_hh"),
                lambda t, j: summed([[("H", t, k), ("W_hh", k, j)] for k in H])),
            "Z": self.timed(
                "Z_t", "Z_#[{}]", self.units, done.Z, "sum",
                "Z_t = X_t W_xh + H_{t−1} W_hh + b_h",
                state("W_xh[X_t] + H[-1] @ W_hh + b_h"),
                lambda t, j: summed([[("XW", t, j)], [("HW", t, j)], [("b_h", 0, j)]])),
            "H": self._states(),
            "O": self.timed(
                "O_t", "O_#[{}]", self.letters, done.O, "scores",
                "O_t = H_t W_hq + b_q", state("H[1:] @ W_hq + b_q"),
                lambda t, v: summed([*([("H", t + 1, j), ("W_hq", j, v)] for j in H),
                                   [("b_q", 0, v)]])),
        }  # fmt: skip

    def _states(self) -> Table:
        """H_0 and the states after it: a row more than the others."""
        table = self.timed(
            "H_t", "H_#[{}]", self.units, self.done.H[1:], "state", "H_t = tanh(Z_t)",
            [line_of(bptt.forward, "H.append(torch.tanh(")],
        )  # fmt: skip

        def numbers(row: int, j: int) -> Words:
            return ["tanh(", ("Z", row - 1, j), ")"] if row else ["0"]

        return Table(
            "H_t", ["0", *table.rows], self.units, self.done.H.numpy(),
            ["H_0[{}]", *table.cells], [0, *table.at], "H_t = tanh(Z_t), and H_0 = 0",
            table.lines, numbers,
        )  # fmt: skip

    def _losses(self) -> dict[str, Table]:
        done, T, V = self.done, self.done.num_steps, range(len(self.letters))
        softmax = line_of(bptt.cross_entropy, "log_p = torch.log_softmax(outputs, -1)")
        labels = line_of(bptt.cross_entropy, "labels = labels.T.long()")
        loss = line_of(bptt.cross_entropy, "-log_p[counts].gather(-1, labels[counts])")
        mean = line_of(bptt.cross_entropy, ".mean()")
        return {
            "p": self.timed(
                "p_t", "p_#[{}]", self.letters, done.p, "chances", "p_t = softmax(O_t)",
                [softmax], lambda t, v: [
                    "exp(", ("O", t, v), ") / (exp(",
                    *joined([[("O", t, u)] for u in V], ") + exp("), "))"]),
            "Y": self.timed(
                "Y_t", "Y_#[{}]", self.letters, self._one_hot_labels(), "loss",
                "Y_t is 1 at the letter that follows, else 0", [labels]),
            "losses": self.timed(
                "l_t", "l_#", ["l_t"], done.losses[:, None], "loss",
                "l_t = −log of the probability of the letter that follows", [loss],
                lambda t, _: ["-log(", ("p", t, int(done.Y[t])), ")"]),
            "loss": self.single(
                "L", done.loss, "mean", "L, the mean of the l_t", [mean],
                ["(", *joined([[("losses", t, 0)] for t in range(T)]), f") / {T}"]),
        }  # fmt: skip

    def _one_hot_labels(self) -> Tensor:
        rows = self.done.one_hot.new_zeros(self.done.one_hot.shape)
        return rows.scatter(1, self.done.Y[:, None], 1)

    def _again(self) -> dict[str, Table]:
        done, T = self.done, self.done.num_steps
        lines = [line_of(bptt.cross_entropy, "log_p = torch.log_softmax(outputs, -1)")]
        loss = line_of(bptt.cross_entropy, "-log_p[counts].gather(-1, labels[counts])")
        mean = line_of(bptt.cross_entropy, ".mean()")
        return {
            "new p": self.timed(
                "new p_t", "new p_#[{}]", self.letters, done.new_p, "again",
                "forward once more, with the new parameters", lines),
            "new losses": self.timed(
                "new l_t", "new l_#", ["l_t"], done.new_losses[:, None], "again",
                "l_t = −log of the probability of the letter that follows", [loss],
                lambda t, _: ["-log(", ("new p", t, int(done.Y[t])), ")"]),
            "new loss": self.single(
                "new L", done.new_loss, "again", "L, the mean of the l_t", [mean],
                ["(", *joined([[("new losses", t, 0)] for t in range(T)]), f") / {T}"],
            ),
        }  # fmt: skip
