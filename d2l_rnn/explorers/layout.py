"""Where the widgets of a panel stand, and buttons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import ipywidgets as widgets


def grid(controls: Iterable[widgets.Widget]) -> widgets.Widget:
    """Controls in as many columns as fit."""
    layout = {
        "grid_template_columns": "repeat(auto-fit, minmax(min(400px, 100%), 1fr))"
    }
    return widgets.GridBox(list(controls), layout=layout)


def folded(description: str, inside: widgets.Widget) -> widgets.Widget:
    """A button that unfolds a widget (an Accordion cannot be reached by keyboard)."""
    button = widgets.ToggleButton(
        description=description, tooltip="show or hide", layout={"width": "auto"}
    )

    def unfold(_=None):
        inside.layout.display = "" if button.value else "none"

    unfold()
    button.observe(unfold, "value")
    return widgets.VBox([button, inside])


def side_by_side(
    controls: Sequence[widgets.Widget], picture: Sequence[widgets.Widget]
) -> widgets.Widget:
    """Controls to the left of a picture, or above it where there is no room."""
    return widgets.HBox(
        [
            widgets.VBox(controls, layout={"flex": "1 1 405px", "max_width": "560px"}),
            widgets.VBox(picture, layout={"flex": "2 1 500px", "max_width": "720px"}),
        ],
        layout={"flex_flow": "row wrap"},
    )


def column(children: Iterable[widgets.Widget]) -> widgets.Widget:
    """Widgets one below the other, as wide as the page allows."""
    return widgets.VBox(list(children), layout={"max_width": "1100px"})


def button(description: str, hint: str, act: Callable[[], None]) -> widgets.Button:
    """A button; `hint` is its tooltip."""
    made = widgets.Button(
        description=description, tooltip=hint, layout={"width": "auto"}
    )
    made.on_click(lambda _: act())
    return made


def row(children: Iterable[widgets.Widget]) -> widgets.Widget:
    """Widgets side by side, in as many lines as they need."""
    return widgets.HBox(list(children), layout={"flex_flow": "row wrap"})
