"""Look at what the course runs on, and say in plain words what to do about it.

    python -m d2l_rnn doctor

A check looks at one thing. It yields findings, each of which says that something is
well, or what is wrong and the command that mends it. In between it yields, as a string,
what it is doing. Each check runs in a process of its own, beside the others: a package
that is missing, broken, hangs, or takes Python down with it, is a finding, too.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import os
import platform
import plistlib
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

COLUMNS = 100
PATIENCE = 90  # seconds for all checks together, which usually take ten
KERNEL_PATIENCE = 60  # seconds for the kernel to start, and for it to answer
BROWSER_PATIENCE = 5  # seconds for a browser to say its version
SAID = "d2l_rnn: "  # begins each line that a check's process has to say

OLDEST_PYTHON = (3, 10)
KERNEL = "python3"  # the kernel that the notebooks name
COURSE = Path(__file__).resolve().parents[1]

# ipywidgets' front end in JupyterLab, and its major version for each of ipywidgets'.
FRONT_END = "@jupyter-widgets/jupyterlab-manager"
FRONT_ENDS = {"7": "3", "8": "5"}

# The oldest browsers that will do. The panels' style sheet says :has, which Safari has
# had since 15.4; its WebAssembly has had SIMD, for pages that train, since 16.4.
OLDEST_BROWSERS = {
    "Chromium": (105,),
    "Chrome": (105,),
    "Edge": (105,),
    "Firefox": (121,),
    "Safari": (16, 4),
}
ANY_BROWSER = "open the address in any browser of 2024 or later"


@dataclass(frozen=True)
class Finding:
    """What a check has found: whether it is well, in words, and what to type."""

    is_well: bool
    text: str
    command: str = ""

    def __str__(self) -> str:
        mark = "ok    " if self.is_well else "FIX   "
        margin = " " * len(mark)
        lines = textwrap.wrap(
            self.text,
            COLUMNS,
            initial_indent=mark,
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
        if self.command:  # in one piece, so that it can be copied
            lines.append(f"{margin}  {self.command}")
        return "\n".join(lines)


def well(text: str, command: str = "") -> Finding:
    return Finding(True, text, command)


def trouble(text: str, command: str = "") -> Finding:
    return Finding(False, text if command else text.rstrip(":"), command)


Said = Iterator["Finding | str"]


# What the checks share


def python(*words: str) -> str:
    """A command line for this Python, to type as it stands."""
    program = sys.executable
    with contextlib.suppress(ValueError, OSError):  # it lies elsewhere
        program = str(Path(program).relative_to(Path.cwd()))
    return typed(program, *words)


def typed(*words: str) -> str:
    if os.name == "nt":
        return " ".join(f'"{w}"' if set(w) & set(" <>&|") else w for w in words)
    return " ".join(map(shlex.quote, words))


def pip_install(*words: str) -> str:
    return python("-m", "pip", "install", *words)


def anew(name: str) -> str:
    """The command to install a package anew, if it is installed at all."""
    return pip_install("--force-reinstall", name) if version_of(name) else ""


def version_of(name: str) -> str | None:
    """The version of a package that is installed here, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def reason(error: BaseException) -> str:
    return brief(f"{type(error).__name__}: {error}")


def brief(text: str) -> str:
    """In one line, and not too long."""
    return textwrap.shorten(text, 160, placeholder=" ...")


def is_here(prefix) -> bool:
    """True if this Python's environment lies in the folder `prefix`."""
    return os.path.realpath(prefix) == os.path.realpath(sys.prefix)


# Python and its packages


def check_python() -> Said:
    version = platform.python_version()
    if sys.version_info >= OLDEST_PYTHON:
        yield well(f"Python {version}: {sys.executable}")
    else:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        yield trouble(
            f"Python {version} is too old: {oldest} or newer is needed. In the "
            "course's folder, with the name of one that you have:",
            "make PYTHON=python3.11 lab",
        )


def check_packages() -> Said:
    try:
        wanted = requirements()
    except ModuleNotFoundError as error:
        yield trouble(
            f"packages: the course is not installed here, or not all of it ({error}). "
            "In its folder:",
            pip_install("-e", ".[lab,book]"),
        )
        return
    misfits = [each for each in wanted if misfit(each)]
    if misfits:
        yield trouble(
            "; ".join(misfit(each) for each in misfits) + ":",
            pip_install("-U", *(f"{each.name}{each.specifier}" for each in misfits)),
        )
        return  # what does not fit cannot be expected to be imported
    for name in (each.name for each in wanted):
        yield f"importing {name}"
        error = import_error(name)
        if error:
            yield trouble(f"{name} cannot be imported ({error}):", anew(name))
            return  # nor what is built on it
    yield well(f"packages: all {len(wanted)} that the course needs are here")


