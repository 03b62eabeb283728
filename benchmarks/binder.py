"""Binder's image of this repository, as far as it can be tried without Docker.

    python benchmarks/binder.py

repo2docker renders the Dockerfile; the steps of it that are ours (pip's requirements,
`postBuild`, `start`) are run in a new environment and a fresh clone, on top of the
Jupyter packages that repo2docker itself installs, at its versions. Measured are the
size, the time from `start` to the first page, and notebooks 00, 07 and 08, on one core
and with 2 GB of memory for the server and the kernel together, which the system
enforces (cgroups). Writes `results/binder.json`. Needs Linux and root, and takes about
six minutes.

Not part of it: the base image, Conda, and the download of the text, of which a copy is
put into the cache.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from importlib import resources
from pathlib import Path

from _common import arguments, described, markdown, save

from d2l_rnn import corpora

ROOT = Path(__file__).parents[1]
CORES, MEMORY = {0}, 2 * 10**9
NOTEBOOKS = ("00-start-here", "07-gradient-clipping", "08-training")
# What repo2docker installs before the repository's requirements; PyPI's names.
BASE = {
    "jupyterlab": "jupyterlab", "notebook": "notebook", "ipywidgets": "ipywidgets",
    "jupyter_server": "jupyter-server", "jupyterhub-base": "jupyterhub",
    "jupyter-resource-usage": "jupyter-resource-usage",
    "jupyter-offlinenotebook": "jupyter-offlinenotebook",
}  # fmt: skip


def dockerfile() -> str:
    """The Dockerfile that repo2docker would build."""
    render = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(ROOT)]
    return subprocess.run(render, capture_output=True, check=True, text=True).stdout


def steps(dockerfile: str) -> tuple[str, str, str, list[str]]:
    """Of a Dockerfile: pip's step, postBuild's, the entry point, and the command."""
    (pip,) = re.findall(r"^RUN (.*pip install .*-r .*)$", dockerfile, re.M)
    (post_build,) = re.findall(r"^RUN (\./binder/postBuild)$", dockerfile, re.M)
    (start,) = re.findall(r'^ENV R2D_ENTRYPOINT="(.*)"$', dockerfile, re.M)
    (command,) = re.findall(r"^CMD (\[.*\])$", dockerfile, re.M)
    return pip, post_build, start, json.loads(command)


def base_packages() -> list[str]:
    """The Jupyter packages of repo2docker's own environment, as pip's requirements."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    conda = resources.files("repo2docker") / "buildpacks" / "conda"
    lock = (conda / f"environment.py-{python}-linux-64.lock").read_text()
    found = re.findall(r"/([a-z_-]+)-([0-9.]+)-[^/]*\.conda", lock)
    versions = {name: version for name, version in found if name in BASE}
    return [f"{BASE[name]}=={versions[name]}" for name in BASE]


class Image:
    """What would be in the image: an environment, and the repository in a home."""

    def __init__(self, folder: Path):
        self.prefix, self.home = folder / "conda", folder / "home" / "jovyan"
        clone = ["git", "clone", "--quiet", str(ROOT), str(self.home)]
        subprocess.run(clone, check=True)
        venv.create(self.prefix, with_pip=True)
        kept = ("LANG", "PIP_", "SSL_")
        self.environment = {
            **{name: os.environ[name] for name in os.environ if name.startswith(kept)},
            "PATH": f"{self.prefix / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.home),
            "REPO_DIR": str(self.home),
            "KERNEL_PYTHON_PREFIX": str(self.prefix),
        }

    def run(self, command: str) -> float:
        """Run one of the Dockerfile's steps in the repository; seconds."""
        begin = time.perf_counter()
        self.start(["bash", "-c", command]).wait()
        return time.perf_counter() - begin

    def start(self, command: list[str], **options) -> subprocess.Popen:
        """Start a command in the repository; `options` are those of `Popen`."""
        return subprocess.Popen(command, cwd=self.home, env=self.environment, **options)

    def size(self) -> int:
        """Bytes on the disk, of the environment and of the home."""
        sizes = ["du", "--summarize", "--block-size=1", self.prefix, self.home]
        lines = subprocess.check_output(sizes, text=True).splitlines()
        return sum(int(line.split()[0]) for line in lines)


