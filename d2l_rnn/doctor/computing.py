"""PyTorch, on the CPU or on a GPU, and the engine."""

from __future__ import annotations

from types import ModuleType

from d2l_rnn.doctor.environment import pip_install, reinstall, version_of
from d2l_rnn.doctor.findings import Finding, Report, reason, trouble, well


def check_torch() -> Report:
    """Whether PyTorch can be imported, and works with NumPy and the GPU."""
    yield "importing torch"
    try:
        import torch
    except Exception as error:
        yield trouble(
            f"torch cannot be imported ({reason(error)}):", reinstall("torch")
        )
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


def processor(torch: ModuleType) -> Finding:
    """The device that PyTorch computes on here: the CPU, or CUDA if it works."""
    version, cuda = f"torch {torch.__version__}", torch.version.cuda
    if not torch.cuda.is_available():
        built = f"; it is built for CUDA {cuda}, but finds no GPU" if cuda else ""
        return well(f"{version}, on the CPU, which is enough for the course{built}")
    try:
        (torch.ones(2, 3, device="cuda") @ torch.ones(3, 2, device="cuda")).cpu()
    except Exception as error:
        return trouble(
            f"{version} finds a GPU but cannot use it ({reason(error)}). To do "
            "without it, set the environment variable CUDA_VISIBLE_DEVICES to -1 "
            "before you start JupyterLab"
        )
    return well(f"{version}, on CUDA {cuda}: {torch.cuda.get_device_name()}")


def check_engine() -> Report:
    """Whether the engine loads, and computes the same gradient as `bptt`."""
    yield "loading the engine"
    try:
        from d2l_rnn import engine
    except ImportError:  # torch is missing, which its own check reports
        return
    if engine.library() is None:  # nothing is broken: `bptt` does the same
        yield well(engine.describe())
        return
    yield "training with the engine"
    if engine_is_right():
        yield well(engine.describe())
    else:
        yield trouble(
            f"{engine.describe()}, but its gradient is wrong on this processor. Please "
            f"report that. To train without it, delete the file {engine.file()}"
        )


def engine_is_right() -> bool:
    """True if the engine and `bptt` compute the same gradient of a small network."""
    import torch

    from d2l_rnn import bptt, engine, rnn

    net = rnn.make_model("scratch", 28, 33, seed=0)
    X = torch.arange(35).remainder(28).view(5, 7)  # (B, T)
    state = net.begin_state(5)
    _, _, [by_engine] = engine.Engine(net.params)(X, X, state)
    _, _, gradients = bptt.ByHand(net)(X, X, state)
    by_hand = torch.cat([gradient.flatten() for gradient in gradients])
    return bool((by_engine - by_hand).norm() < 1e-5 * by_hand.norm())