def requirements() -> list:
    """What the course needs, each package once; what d2l needs, if d2l is installed.

    Raises ModuleNotFoundError if d2l_rnn is not installed, or `packaging` is not, which
    matplotlib and JupyterLab need as well.
    """
    lines = importlib.metadata.requires("d2l_rnn") or []
    from packaging.requirements import Requirement

    extras = ["", "lab", *(["book"] if version_of("d2l") else [])]
    wanted = {}
    for each in map(Requirement, lines):
        if not each.marker or any(each.marker.evaluate({"extra": x}) for x in extras):
            wanted.setdefault(each.name, each)
    return list(wanted.values())


def misfit(requirement) -> str | None:
    """What is wrong with the version of a package, if anything is."""
    from packaging.version import Version

    name, asked = requirement.name, requirement.specifier
    version = version_of(name)
    if version is None:
        return f"{name} is missing"
    if asked.contains(version, prereleases=True):
        return None
    for bound in asked:
        if bound.operator == ">=" and Version(version) < Version(bound.version):
            return f"{name} {version} is too old: {bound.version} or newer is needed"
    return f"{name} {version} does not fit: {asked} is needed"


def import_error(name: str) -> str | None:
    """Why a package cannot be imported; None for those that have their own checks."""
    modules = {"pillow": "PIL", "ipython": "IPython"}
    try:
        if name not in ("torch", "jupyterlab"):
            importlib.import_module(modules.get(name, name.replace("-", "_")))
    except Exception as error:
        return reason(error)
    return None


def check_torch() -> Said:
    yield "importing torch"
    try:
        import torch
    except Exception as error:
        yield trouble(f"torch cannot be imported ({reason(error)}):", anew("torch"))
        return
    yield "multiplying matrices"
    torch.ones(2, 3) @ torch.ones(3, 2)
    try:
        import numpy

        torch.from_numpy(numpy.ones(2))
    except Exception as error:
        yield trouble(
            f"torch {torch.__version__} and NumPy {version_of('numpy')} do not work "
            f"together ({reason(error)}):",
            pip_install("-U", "numpy", "torch"),
        )
        return
    yield "trying the GPU"
    yield processor(torch)


def processor(torch) -> Finding:
    """What PyTorch computes on here: the CPU, or CUDA if it works."""
    version, cuda = f"torch {torch.__version__}", torch.version.cuda
    if not torch.cuda.is_available():
        built = f"; it is built for CUDA {cuda}, but finds no GPU" if cuda else ""
        return well(f"{version}, on the CPU, which is enough for the course{built}")
    try:
        (torch.ones(2, 3, device="cuda") @ torch.ones(3, 2, device="cuda")).cpu()
    except Exception as error:
        return trouble(
            f"{version} finds a GPU but cannot use it ({reason(error)}). To do "
            "without, set the environment variable CUDA_VISIBLE_DEVICES to -1 before "
            "you start JupyterLab"
        )
    return well(f"{version}, on CUDA {cuda}: {torch.cuda.get_device_name()}")


def check_engine() -> Said:
    """Whether there is one, and it finds the gradient that PyTorch finds."""
    yield "loading the engine"
    try:
        import torch

        from d2l_rnn import bptt, engine, rnn
    except ImportError:  # which the check of torch has said
        return
    if engine.library() is None:  # nothing is broken: `bptt` does the same
        yield well(engine.describe())
        return
    yield "training with the engine"
    net = rnn.make_model("scratch", 28, 33, seed=0)
    X = torch.arange(35).remainder(28).view(5, 7)
    state = net.begin_state(5)
    _, _, [mine] = engine.Engine(net.params)(X, X, state)
    _, _, theirs = bptt.ByHand(net)(X, X, state)
    theirs = torch.cat([gradient.flatten() for gradient in theirs])
    if (mine - theirs).norm() < 1e-5 * theirs.norm():
        yield well(engine.describe())
    else:
        yield trouble(
            f"{engine.describe()}, but its gradient is wrong on this processor. Please "
            f"report that. To train without it, delete the file {engine.file()}"
        )


