"""Optional parts: d2l, which is the book's own package, and the book's text."""

from __future__ import annotations

import os

from d2l_rnn.doctor.environment import pip_install, python, version_of
from d2l_rnn.doctor.findings import Report, trouble, well


def check_d2l() -> Report:
    """Whether d2l is installed; the course works without it."""
    version = version_of("d2l")
    if version is None:
        yield well(
            "d2l is not installed. Only names of the book's other chapters are "
            "missing; to have them:",
            pip_install("--no-deps", "d2l==1.0.3"),
        )
    else:
        yield well(
            f"d2l {version}. It works with newer packages than those it asks for, "
            "whatever pip check says"
        )


def check_text() -> Report:
    """Which text the notebooks read, and how to get the book's.

    Raises ValueError or OSError if it is empty or cannot be read.
    """
    from d2l_rnn import corpora

    variable, file = corpora.DATA_DIR_VARIABLE, corpora.FILE_NAME
    folder, text = os.environ.get(variable), corpora.in_data_dir()
    if folder and text is None:
        yield trouble(
            f"{variable} is {folder}, but there is no {file}: put it there, or unset "
            f"{variable}"
        )
    text = text or corpora.in_cache() or corpora.TextFile(corpora.STORY_PATH, "story")
    text.read()
    if text.is_time_machine:
        yield well(f"the text is The Time Machine: {text.path}")
    elif text.origin == "folder":
        yield well(f"the text is your own: {text.path}")
    else:
        yield well(
            "the text is the built-in story. To fetch The Time Machine, once online:",
            python("-m", "d2l_rnn.corpora"),
        )