class Limits:
    """A group of processes that share one core and `MEMORY` bytes (a cgroup)."""

    def __init__(self):
        v1 = Path("/sys/fs/cgroup/memory")
        self.folder = (v1 if v1.exists() else v1.parent) / f"d2l_rnn-{os.getpid()}"
        self.limit, self.peak = (
            ("memory.limit_in_bytes", "memory.max_usage_in_bytes")
            if v1.exists()
            else ("memory.max", "memory.peak")
        )

    def __enter__(self):
        self.folder.mkdir()
        (self.folder / self.limit).write_text(str(MEMORY))
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def enter(self) -> None:
        """Put the calling process under the limits, with all that it starts."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))
        os.sched_setaffinity(0, CORES)

    def used(self) -> int:
        """The most bytes of memory that the group has had, files read included."""
        return int((self.folder / self.peak).read_text())


def first_page(
    image: Image, limits: Limits, start: str, command: list[str]
) -> tuple[subprocess.Popen, float]:
    """Start the server: its process, and the seconds until its page is there.

    Raises TimeoutError after two minutes without a page.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    entry = start.replace("${REPO_DIR}", str(image.home))
    options = [f"--port={port}", "--no-browser", "--IdentityProvider.token="]
    options += ["--allow-root"]  # in the image the user is not root
    begin = time.perf_counter()
    server = image.start([entry, *command, *options], preexec_fn=limits.enter)
    while time.perf_counter() - begin < 120:
        with contextlib.suppress(OSError):
            address = f"http://127.0.0.1:{port}/"
            with urllib.request.urlopen(address, timeout=60) as page:
                assert "00-start-here" in page.url, page.url
                page.read()
            return server, time.perf_counter() - begin
        time.sleep(0.1)
    raise TimeoutError("no page in two minutes")


def run_notebook(image: Image, limits: Limits, name: str) -> float:
    """Run a notebook from its first cell to its last; seconds.

    Raises RuntimeError if a cell fails.
    """
    begin = time.perf_counter()
    convert = "jupyter nbconvert --to notebook --execute --log-level=WARN"
    command = [*convert.split(), "--output-dir", str(image.home / "run")]
    command += [f"notebooks/{name}.ipynb"]
    if image.start(command, preexec_fn=limits.enter).wait():
        raise RuntimeError(f"notebook {name} does not run through")
    return time.perf_counter() - begin


def measure(folder: Path) -> dict:
    """Build in a folder, start, and run: bytes and seconds."""
    pip, post_build, start, command = steps(dockerfile())
    image, seconds = Image(folder), {}
    image.run(f"pip install --quiet {' '.join(base_packages())}")
    seconds["pip"] = image.run(pip)
    put_into_cache(image)
    seconds["postBuild"] = image.run(post_build)
    result = {"bytes": image.size(), "seconds": seconds}
    with Limits() as limits:
        server, seconds["first page"] = first_page(image, limits, start, command)
        for name in NOTEBOOKS:
            seconds[name] = run_notebook(image, limits, name)
        result["peak bytes"] = limits.used()
        server.terminate()
        server.wait(30)
    return result


def put_into_cache(image: Image) -> None:
    """Put the text where the image would have it after a download."""
    ask = "from d2l_rnn.corpora import cache_dir; print(cache_dir())"
    out = image.start(["python", "-c", ask], stdout=subprocess.PIPE, text=True)
    cache = Path(out.communicate()[0].strip())
    cache.mkdir(parents=True)
    shutil.copy(corpora.find_text().path, cache)


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    seconds = result["seconds"]
    rows = [
        ["environment and repository", f"{result['bytes'] / 1e9:.2f} GB"],
        ["`start` to the first page", f"{seconds['first page']:.1f} s"],
        *([f"notebook {name[:2]}", f"{seconds[name]:.0f} s"] for name in NOTEBOOKS),
        ["most memory, files read included", f"{result['peak bytes'] / 1e9:.2f} GB"],
    ]
    rows = markdown(["one core, 2 GB of memory", "measured"], rows)
    return f"{rows}\n\n{described(result)}"


def main() -> None:
    """Build, start and measure where that is possible, and keep the result."""
    args = arguments(__doc__)
    if not sys.platform.startswith("linux") or os.geteuid():
        return print("Binder was not measured: it takes Linux, and root to set limits")
    with tempfile.TemporaryDirectory(prefix="d2l_rnn-binder-") as folder:
        result = measure(Path(folder))
    save("binder", args, result, table)


if __name__ == "__main__":
    main()