# JupyterLab, the servers that run, and the widgets' front end


def check_jupyterlab() -> Said:
    yield "importing JupyterLab"
    try:
        import jupyterlab
    except Exception as error:
        yield trouble(
            f"JupyterLab cannot be imported ({reason(error)}):", anew("jupyterlab")
        )
        return
    yield jupyterlab_here(jupyterlab.__version__)
    yield "looking for servers"
    yield from servers()
    yield "looking for ipywidgets' front end"
    if version_of("ipywidgets"):  # or else check_packages says that it is missing
        yield widgets(version_of("ipywidgets"))


def jupyterlab_here(version: str) -> Finding:
    text = f"JupyterLab {version}: {sys.prefix}"
    other = other_jupyter()
    if other is None:
        return well(text)
    return well(
        f"{text}. The word jupyter alone is another environment's, {other}; to start "
        "this one:",
        start_jupyterlab(),
    )


def start_jupyterlab() -> str:
    is_root = hasattr(os, "geteuid") and not os.geteuid()
    return python("-m", "jupyterlab", *(["--allow-root"] if is_root else []))


def other_jupyter() -> str | None:
    """The program that the word `jupyter` starts, if it is not this environment's."""
    program = shutil.which("jupyter")
    if program is None:
        return None
    scripts = sysconfig.get_path("scripts")
    if os.path.realpath(os.path.dirname(program)) == os.path.realpath(scripts):
        return None
    with open(program, "rb") as file:  # a script names its Python at the top
        top = os.fsdecode(file.read(400))
    return None if str(Path(sys.executable).with_name("python")) in top else program


def servers() -> Iterator[Finding]:
    """The servers that run: the usual trouble is one of another environment."""
    from jupyter_server.serverapp import list_running_servers

    for server in list_running_servers():
        home = environment_of(server["pid"])
        text = f"a server is running at {server['url']}"
        if home is None:
            yield well(f"{text}; in which environment cannot be told here")
        elif is_here(home):
            yield well(f"{text}, from this environment")
        elif not opens_course(server["root_dir"]):
            yield well(f"{text}, from another environment and for another folder")
        else:
            lacks = "" if front_end(home) else ", without ipywidgets' front end"
            yield trouble(
                f"{text} from another environment, {home}{lacks}: its notebooks do not "
                "find what is installed here. Stop it, and start this one:",
                start_jupyterlab(),
            )


def environment_of(pid: int) -> Path | None:
    """The environment of a process's Python, as far as the system tells."""
    with contextlib.suppress(Exception):  # no psutil, or a process of somebody else's
        import psutil

        process = psutil.Process(pid)
        path = process.environ().get("PATH")
        for word in process.cmdline()[:2]:  # its Python, and the script
            program = Path(process.cwd(), shutil.which(word, path=path) or word)
            if program.parent.name.lower() in ("bin", "scripts"):
                return program.parent.parent
    return None


def opens_course(root: str) -> bool:
    """True if a server of the folder `root` can open the course, or this folder."""
    served = Path(root).resolve()
    return any(
        folder.is_relative_to(served) or served.is_relative_to(folder)
        for folder in (COURSE, Path.cwd())
    )


def widgets(version: str) -> Finding:
    """Whether JupyterLab has what shows this version of ipywidgets in the browser."""
    found = front_end(sys.prefix)
    if found is None:
        return trouble(
            f"ipywidgets {version} has no front end in this environment's JupyterLab, "
            f"so panels stay empty: {FRONT_END} is missing. Install it, then start "
            "JupyterLab again:",
            pip_install("--force-reinstall", "--no-deps", "jupyterlab_widgets"),
        )
    if FRONT_ENDS.get(major(version), major(found)) != major(found):
        return trouble(
            f"ipywidgets {version} and its front end {found} do not fit each other:",
            pip_install("-U", "ipywidgets", "jupyterlab_widgets"),
        )
    entry, level = switched_off()
    if entry:
        return trouble(
            "ipywidgets' front end is switched off in JupyterLab's settings:",
            python(
                "-m", "jupyterlab.labextensions", "enable", entry, f"--level={level}"
            ),
        )
    return well(f"ipywidgets {version}, and its front end {found} in JupyterLab")


def major(version: str) -> str:
    return version.split(".")[0]


