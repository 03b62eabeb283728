"""The playground: in the browser, by itself, or in a notebook.

python -m d2l_rnn playground
"""

from __future__ import annotations

import webbrowser
import zlib
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from d2l_rnn.checks import integer, shown
from d2l_rnn.checks.files import PATH_ERRORS, reason
from d2l_rnn.web import PLAYGROUND

if TYPE_CHECKING:
    from IPython.display import IFrame

MAIN = b'<main id="page"'


def main() -> int:
    """Open the page in the reader's browser, and say where it is; 1 without a browser.

    It needs no server and no network: the file may be copied, and opened anywhere.
    """
    print(PLAYGROUND)
    try:
        is_open = webbrowser.open(PLAYGROUND.as_uri())
    except webbrowser.Error:
        is_open = False
    if not is_open:
        print("no browser could be found here: open this file in one")
    return 0 if is_open else 1


def frame(setting: str = "", height: int = 640) -> IFrame:
    """The page in a notebook, `height` pixels high, as wide as there is room.

    `setting` is the end of an address of the page, from its # on, as its button "share
    this setting" copies it. The page is put beside the notebook, as `playground.html`
    or, with a setting, under a name of its own: Jupyter shows no file from elsewhere,
    and hands on no setting in an address.

    Raises ValueError for a setting that does not begin with #, a height that is not
    from 100 to 4,000, and if the file cannot be written.
    """
    from IPython.display import IFrame

    integer("height", height, 100, 4000)
    if not isinstance(setting, str) or setting[:1] not in ("", "#"):
        raise ValueError(f"setting must begin with #, got {shown(setting)}")
    page, beside = PLAYGROUND.read_bytes(), Path(PLAYGROUND.name)
    if setting:
        number = zlib.crc32(setting.encode())
        beside = Path(f"{PLAYGROUND.stem}-{number:08x}.html")
        page = page.replace(MAIN, MAIN + f' data-setting="{escape(setting)}"'.encode())
    try:
        if not beside.exists() or beside.read_bytes() != page:
            beside.write_bytes(page)
    except PATH_ERRORS as error:
        raise ValueError(
            f"the page must be written beside the notebook: {reason(error)}"
        ) from None
    return IFrame(str(beside), "100%", height)
