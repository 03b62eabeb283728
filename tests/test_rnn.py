import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from d2l_rnn import rnn
from d2l_rnn.parameters import device_of, parameters_of


def scratch_and_layer(V, H, seed=0):
    """The scratch parameters, and torch's own layers with the same values."""
    torch.manual_seed(seed)
    params = rnn.get_params(V, H)
    with torch.no_grad():
        for param in params:
            param.copy_(torch.randn_like(param) * 0.3)
    W_xh, W_hh, b_h, W_hq, b_q = params
    layer, linear = nn.RNN(V, H), nn.Linear(H, V)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(W_xh.T)
        layer.weight_hh_l0.copy_(W_hh.T)
        layer.bias_ih_l0.copy_(b_h)
        layer.bias_hh_l0.zero_()
        linear.weight.copy_(W_hq.T)
        linear.bias.copy_(b_q)
    return params, layer, linear


@settings(max_examples=25)
@given(
    T=st.integers(1, 6), B=st.integers(1, 4), H=st.integers(1, 9), V=st.integers(1, 7)
)
def test_the_scratch_rnn_is_torch_s_rnn_values_and_gradients(T, B, H, V):
    params, layer, linear = scratch_and_layer(V, H)
    X = torch.randint(V, (B, T))
    H_0 = torch.randn(B, H, requires_grad=True)
    H_0_layer = H_0.detach().clone().requires_grad_()
    Y = torch.randint(V, (T * B,))

    one_hot = F.one_hot(X.T, V).float()
    outputs, (H_T,) = rnn.rnn(one_hot, (H_0,), params)
    hiddens, last = layer(one_hot, H_0_layer[None])
    theirs = linear(hiddens).reshape(-1, V)
    torch.testing.assert_close(outputs, theirs)
    torch.testing.assert_close(H_T, last[0])

    F.cross_entropy(outputs, Y).backward()
    F.cross_entropy(theirs, Y).backward()
    pairs = [
        (params[0].grad, layer.weight_ih_l0.grad.T),
        (params[1].grad, layer.weight_hh_l0.grad.T),
        (params[2].grad, layer.bias_ih_l0.grad),
        (params[3].grad, linear.weight.grad.T),
        (params[4].grad, linear.bias.grad),
        (H_0.grad, H_0_layer.grad),
    ]
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_parameters_are_as_the_notes_draw_them(seed):
    W_xh, W_hh, b_h, W_hq, b_q = params = rnn.get_params(28, 512)
    assert [tuple(param.shape) for param in params] == [
        (28, 512), (512, 512), (512,), (512, 28), (28,),
    ]  # fmt: skip
    assert all(param.requires_grad and param.is_leaf for param in params)
    for weight in (W_xh, W_hh, W_hq):
        assert weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert not b_h.any() and not b_q.any()
    seed()
    assert torch.equal(W_xh, torch.randn(28, 512) * 0.01)


def test_shapes_of_the_notes():
    net = rnn.RNNModelScratch(28, 512)
    X = torch.arange(10).reshape(2, 5)
    Y, state = net(X, net.begin_state(X.shape[0]))
    assert (Y.shape, len(state), state[0].shape) == ((10, 28), 1, (2, 512))


def test_outputs_stand_time_first(net, vocab):
    """Row t * B + b is the output of sequence b at step t, like the labels."""
    X = torch.tensor([[1, 2, 3], [4, 5, 6]])
    both, _ = net(X, net.begin_state(batch_size=2))
    for b in range(2):
        alone, _ = net(X[b : b + 1], net.begin_state(batch_size=1))
        torch.testing.assert_close(both[b::2], alone)


def test_a_carried_state_goes_on_where_it_was(net):
    X = torch.tensor([[1, 2, 3, 4, 5]])
    whole, _ = net(X, net.begin_state(batch_size=1))
    first, state = net(X[:, :2], net.begin_state(batch_size=1))
    second, _ = net(X[:, 2:], rnn.detach(state))
    torch.testing.assert_close(torch.cat([first, second]), whole)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_without_a_state_a_layer_of_torch_begins_with_zeros(kind):
    net, X = rnn.RNNModel(kind(7, 5), 7), torch.randint(7, (3, 4))
    torch.testing.assert_close(net(X, None), net(X, net.begin_state(batch_size=3)))


@pytest.mark.parametrize("kind, state_kind", [
    (nn.RNN, torch.Tensor), (nn.GRU, torch.Tensor), (nn.LSTM, tuple),
])  # fmt: skip
@pytest.mark.parametrize("bidirectional", [False, True])
def test_layers_of_torch_with_depth_and_directions(kind, state_kind, bidirectional):
    layer = kind(7, 5, num_layers=2, bidirectional=bidirectional)
    net = rnn.RNNModel(layer, 7)
    state = net.begin_state(batch_size=3)
    assert isinstance(state, state_kind)
    Y, new_state = net(torch.randint(7, (3, 4)), state)
    assert Y.shape == (12, 7)
    for part, new in zip(rnn_parts(state), rnn_parts(new_state), strict=True):
        assert part.shape == new.shape == (4 if bidirectional else 2, 3, 5)


