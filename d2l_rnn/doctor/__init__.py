"""Check the environment that the course runs in, and say how to fix any problem.

    python -m d2l_rnn doctor

Each check examines one thing. It yields findings: that something is well, or what is
wrong and the command that fixes it. In between it yields strings that say what it is
doing. The checks run side by side, each in a process of its own, so that a package that
is missing or broken, hangs or crashes Python is a finding like any other. For the same
reason, no module here imports at its top anything that may be missing.

    findings.py     what a check reports, and how a finding is printed
    environment.py  this environment: commands for it, versions of its packages
    packages.py     Python and the packages that the course needs
    computing.py    PyTorch, and the engine
    servers.py      JupyterLab, and the servers that are running
    front_end.py    JupyterLab's extensions that show the panels in the browser
    kernel.py       the kernel that the notebooks name, and plots in it
    optional.py     d2l and the book's text, which the course can do without
    browsers.py     the browsers that are installed
    examination.py  all checks, side by side, and the exit status
"""

from d2l_rnn.doctor.examination import main

__all__ = ["main"]
