"""The doctor on the kernel that the notebooks name, and on plots in it."""

import json
import sys

import pytest
from stand_ins import findings, needs_lab, only, python_of

from d2l_rnn.doctor import kernel
from d2l_rnn.doctor.environment import command_line, pip_install, python

REMOVE = python("-m", "jupyter_client.kernelspecapp", "remove", "-f", "python3")


# Kernels that run, or cannot


@pytest.fixture
def kernelspec(jupyter, monkeypatch):
    """Have Jupyter find another kernel `python3` first, which starts these words."""

    def write(*argv):
        folder = jupyter / "kernels" / kernel.KERNEL
        folder.mkdir(parents=True)
        spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec))
        monkeypatch.setenv("JUPYTER_PATH", str(jupyter))
        return folder

    return write


@needs_lab
def test_a_kernel_whose_python_is_gone(kernelspec):
    folder = kernelspec("/gone/python", "-m", "ipykernel_launcher", "-f", "{x}")
    finding = only(kernel.check_kernel())
    assert not finding.is_well and finding.command == REMOVE
    assert "No such file" in finding.text
    assert "/gone/python" in finding.text and str(folder) in finding.text


@needs_lab
def test_a_kernel_that_does_not_start(kernelspec):
    kernelspec("python", "-c", "raise SystemExit('no module zmq')")
    finding = only(kernel.check_kernel())
    assert not finding.is_well and "died" in finding.text
    assert "no module zmq)" in finding.text
    assert finding.command == pip_install("--force-reinstall", "ipykernel")


@needs_lab
@pytest.mark.slow
def test_a_kernel_of_another_environment(kernelspec, other_environment):
    program = python_of(other_environment)
    kernelspec(program, "-m", "ipykernel_launcher", "-f", "{connection_file}")
    finding, _ = findings(kernel.check_kernel())
    assert not finding.is_well and finding.command == REMOVE
    assert f"Python, {program}, which cannot import d2l_rnn." in finding.text


@needs_lab
def test_no_kernel_at_all(jupyter, monkeypatch):
    monkeypatch.setattr(kernel, "KERNEL", "nobody-has-this")
    finding = only(kernel.check_kernel())
    assert not finding.is_well
    assert finding.command == pip_install("-U", "ipykernel")


# What a kernel answers


class Client:
    """Stands in for Jupyter's client of a kernel: what the plot shows, what it is."""

    def __init__(self, kinds=("image/png",), status="ok", **description):
        self.cells, self.kinds = [], kinds
        self.reply = {"status": status, "ename": "ImportError", "evalue": "no Agg"}
        self.description = {
            "executable": sys.executable, "prefix": sys.prefix, "errors": {},
            "versions": dict.fromkeys((*kernel.NEEDED, "matplotlib_inline"), "1.2"),
            "backend": None, **description,
        }  # fmt: skip

    def execute_interactive(self, code, timeout, output_hook, allow_stdin):
        self.cells.append(code)
        if "plt.show()" in code:
            output_hook({"content": {"data": dict.fromkeys(self.kinds)}})
            return {"content": self.reply}
        printed = f"loading\n{json.dumps(self.description)}\n"
        output_hook({"content": {"name": "stdout", "text": printed}})
        return {"content": {"status": "ok"}}


def test_a_kernel_of_this_environment():
    own, pictures = kernel.try_out(Client(), "folder")
    assert own.is_well and "with d2l_rnn 1.2, torch 1.2, ipywidgets 1.2" in own.text
    assert pictures.is_well and "image/png" in pictures.text


def test_the_plot_is_the_first_cell_that_the_kernel_runs():
    client = Client()
    findings(kernel.try_out(client, "folder"))
    assert len(client.cells) == 2 and "plt.show()" in client.cells[0]


def test_a_kernel_that_cannot_import_something():
    client = Client(errors={"torch": "OSError: no libc10", "matplotlib_inline": "no"})
    finding, _ = kernel.try_out(client, "folder")
    assert not finding.is_well and "torch (OSError: no libc10)" in finding.text


def test_a_description_in_this_environment_is_written_again():
    folder = f"{sys.prefix}/share/jupyter/kernels/x"
    finding, _ = kernel.try_out(Client(prefix="/other"), folder)
    assert not finding.is_well
    assert finding.command.endswith(" -m ipykernel install --sys-prefix")


@pytest.mark.parametrize(
    "kinds, backend, is_well, expected",
    [
        ({"text/plain", "image/png"}, None, True, "image/png"),
        ({"text/plain", "image/svg+xml"}, None, True, "image/svg+xml"),
        ({"text/plain"}, None, False, "(matplotlib-inline is 1.2)"),
        (set(), "agg", False, "MPLBACKEND is agg"),
    ],
)
def test_pictures(kinds, backend, is_well, expected):
    client = Client(kinds, backend=backend, executable="/other/python")
    *_, finding = kernel.try_out(client, "folder")
    assert finding.is_well is is_well and expected in finding.text
    if not is_well and backend is None:
        words = ("/other/python", "-m", "pip", "install", "-U")
        assert finding.command == command_line(*words, "matplotlib-inline>=0.2")


def test_pictures_where_matplotlib_fails():
    *_, finding = kernel.try_out(Client(kinds=(), status="error"), "folder")
    assert not finding.is_well and "ImportError: no Agg" in finding.text