def front_end(prefix) -> str | None:
    """The version of ipywidgets' front end that a server from `prefix` finds."""
    from jupyter_core.paths import jupyter_path

    here, there = (str(Path(each, "share", "jupyter")) for each in (sys.prefix, prefix))
    for folder in jupyter_path("labextensions"):
        file = Path(folder.replace(here, there), FRONT_END, "package.json")
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))["version"]
    return None


def switched_off() -> tuple[str, str]:
    """The entry of JupyterLab's settings that disables the front end; its level."""
    entry = next(iter(disabling_entries("all")), "")
    levels = [each for each in ("user", "system") if entry in disabling_entries(each)]
    return entry, levels[0] if levels else "sys_prefix"


def disabling_entries(level: str) -> list[str]:
    from jupyterlab_server.config import get_static_page_config

    disabled = get_static_page_config(level=level).get("disabledExtensions", {})
    return [name for name in disabled if disabled[name] and is_front_end(name)]


def is_front_end(name: str) -> bool:
    """True for the extension, and for a plugin of it: extension:plugin."""
    return name.split(":")[0] == FRONT_END


# The kernel, and pictures in it


LOOK = """
import importlib, json, os, sys
versions, errors = {}, {}
for name in ("d2l_rnn", "torch", "ipywidgets", "matplotlib_inline"):
    try:
        versions[name] = getattr(importlib.import_module(name), "__version__", "")
    except Exception as error:
        errors[name] = f"{type(error).__name__}: {error}"
print(json.dumps({
    "executable": sys.executable, "prefix": sys.prefix, "versions": versions,
    "errors": errors, "backend": os.environ.get("MPLBACKEND"),
}))
"""
PLOT = "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()"


def check_kernel() -> Said:
    from jupyter_client.kernelspec import NoSuchKernel
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name=KERNEL)
    try:
        spec = manager.kernel_spec
    except NoSuchKernel:
        yield trouble(
            f"there is no kernel {KERNEL}, which the notebooks name:",
            pip_install("-U", "ipykernel"),
        )
        return
    yield f"running the kernel {KERNEL} of {spec.resource_dir}"
    try:
        with running(manager) as client:
            # First, as a reader does: matplotlib_inline, once imported, mends itself.
            reply, _, kinds = run_cell(client, PLOT)
            _, printed, _ = run_cell(client, LOOK)
            kernel = json.loads(printed.splitlines()[-1])
            yield from the_kernel(kernel, spec)
            yield pictures(reply, kinds, kernel)
    except TimeoutError:  # it has started, but a cell does not end
        raise
    except OSError as error:
        yield no_start(error, manager)


def no_start(error: OSError, manager) -> Finding:
    """Why a kernel does not start: it is another Python, or something is broken."""
    spec, program = manager.kernel_spec, manager.format_kernel_cmd()[0]
    text = f"the kernel {KERNEL} does not start ({error.strerror or error})"
    if program == sys.executable:
        return trouble(f"{text}. To install it anew:", anew("ipykernel"))
    return trouble(
        f"{text}. It is described in {spec.resource_dir}, and asks for {program}. To "
        "have this environment's:",
        own_kernel(spec),
    )


@contextlib.contextmanager
def running(manager):
    """A client of a kernel, started in an empty folder, and in the end shut down.

    Raises OSError, with what the kernel's process has said last, if it does not start.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder, "stderr.txt")
        with log.open("wb") as stderr:
            manager.start_kernel(cwd=folder, stdout=subprocess.DEVNULL, stderr=stderr)
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=KERNEL_PATIENCE)
        except RuntimeError as error:
            said = log.read_text(encoding="utf-8", errors="replace").strip()
            last = said.splitlines()[-1:]
            raise OSError(brief(": ".join([str(error), *last]))) from error
        else:
            yield client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def run_cell(client, code: str) -> tuple[dict, str, set[str]]:
    """Run a cell: its reply, what it prints, and the kinds of output that it shows."""
    printed, kinds = [], set()

    def note(message):
        content = message["content"]
        if content.get("name") == "stdout":
            printed.append(content["text"])
        kinds.update(content.get("data", ()))

    reply = client.execute_interactive(
        code, timeout=KERNEL_PATIENCE, output_hook=note, allow_stdin=False
    )
    return reply["content"], "".join(printed), kinds


def the_kernel(kernel: dict, spec) -> Iterator[Finding]:
    """Whether the kernel is of this environment, and can import what panels need."""
    needed = ("d2l_rnn", "torch", "ipywidgets")
    errors = {
        name: kernel["errors"][name] for name in needed if name in kernel["errors"]
    }
    if not is_here(kernel["prefix"]):
        lacks = f", which cannot import {' or '.join(errors)}" if errors else ""
        yield trouble(
            f"the kernel {KERNEL} is another environment's Python, "
            f"{kernel['executable']}{lacks}. It is described in {spec.resource_dir}. "
            "To have this environment's:",
            own_kernel(spec),
        )
    elif errors:
        for name, error in errors.items():
            yield trouble(f"the kernel cannot import {name} ({brief(error)})")
    else:
        versions = (f"{name} {kernel['versions'][name]}" for name in needed)
        yield well(f"the kernel {KERNEL} is this Python, with {', '.join(versions)}")


def own_kernel(spec) -> str:
    """The command after which the kernel of that name is this environment's."""
    if Path(spec.resource_dir).resolve().is_relative_to(Path(sys.prefix).resolve()):
        return python("-m", "ipykernel", "install", "--sys-prefix")
    return python("-m", "jupyter_client.kernelspecapp", "remove", "-f", KERNEL)


