"""What a reader sees of the training panel, and does there."""

PANEL = ".d2l-rnn-explorer"
# The lengths of the curves as they are drawn, the perplexity's range, and its arrows.
DRAWN = """panel => {
    const { plots } = panel.querySelector('.d2l-figure').d2lFigure;
    const { plot, uplot } = plots[0];
    return {
        lengths: uplot.data.slice(1).map(ys => ys.filter(y => y != null).length),
        ends: plot.lines.map(({ y }) => y.at(-1)),
        range: [uplot.scales.y.min, uplot.scales.y.max],
        epochs: [uplot.scales.x.min, uplot.scales.x.max],
        arrows: plot.arrows.map(({ label }) => label),
    };
}"""
# Which epoch, and perplexity, each part of the panel tells.
TOLD = """panel => {
    const number = (words, found) => Number((words.match(found) ?? [])[1]);
    const words = panel.querySelector('.d2l-readout').innerText;
    const { plot } = panel.querySelector('.d2l-figure').d2lFigure.plots[0];
    return {
        readout: number(words, /epoch (\\d+)/),
        bar: panel.querySelector('.d2l-progress').value,
        curve: plot.lines.at(-1)?.y.length ?? 0,
        texts: number(
            panel.querySelector('.d2l-texts').innerText, /after epoch (\\d+)/),
        perplexities: [
            number(words, /perplexity ([\\d.]+)/),
            number(panel.querySelector('.d2l-current b')?.innerText ?? '', /([\\d.]+)/),
            plot.lines.at(-1)?.y.at(-1),
        ],
    };
}"""

# The tab of the second view, closed as by its cross.
CLOSE_SECOND = """() => {
    const { shell } = jupyterapp;
    const isSecond = each => each.node.querySelector('.jp-LinkedOutputView');
    [...shell.widgets('main')].find(isSecond).close();
}"""


class Panel:
    """The panel of the first cell."""

    def __init__(self, notebook):
        self.notebook, self.page = notebook, notebook.page
        self.place = self.page.locator(PANEL).first

    def find(self, css):
        return self.place.locator(css)

    def button(self, name):
        return self.place.get_by_role("button", name=name, exact=True)

    def press(self, name):
        self.button(name).press("Enter")

    def slider(self, label):
        return self.find(f".widget-slider:has-text('{label}') .noUi-handle")

    def words(self):
        return self.place.inner_text()

    def readout(self):
        return self.find(".d2l-readout").inner_text()

    def legend(self):
        """The names of the curves, each with its value."""
        return self.find(".d2l-entry .d2l-name").all_inner_texts()

    def entry(self, name):
        """The curve's line in the legend."""
        return self.find(f".d2l-entry:has-text('{name} ·')")

    def drawn(self):
        return self.place.evaluate(DRAWN)

    def told(self):
        return self.place.evaluate(TOLD)

    def shows(self, words, seconds=10):
        self.notebook.until(lambda: words in self.words(), seconds)

    def becomes(self, locator, name, value, seconds=5):
        """Wait until an attribute of what the locator finds has this value."""
        self.notebook.until(lambda: locator.get_attribute(name) == value, seconds)

    def ends(self, seconds=60):
        """Wait until a run has ended, and the page shows it."""
        self.notebook.until(
            lambda: self.ask("not explorer.live.is_busy and bool(explorer.history)"),
            seconds,
        )
        self.notebook.until(
            lambda: self.told()["curve"] == self.ask("len(explorer.history)"), 10
        )

    def ask(self, expression, before=""):
        return self.notebook.ask(expression, before)

    def set(self, **values):
        self.ask("0", f"explorer.set(**{values!r})")
