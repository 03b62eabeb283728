"""The engine where Python is not: in WebAssembly, on ARM, and under sanitizers.

And that what is committed is what the source gives.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import build_engine
import pytest
import torch
from runs import (
    HERE,
    READ,
    assert_close,
    by_autograd,
    compiler,
    elsewhere,
    harness,
    norm_of,
    sanitized,
    sizes_added_up,
    some_run,
)

from d2l_rnn import engine
from d2l_rnn.engine import compiled
from d2l_rnn.engine.compiled import BIN, loaded

SIZES = [  # T, B, H, V
    (1, 1, 1, 2), (3, 1, 5, 2), (2, 3, 4, 3), (7, 5, 17, 11), (4, 9, 48, 28),
    (1, 2, 16, 16), (6, 33, 33, 28), (2, 4, 3, 700), (2, 3, 530, 5),
]  # fmt: skip
ziglang = pytest.mark.skipif(
    not importlib.util.find_spec("ziglang"),
    reason="ziglang is not installed: pip install 'd2l_rnn[engine]'",
)


def by_node(name):
    """The command that runs one of the engines for the browser, where Node has it."""
    if not shutil.which("node"):
        pytest.skip("there is no Node.js here")
    script = """
        const bytes = require("fs").readFileSync(process.argv[1]);
        process.exitCode = Number(!WebAssembly.validate(bytes));
    """
    # Node has the newer instructions without being asked only from 22 on.
    for options in ([], ["--experimental-wasm-relaxed-simd"]):
        node = ["node", *options]
        tried = [*node, "-e", script, str(BIN / name)]
        if subprocess.run(tried, capture_output=True).returncode == 0:
            return [*node, str(HERE / "harness.mjs"), str(BIN / name)]
    pytest.skip(f"Node.js cannot run {name} here")


@pytest.fixture(scope="module")
def webassembly():
    return by_node("engine.wasm")


@pytest.fixture(scope="module")
def newer_webassembly():
    return by_node("engine-relaxed.wasm")


def sanitized_as_for(build, tmp_path_factory):
    if compiler() is None or sys.platform == "win32":
        pytest.skip("there is no C compiler here")
    return sanitized(tmp_path_factory.mktemp("sanitized"), build)


@pytest.fixture(scope="module")
def sanitized_as_for_avx512(tmp_path_factory):
    return sanitized_as_for("avx512", tmp_path_factory)


@pytest.fixture(scope="module")
def sanitized_as_for_avx2(tmp_path_factory):
    return sanitized_as_for("avx2", tmp_path_factory)


@pytest.fixture(scope="module")
def sanitized_as_for_arm(tmp_path_factory):
    return sanitized_as_for("arm", tmp_path_factory)


@pytest.fixture(scope="module")
def arm(tmp_path_factory):
    """The committed library for ARM, in a machine that is made up."""
    emulator, root = shutil.which("qemu-aarch64"), Path("/usr/aarch64-linux-gnu")
    if emulator is None or not root.exists():
        pytest.skip("no ARM here: apt-get install qemu-user libc6-arm64-cross")
    if not importlib.util.find_spec("ziglang"):
        pytest.skip("ziglang is not installed")
    program = harness(
        tmp_path_factory.mktemp("arm"),
        sys.executable, "-m", "ziglang", "cc", "-target", "aarch64-linux-gnu",
        str(BIN / "rnn-linux-arm64.so"), f"-Wl,-rpath,{BIN}",
    )  # fmt: skip
    return [emulator, "-L", str(root), *program]


@pytest.fixture(
    params=[
        "webassembly", "newer_webassembly", "arm", "sanitized_as_for_avx512",
        "sanitized_as_for_avx2", "sanitized_as_for_arm",
    ]
)  # fmt: skip
def command(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("scale", [1.0, 10.0])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_minibatch_is_autograd_s(size, scale, command):
    run = some_run(*size, scale=scale)
    loss, gradients, flow, H_T = by_autograd(run.params, run.X[0], run.Y[0], run.H_0)
    result = elsewhere(command, run, lr=0.0)
    assert (result.trained, result.diverged) == (1, 0)
    assert result.losses.item() == pytest.approx(loss, rel=1e-6)
    added_up, flow_added_up = sizes_added_up(run)
    rounding = 1e-6 * norm_of(added_up)
    assert result.norms.item() == pytest.approx(norm_of(gradients), 1e-5, rounding)
    assert_close(result.gradients, gradients, added_up=added_up)
    error = (result.flow.sum(1).sqrt() - flow).abs()
    assert (error <= 1e-5 * flow.maximum(flow_added_up / 10)).all()
    torch.testing.assert_close(result.state.double(), H_T, rtol=0, atol=1e-5)
    assert all(map(torch.equal, result.params, run.params))


@pytest.mark.parametrize("fresh", [0, 1])
def test_to_read_is_to_go_forward_and_learn_nothing(fresh, command):
    if engine.library() is None:
        pytest.skip(engine.describe())
    run = some_run(6, 5, 20, 9, scale=10.0, n=3)
    result = elsewhere(command, run, lr=1.0, fresh=fresh, workers=READ)
    mine = engine.Engine(run.params)
    state = mine.read(run.X, run.Y, run.H_0, bool(fresh))
    assert result.losses.tolist() == pytest.approx(mine.losses, rel=1e-5)
    torch.testing.assert_close(result.state, state, rtol=0, atol=1e-5)
    assert all(map(torch.equal, result.params, run.params))
    assert not any(gradient.any() for gradient in result.gradients)


@pytest.mark.parametrize("fresh", [0, 1])
def test_a_run_is_that_of_the_kernel(fresh, command):
    if engine.library() is None:
        pytest.skip(engine.describe())
    run = some_run(6, 5, 20, 9, scale=10.0, n=30)
    result = elsewhere(command, run, lr=1.0, theta=0.1, fresh=fresh, workers=3)
    mine = engine.Engine(run.params)
    state = mine.train(run.X, run.Y, run.H_0, 1.0, 0.1, bool(fresh))
    assert (result.trained, result.diverged) == (30, 0)
    assert result.losses.tolist() == pytest.approx(mine.losses, rel=1e-5)
    assert result.norms.tolist() == pytest.approx(mine.norms, rel=1e-3)
    torch.testing.assert_close(result.state, state, rtol=0, atol=1e-4)
    for theirs, ours in zip(result.params, run.params, strict=True):
        torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-4)


def test_a_run_that_diverges_says_so(command):
    run = some_run(6, 5, 20, 9, n=4)
    run.params[0][:, 3] = torch.nan
    result = elsewhere(command, run, lr=1.0)
    assert (result.trained, result.diverged) == (0, 1)
    for new, old in zip(result.params, run.params, strict=True):
        assert torch.equal(new.nan_to_num(), old.nan_to_num())


# ---- what is committed ----


@ziglang
def test_the_committed_files_are_what_the_source_gives(tmp_path):
    """To the last byte, compiled in another folder."""
    build_engine.build(tmp_path, build_engine.targets() | build_engine.WEB)
    made, committed = (
        {path.name: path.read_bytes() for path in folder.iterdir()}
        for folder in (tmp_path, BIN)
    )
    assert sorted(made) == sorted(committed)
    assert [name for name in made if made[name] != committed[name]] == []


def test_all_of_them_together_are_small():
    sizes = [path.stat().st_size for path in BIN.iterdir()]
    assert len(sizes) >= 12 and sum(sizes) < 2**20


def symbols(path: Path, *options) -> list[str]:
    """What `nm` lists, without addresses."""
    out = subprocess.run(["nm", *options, path], capture_output=True, text=True)
    return [line.split()[-1] for line in out.stdout.splitlines() if line.strip()]


@pytest.mark.skipif(not shutil.which("nm"), reason="nm is part of binutils")
@pytest.mark.parametrize(
    "path", sorted(BIN.glob("rnn-linux-*")), ids=lambda path: path.name
)
def test_a_library_has_four_functions_and_needs_nothing(path):
    assert symbols(path, "-D", "--undefined-only") == []
    assert symbols(path, "-D", "--defined-only") == [
        "rnn_help",
        "rnn_read",
        "rnn_train",
        "rnn_workspace",
    ]


@pytest.mark.parametrize("name", ["engine.wasm", "engine-relaxed.wasm"])
def test_the_ones_for_the_browser_need_nothing_either(name):
    *node, _, path = by_node(name)
    script = """
        const bytes = require("fs").readFileSync(process.argv[1]);
        const module = new WebAssembly.Module(bytes);
        console.log(WebAssembly.Module.imports(module).length);
        console.log(WebAssembly.Module.exports(module).map((each) => each.name).sort());
    """
    out = subprocess.run(
        [*node, "-e", script, path],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert out.split("\n", 1)[0] == "0"
    for name in ("memory", "rnn_train", "rnn_read", "rnn_workspace", "__heap_base"):
        assert f"'{name}'" in out


# ---- where there is none ----


def fresh_python(code: str, **environ) -> str:
    """What another process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environ},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_a_file_one_line_says_that_training_is_slower(tmp_path):
    out = fresh_python(
        "from pathlib import Path; from d2l_rnn import engine; "
        "from d2l_rnn.engine import compiled; "
        f"compiled.BIN = Path({str(tmp_path)!r}); print(engine.describe())"
    )
    assert "there is no engine" in out and "slower" in out and "make engine" in out
    assert len(out.splitlines()) == 1