def pictures(reply: dict, kinds: set[str], kernel: dict) -> Finding:
    """Whether the kernel has shown a plain plot as a picture."""
    images = sorted(kind for kind in kinds if kind.startswith("image/"))
    if images:
        return well(f"pictures: a plain plt.show() gives {images[0]}")
    if reply["status"] == "error":
        return trouble(f"pictures: {brief(reply['ename'] + ': ' + reply['evalue'])}")
    text = "pictures: a plain plt.show() gives only text"
    backend = kernel["backend"]
    if backend and "inline" not in backend:
        return trouble(
            f"{text}, because the environment variable MPLBACKEND is {backend}; unset "
            "it before you start JupyterLab"
        )
    inline = kernel["versions"].get("matplotlib_inline", "missing")
    return trouble(
        f"{text} (matplotlib-inline is {inline}). To mend it (or else put %matplotlib "
        "inline into a cell):",
        typed(
            *(kernel["executable"], "-m", "pip", "install", "-U"),
            "matplotlib-inline>=0.2",
        ),
    )


# d2l, the text, the browser


def check_d2l() -> Said:
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


def check_text() -> Said:
    from d2l_rnn import corpora

    variable, file = corpora.DATA_DIR_VARIABLE, corpora.FILE_NAME
    folder, text = os.environ.get(variable), corpora.in_data_dir()
    if folder and text is None:
        yield trouble(
            f"{variable} is {folder}, but there is no {file}: put it there, or unset "
            f"{variable}"
        )
    text = text or corpora.in_cache() or corpora.Text(corpora.STORY_PATH, "story")
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


def check_browser() -> Said:
    if sys.platform == "darwin":
        found = browsers_on_macos()
    elif os.name == "nt":
        found = browsers_on_windows()
    else:
        found = browsers_on_path()
    good, old = [], []
    for name, version in found.items():
        numbers = tuple(map(int, re.findall(r"\d+", version)))
        is_good = numbers >= OLDEST_BROWSERS[name]
        (good if is_good else old).append(f"{name} {version}")
    if not found:
        yield well(f"browser: none is found here; {ANY_BROWSER}")
    elif not good:
        yield trouble(
            f"browser: too old, {', '.join(old)}; bring it up to date, or {ANY_BROWSER}"
        )
    else:
        but = f" (too old: {', '.join(old)})" if old else ""
        yield well(f"browser: {', '.join(good)}{but}")


def browsers_on_path() -> dict[str, str]:
    """The versions of the browsers that can be called by name."""
    commands = {
        "chromium": "Chromium",
        "chromium-browser": "Chromium",
        "google-chrome": "Chrome",
        "google-chrome-stable": "Chrome",
        "microsoft-edge": "Edge",
        "firefox": "Firefox",
    }
    found = {}
    for command, name in commands.items():
        program = shutil.which(command)
        version = program and name not in found and version_said_by(program)
        if version:
            found[name] = version
    return found


def version_said_by(program: str) -> str | None:
    try:
        said = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=BROWSER_PATIENCE,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\d+(\.\d+)+", said)
    return version and version[0]