def rnn_parts(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("cell", rnn.CELLS)
def test_parameters_do_not_grow_with_time(cell):
    net = rnn.make_model(cell, 11, 6)
    count = sum(param.numel() for param in parameters_of(net))
    gates = {"scratch": 1, "rnn": 1, "gru": 3, "lstm": 4}[cell]
    biases = 1 if cell == "scratch" else 2
    assert count == gates * (11 * 6 + 6 * 6 + biases * 6) + 6 * 11 + 11
    for T in (1, 50):
        Y, _ = net(torch.zeros(2, T, dtype=torch.int64), net.begin_state(batch_size=2))
        assert Y.shape == (2 * T, 11)


def test_detach_cuts_the_graph_and_keeps_the_values(net):
    _, state = net(torch.tensor([[1, 2]]), net.begin_state(batch_size=1))
    detached = rnn.detach(state)
    assert type(detached) is type(state)
    for before, after in zip(rnn_parts(state), rnn_parts(detached), strict=True):
        assert before.requires_grad and not after.requires_grad
        assert torch.equal(before, after)


def test_any_device():
    """The meta device computes only shapes, so anything left on the CPU shows."""
    try:
        F.one_hot(torch.zeros(1, dtype=torch.int64, device="meta"), 2)
    except RuntimeError:
        pytest.skip(f"torch {torch.__version__} has no one_hot on the meta device")
    for cell in rnn.CELLS:
        net = rnn.make_model(cell, 9, 4, device="meta")
        assert device_of(net) == torch.device("meta")
        state = net.begin_state(batch_size=2, device="meta")
        Y, state = net(torch.zeros(2, 3, dtype=torch.int64, device="meta"), state)
        assert {part.device.type for part in (Y, *rnn_parts(state))} == {"meta"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
def test_a_gpu_computes_the_same():
    for cell in rnn.CELLS:
        torch.manual_seed(0)
        net = rnn.make_model(cell, 9, 4)
        torch.manual_seed(0)
        on_gpu = rnn.make_model(cell, 9, 4, device="cpu")
        for ours, theirs in zip(parameters_of(net), parameters_of(on_gpu), strict=True):
            theirs.data = ours.data.to("cuda")
        X = torch.randint(9, (2, 3))
        Y, _ = net(X, net.begin_state(batch_size=2))
        Y_gpu, _ = on_gpu(X.cuda(), on_gpu.begin_state(batch_size=2, device="cuda"))
        torch.testing.assert_close(Y_gpu.cpu(), Y, rtol=1e-3, atol=1e-4)


def test_parameters_of_a_model_or_a_list():
    net = nn.Linear(2, 3)
    net.bias.requires_grad_(False)
    assert [id(param) for param in parameters_of(net)] == [id(net.weight)]
    params = rnn.get_params(3, 4)
    assert parameters_of(params) == params
    assert parameters_of(rnn.RNNModelScratch(3, 4, get_params=lambda *_: params))


@pytest.mark.parametrize("sizes", [(0, 4), (-3, 4), (3, 0), (3, -1), (3, 2.5)])
@pytest.mark.parametrize("cell", rnn.CELLS)
def test_bad_sizes_are_told(cell, sizes):
    with pytest.raises(ValueError, match="(vocab_size|num_hiddens) must be an integer"):
        rnn.make_model(cell, *sizes)


def test_a_bad_batch_size_is_told(net):
    with pytest.raises(ValueError, match="batch_size must be an integer"):
        net.begin_state(batch_size=0)


def test_an_unknown_cell_is_told():
    with pytest.raises(ValueError, match="cell must be one of 'scratch', 'rnn'"):
        rnn.make_model("transformer", 3, 4)


@pytest.mark.parametrize("cell", rnn.CELLS)
def test_integers_of_numpy_are_integers(cell):
    net = rnn.make_model(cell, np.int64(5), np.int32(4))
    Y, _ = net(torch.zeros(2, 3, dtype=torch.int64), net.begin_state(batch_size=2))
    assert Y.shape == (6, 5)


def test_a_bad_state_is_told():
    with pytest.raises(ValueError, match="num_hiddens must be an integer"):
        rnn.init_rnn_state(2, -1)


@pytest.mark.parametrize("layer", [
    nn.RNN(5, 4), nn.GRU(3, 4, batch_first=True), nn.LSTM(3, 4, proj_size=2),
    nn.RNNCell(3, 4),
])  # fmt: skip
def test_a_layer_that_does_not_fit_is_told(layer):
    with pytest.raises(ValueError, match="rnn_layer must be an nn.RNN.*input_size=3"):
        rnn.RNNModel(layer, 3)


@pytest.mark.parametrize("cell", rnn.CELLS)
def test_a_seeded_model_is_the_same_and_leaves_the_global_generator_alone(cell, seed):
    seed(7)
    expected = rnn.make_model(cell, 11, num_hiddens=6)
    before = torch.get_rng_state()
    net = rnn.make_model(cell, 11, num_hiddens=6, seed=7)

    assert torch.equal(torch.get_rng_state(), before)
    pairs = zip(parameters_of(net), parameters_of(expected), strict=True)
    assert all(torch.equal(mine, theirs) for mine, theirs in pairs)
    X = torch.zeros(2, 3, dtype=torch.long)
    outputs, _ = net(X, net.begin_state(batch_size=2))
    assert torch.equal(outputs, expected(X, expected.begin_state(batch_size=2))[0])


@pytest.mark.parametrize("bad", [-1, 1.5, True, "1"])
def test_a_seed_that_is_none_is_refused(bad):
    with pytest.raises(ValueError, match="seed"):
        rnn.make_model("gru", 11, num_hiddens=6, seed=bad)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_a_state_has_the_dtype_of_the_parameters(net, dtype):
    if isinstance(net, rnn.RNNModelScratch):
        net.params = [param.to(dtype) for param in net.params]
    else:
        net.to(dtype)
    state = net.begin_state(3, "cpu")  # in this order in both kinds of model
    parts = (state,) if isinstance(state, torch.Tensor) else state
    assert {part.dtype for part in parts} == {dtype}
    assert {part.shape[-2:] for part in parts} == {(3, 8)}
