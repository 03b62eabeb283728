"""`python -m d2l_rnn`: what the package does when called by name."""

from __future__ import annotations

import argparse

from d2l_rnn import commands, doctor
from d2l_rnn.web import playground


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for; the exit status says whether all is well."""
    parser = argparse.ArgumentParser(prog="python -m d2l_rnn")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "doctor",
        help="look at what the course runs on, and say what to do about it",
        description="Look at what the course runs on, and say what to do about it: "
        "Python, packages, PyTorch, JupyterLab and its widgets, the kernel, pictures, "
        "the text, the browser. It takes some seconds and needs no network.",
        epilog="The exit status is 0 if all is well, and 1 if not.",
    )
    commands.add_parser(
        "playground",
        help="open the page that trains an RNN by itself",
        description="Open the page that trains an RNN by itself, in your browser. It "
        "is one file, which this prints; it needs no network.",
        epilog="The exit status is 0 if a browser opens it, and 1 if there is none.",
    )
    acts = {"doctor": doctor.main, "playground": playground.main}
    return acts[parser.parse_args(arguments).command]()


if __name__ == "__main__":
    commands.run(main, "d2l_rnn")