def browsers_on_macos() -> dict[str, str]:
    """The versions of the browsers among the applications."""
    apps = {
        "Safari": "Safari",
        "Google Chrome": "Chrome",
        "Microsoft Edge": "Edge",
        "Firefox": "Firefox",
    }
    found = {}
    for folder in (Path("/Applications"), Path.home() / "Applications"):
        for app, name in apps.items():
            file = folder / f"{app}.app" / "Contents" / "Info.plist"
            if file.is_file():
                info = plistlib.loads(file.read_bytes())
                found[name] = info["CFBundleShortVersionString"]
    return found


def browsers_on_windows() -> dict[str, str]:
    """The versions of the browsers that the registry knows."""
    import winreg

    keys = {
        "Chrome": (r"Software\Google\Chrome\BLBeacon", "version"),
        "Edge": (r"Software\Microsoft\Edge\BLBeacon", "version"),
        "Firefox": (r"Software\Mozilla\Mozilla Firefox", "CurrentVersion"),
    }
    found = {}
    for name, (key, value) in keys.items():
        for root in (winreg.HKEY_LOCAL_MACHINE, winreg.HKEY_CURRENT_USER):
            with contextlib.suppress(OSError), winreg.OpenKey(root, key) as opened:
                found[name] = winreg.QueryValueEx(opened, value)[0]
    return found


# All of it


CHECKS = {
    "Python": check_python,
    "packages": check_packages,
    "torch": check_torch,
    "engine": check_engine,
    "JupyterLab": check_jupyterlab,
    "kernel": check_kernel,
    "d2l": check_d2l,
    "text": check_text,
    "browser": check_browser,
}
DONE = "done"


def perform(title: str) -> Said:
    """One check, in this process: what it says, or why it could not; then DONE."""
    doing = ""
    try:
        for said in CHECKS[title]():
            doing = said if isinstance(said, str) else doing
            yield said
    except (Exception, SystemExit) as error:
        yield unknown(title, doing, reason(error))
    yield DONE


def unknown(title: str, doing: str, why: str) -> Finding:
    when = f", while {doing}" if doing else ""
    return trouble(f"{title}: could not find out{when} ({why})")


class Examination:
    """One check, under way in a process of its own."""

    def __init__(self, title: str):
        self.title = title
        self.file = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "d2l_rnn.doctor", title],
            stdin=subprocess.DEVNULL,
            stdout=self.file,
            stderr=subprocess.DEVNULL,
        )

    def findings(self, seconds: float) -> list[Finding]:
        """What is found, after so many seconds at most."""
        try:
            status = self.process.wait(max(0, seconds))
            why = f"its Python ends with status {status}"
        except subprocess.TimeoutExpired:
            self.kill()
            why = "it takes too long"
        said = [*self.said()]
        found = [each for each in said if isinstance(each, Finding)]
        doing = ["", *(each for each in said if isinstance(each, str))][-1]
        return found if doing == DONE else [*found, unknown(self.title, doing, why)]

    def said(self) -> Said:
        """What the process has said so far."""
        self.file.seek(0)
        for line in self.file.read().decode().splitlines():
            if line.startswith(SAID):
                said = json.loads(line[len(SAID) :])
                yield said if isinstance(said, str) else Finding(*said)

    def end(self) -> None:
        self.kill()
        self.file.close()

    def kill(self) -> None:
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)


def examine(titles) -> Iterator[Finding]:
    """All findings, in the order of the checks, which run side by side."""
    deadline = time.monotonic() + PATIENCE
    examinations = [Examination(title) for title in titles]
    try:
        for each in examinations:
            yield from each.findings(deadline - time.monotonic())
    finally:
        for each in examinations:
            each.end()


def main() -> int:
    """Print what is found, as it is found; 0 if all is well, 1 if not."""
    sys.stdout.reconfigure(errors="backslashreplace")  # a path may have any character
    is_old = sys.version_info < OLDEST_PYTHON  # and nothing else can be right
    all_well = True
    for finding in examine(["Python"] if is_old else CHECKS):
        print(finding, flush=True)
        all_well = all_well and finding.is_well
    mend = "Mend what is marked FIX from the top down, and try again."
    print("All is well." if all_well else mend)
    return 0 if all_well else 1


def _say(title: str) -> None:
    for said in perform(title):
        line = said if isinstance(said, str) else astuple(said)
        print(f"\n{SAID}{json.dumps(line)}", flush=True)  # whatever else is printed


if __name__ == "__main__":
    _say(sys.argv[1])
