"""Look at what the course runs on, and say in plain words what to do about it.

    python -m d2l_rnn doctor

A check looks at one thing. It yields findings, each of which says that something is
well, or what is wrong and the command that puts it right. In between it yields, as a
string, what it is doing. Each check runs in a process of its own, beside the others: a
package that is missing or broken, that hangs or takes Python down with it, is a finding
like any other. So nothing here imports at its top what may be missing.

    findings.py     what a check reports, and how a finding is printed
    environment.py  this environment: commands for it, versions of what it holds
    packages.py     Python and the packages that the course needs
    computing.py    PyTorch, and the engine
    servers.py      JupyterLab, and the servers that are running
    front_end.py    what shows ipywidgets in the browser
    kernel.py       the kernel that the notebooks name, and plots in it
    optional.py     d2l and the book's text, which the course can do without
    browsers.py     the browsers that are installed
    examination.py  all checks, side by side, and the exit status
"""

from d2l_rnn.doctor.examination import main

__all__ = ["main"]
