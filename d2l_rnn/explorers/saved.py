"""What a notebook keeps of a panel, for readers without a kernel.

The panel itself is a widget, and vanishes with its kernel. So its cell has a second
output: the finished picture, what it shows in words, and the setting. It is hidden
while the panel is alive; once the widget is dead, the widget is hidden instead.
"""

from __future__ import annotations

import base64
import html
import re

from d2l_rnn.pictures import DENSITY

AGAIN = "Run this cell again to move the sliders."
# Where the panel's JavaScript cannot be loaded, only this output is seen.
PLAIN = (
    "The picture below follows the sliders. For faster drawing, run "
    "`python -m d2l_rnn doctor` and follow its advice."
)
# A widget's output without a living panel in it shows an error, or nothing: hide it.
STYLE = """<style>
.jp-OutputArea-child:has(+ .jp-OutputArea-child .d2l-rnn-saved):not(
    :has(.d2l-rnn-explorer:not(.jupyter-widgets-disconnected))) { display: none; }
.d2l-rnn-explorer .jupyter-widgets-error-widget { display: none; }
.d2l-rnn-saved img { border-radius: 6px; height: auto; max-width: 100%; }
[data-jp-theme-light="false"] .d2l-rnn-saved img {
    filter: invert(0.9) hue-rotate(180deg); }
</style>"""


def saved(
    setting: str, png: bytes, words: str, more: str = "", is_plain: bool = False
) -> tuple[dict, dict]:
    """The output that is kept, as MIME bundle and its metadata.

    `setting` is code; `png` is a `Picture` as PNG, and `words`, HTML, say what it
    shows; `more` HTML stands below. `is_plain` is True where only this output is seen.
    """
    alt, said = plain(words), PLAIN if is_plain else AGAIN
    width = int.from_bytes(png[16:20], "big") // DENSITY  # in the header of a PNG
    image = (
        f"<img width='{width}' alt='{html.escape(alt, quote=True)}' "
        f"src='data:image/png;base64,{base64.b64encode(png).decode()}'>"
    )
    return {
        "text/html": f"{STYLE}<div class='d2l-rnn-saved'><p>{html.escape(said)}</p>"
        f"{image}<div>{words}{more}</div><p><code>{html.escape(setting)}</code></p></div>",
        "image/png": base64.b64encode(png).decode(),
        "text/plain": f"{setting}\n{plain(words + more)}\n{said}",
    }, {"image/png": {"width": width, "alt": alt}}


def plain(words: str) -> str:
    """HTML as plain text, for a reader who cannot see it."""
    spaced = re.sub(r"<(br|/tr|/p|/div|/td|/th)[^>]*>", " ", words)
    return " ".join(html.unescape(re.sub("<[^>]*>", "", spaced)).split())