def test_a_file_that_is_no_library_is_no_engine(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "BIN", tmp_path)
    engine.file().write_bytes(b"not a library")
    assert engine.library() is None
    assert not engine.can_train(some_run(2, 2, 2, 2).params)


def test_this_machine_s_own_compiler_makes_an_engine(tmp_path, monkeypatch):
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("there is no C compiler here")
    monkeypatch.setattr(compiled, "BIN", tmp_path)
    assert engine.library() is None
    build_engine.build_own(tmp_path)
    loaded.cache_clear()
    assert engine.library() is not None
    run = some_run(7, 5, 17, 11)
    _, gradients, _, _ = by_autograd(run.params, run.X[0], run.Y[0], run.H_0)
    mine = engine.Engine(run.params)
    mine.train(run.X, run.Y, run.H_0, lr=0.0)
    assert_close(mine.gradients, gradients)


@pytest.mark.parametrize("system, machine, capability, name", [
    ("Linux", "x86_64", "AVX512", "rnn-linux-x86_64-avx512.so"),
    ("Linux", "x86_64", "AVX2", "rnn-linux-x86_64-avx2.so"),
    ("Linux", "x86_64", "DEFAULT", "rnn-linux-x86_64-sse2.so"),
    ("Linux", "aarch64", "SVE256", "rnn-linux-arm64.so"),
    ("Darwin", "arm64", "DEFAULT", "rnn-darwin-arm64.dylib"),
    ("Darwin", "x86_64", "AVX2", "rnn-darwin-x86_64-avx2.dylib"),
    ("Windows", "AMD64", "AVX2", "rnn-windows-x86_64-avx2.dll"),
])  # fmt: skip
def test_which_file_is_chosen(system, machine, capability, name, monkeypatch):
    monkeypatch.setattr(compiled.platform, "system", lambda: system)
    monkeypatch.setattr(compiled.platform, "machine", lambda: machine)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert engine.file().name == name
    assert engine.file().exists()
