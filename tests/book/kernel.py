"""Cells run in a kernel of the Python that runs the tests, as a notebook runs them."""

import base64
import io
import os

import matplotlib.font_manager  # makes its list of fonts here, not in the kernel
import pytest
from PIL import Image

nbformat = pytest.importorskip("nbformat", reason="JupyterLab is not installed")
nbclient = pytest.importorskip("nbclient", reason="JupyterLab is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")

from jupyter_client import AsyncKernelManager  # noqa: E402
from jupyter_client.kernelspec import KernelSpecManager  # noqa: E402

# Of the tests around the kernel, and of the user.
LEFT_OUT = ("MPLBACKEND", "PYTHONWARNINGS", "NO_PROXY", "no_proxy")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
NOBODY = "http://127.0.0.1:9"


def run(sources, folder, text=None, allow_errors=False):
    """The outputs of each cell, all run in one new kernel, in `folder`.

    They find the text in the folder `text`, or else, offline and without a cache, the
    story. An exception in a cell is one here, unless it is allowed: then it is one of
    the cell's outputs.
    """
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    client = nbclient.NotebookClient(
        nbformat.v4.new_notebook(cells=cells),
        # Not a kernel that is registered, which might be another environment's.
        km=AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[])),
        resources={"metadata": {"path": str(folder)}},
        timeout=120,
        allow_errors=allow_errors,
    )
    client.execute(env=environment(folder, text), cleanup_kc=True)
    return [cell.outputs for cell in cells]


def environment(folder, text):
    """The variables of the kernel: no settings of the user's, and no way out."""
    variables = {name: os.environ[name] for name in os.environ if name not in LEFT_OUT}
    for name in PROXIES:
        variables[name] = variables[name.lower()] = NOBODY
    for name in ("HOME", "XDG_CACHE_HOME", "IPYTHONDIR"):
        variables[name] = str(folder)
    variables["MPLCONFIGDIR"] = matplotlib.get_cachedir()
    variables["D2L_RNN_DATA_DIR"] = str(text or "")
    variables["OMP_NUM_THREADS"] = "1"  # small models: a second thread only waits
    return variables


def pictures(outputs):
    """Of the outputs of a cell, those that are a picture with something on it."""
    shown = [output.data for output in outputs if "data" in output]
    return [data for data in shown if is_drawn(data)]


def is_drawn(data):
    """True of an SVG with axes, and of a PNG of several colours."""
    if "image/svg+xml" in data:
        return 'id="axes_1"' in data["image/svg+xml"]
    if "image/png" not in data:
        return False
    png = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    return len(png.convert("RGB").getcolors(png.width * png.height)) > 1


def stderr(outputs):
    """What a cell has written there: warnings, mostly."""
    return "".join(
        output.text
        for output in outputs
        if output.output_type == "stream" and output.name == "stderr"
    )
