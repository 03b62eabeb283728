"""The GRU and the LSTM from scratch, against torch's layers and against plain sums."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from d2l_rnn import batching, gated, generating, rnn, text, training

GRU = (gated.get_gru_params, gated.init_gru_state, gated.gru)
LSTM = (gated.get_lstm_params, gated.init_lstm_state, gated.lstm)
CELLS = {"gru": GRU, "lstm": LSTM}

# time steps, sequences, hidden units, tokens of the vocabulary
sizes = st.tuples(*(st.integers(1, most) for most in (6, 4, 6, 5)))


def drawn(get_params, V, H, scale=0.7):
    """Parameters in double precision, large enough for an error to show."""
    params = [torch.randn(p.shape, dtype=torch.float64) for p in get_params(V, H)]
    return [(scale * param).requires_grad_() for param in params]


def one_hot_tokens(T, B, V):
    return F.one_hot(torch.randint(V, (T, B)), V).double()


def layer_with(layer, blocks):
    """torch's layer with [W_x, W_h, b] of each block copied into it."""
    W_x, W_h, b = zip(*blocks, strict=True)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.cat([W.T for W in W_x]))
        layer.weight_hh_l0.copy_(torch.cat([W.T for W in W_h]))
        layer.bias_ih_l0.copy_(torch.cat(b))
        layer.bias_hh_l0.zero_()
    return layer


def gradients_of(layer, count):
    """The gradients of [W_x, W_h, b] in torch's layer, block by block."""
    blocks = zip(
        layer.weight_ih_l0.grad.chunk(count), layer.weight_hh_l0.grad.chunk(count),
        layer.bias_ih_l0.grad.chunk(count), strict=True,
    )  # fmt: skip
    return [(W_x.T, W_h.T, b) for W_x, W_h, b in blocks]


def in_threes(params):
    """[W_x, W_h, b] of each layer, without the output layer."""
    return [tuple(params[at : at + 3]) for at in range(0, len(params) - 2, 3)]


def backward(hidden_states, *last):
    """The backward pass of a loss in which each number has a different weight."""
    loss = sum(
        (torch.arange(1, part.numel() + 1).reshape(part.shape) * part.sin()).sum()
        for part in (hidden_states, *last)
    )
    loss.backward()


# ---- the LSTM is torch's ----


@settings(max_examples=25, deadline=None)
@given(sizes, st.integers(0, 99))
def test_the_lstm_is_torch_s_values_and_gradients(TBHV, seed):
    T, B, H, V = TBHV
    torch.manual_seed(seed)
    params, inputs = drawn(gated.get_lstm_params, V, H), one_hot_tokens(T, B, V)
    state = [torch.randn(B, H, dtype=torch.float64).requires_grad_() for _ in "HC"]
    theirs = [part.detach().clone().requires_grad_() for part in state]
    i, f, o, c = in_threes(params)
    layer = layer_with(nn.LSTM(V, H).double(), (i, f, c, o))  # torch's order
    W_hq, b_q = params[-2:]

    outputs, (H_T, C_T) = gated.lstm(inputs, tuple(state), params)
    hiddens, (H_n, C_n) = layer(inputs, tuple(part[None] for part in theirs))
    torch.testing.assert_close(outputs, hiddens.reshape(-1, H) @ W_hq + b_q)
    torch.testing.assert_close((H_T, C_T), (H_n[0], C_n[0]))

    backward(outputs, H_T, C_T)
    backward(hiddens.reshape(-1, H) @ W_hq.detach() + b_q.detach(), H_n[0], C_n[0])
    di, df, dc, do = gradients_of(layer, 4)
    expected = [*di, *df, *do, *dc]
    for ours, other in zip(params, expected, strict=False):
        torch.testing.assert_close(ours.grad, other)
    for ours, other in zip(state, theirs, strict=True):
        torch.testing.assert_close(ours.grad, other.grad)


# ---- the GRU is torch's where the two agree ----


def gru_and_layer(params, inputs):
    """Run both from a state of zeros, back from the same loss; the hidden states."""
    H = params[0].shape[1]
    z, r, h = in_threes(params)
    layer = layer_with(nn.GRU(inputs.shape[-1], H).double(), (r, z, h))  # torch's order
    identity = [torch.eye(H).double(), torch.zeros(H).double()]  # outputs are states
    H_0 = torch.zeros(inputs.shape[1], H, dtype=torch.float64)
    ours, _ = gated.gru(inputs, (H_0,), [*params[:-2], *identity])
    theirs = layer(inputs)[0].reshape(-1, H)
    backward(ours)
    backward(theirs)
    return ours, theirs, gradients_of(layer, 3)


def test_the_gru_is_torch_s_where_w_hh_is_diagonal():
    """There (R ∘ H) W_hh = R ∘ (H W_hh), so it does not matter when R is applied."""
    torch.manual_seed(0)
    params = drawn(gated.get_gru_params, 5, 4)
    params[7] = torch.diag(torch.randn(4).double()).requires_grad_()  # W_hh
    ours, theirs, (dr, dz, dh) = gru_and_layer(params, one_hot_tokens(7, 3, 5))
    torch.testing.assert_close(ours, theirs)
    z, r, (W_xh, W_hh, b_h) = in_threes(params)
    for mine, other in zip((*z, *r, W_xh, b_h), (*dz, *dr, dh[0], dh[2]), strict=True):
        torch.testing.assert_close(mine.grad, other)
    # Off the diagonal the gradients are of different functions.
    torch.testing.assert_close(W_hh.grad.diagonal(), dh[1].diagonal())


@pytest.mark.parametrize("b_r", [-1.0, 0.0, 2.0])
def test_the_gru_is_torch_s_where_the_reset_gate_is_one_number(b_r):
    torch.manual_seed(0)
    params = drawn(gated.get_gru_params, 5, 4)
    with torch.no_grad():
        for at, value in ((3, 0), (4, 0), (5, b_r)):  # W_xr, W_hr, b_r
            params[at].fill_(value)
    ours, theirs, (_, dz, dh) = gru_and_layer(params, one_hot_tokens(7, 3, 5))
    torch.testing.assert_close(ours, theirs)
    z, _, h = in_threes(params)
    for mine, other in zip((*z, *h), (*dz, *dh), strict=True):
        torch.testing.assert_close(mine.grad, other)


def test_elsewhere_the_two_differ():
    torch.manual_seed(0)
    params = drawn(gated.get_gru_params, 5, 4)
    ours, theirs, _ = gru_and_layer(params, one_hot_tokens(7, 3, 5))
    assert not torch.allclose(ours, theirs, rtol=1e-2)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def gru_unit_by_unit(tokens, H_0, params):
    """The book's equations, one number at a time, for one sequence."""
    *threes, W_hq, b_q = (param.tolist() for param in params)
    W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h = threes
    units, outputs, H = range(len(b_h)), [], H_0.tolist()

    def into(j, token, W_x, states, W_h, b):
        return W_x[token][j] + sum(states[i] * W_h[i][j] for i in units) + b[j]

    for token in tokens:
        Z = [sigmoid(into(j, token, W_xz, H, W_hz, b_z)) for j in units]
        R = [sigmoid(into(j, token, W_xr, H, W_hr, b_r)) for j in units]
        reset = [r * h for r, h in zip(R, H, strict=True)]
        new = [math.tanh(into(j, token, W_xh, reset, W_hh, b_h)) for j in units]
        H = [z * h + (1 - z) * n for z, h, n in zip(Z, H, new, strict=True)]
        outputs.append(
            [sum(H[i] * W_hq[i][v] for i in units) + b for v, b in enumerate(b_q)]
        )
    return outputs, H


@settings(max_examples=25, deadline=None)
@given(sizes, st.integers(0, 99))
def test_the_gru_is_the_book_s_equations(TBHV, seed):
    T, B, H, V = TBHV
    torch.manual_seed(seed)
    params, tokens = drawn(gated.get_gru_params, V, H), torch.randint(V, (T, B))
    H_0 = torch.randn(B, H, dtype=torch.float64)
    outputs, (H_T,) = gated.gru(F.one_hot(tokens, V).double(), (H_0,), params)
    for b in range(B):
        expected, last = gru_unit_by_unit(tokens[:, b].tolist(), H_0[b], params)
        torch.testing.assert_close(outputs[b::B], torch.tensor(expected).double())
        torch.testing.assert_close(H_T[b], torch.tensor(last).double())


def test_the_gru_s_gradients_are_finite_differences():
    torch.manual_seed(0)
    params, inputs = drawn(gated.get_gru_params, 3, 2), one_hot_tokens(4, 2, 3)
    H_0 = torch.randn(2, 2, dtype=torch.float64).requires_grad_()

    def outputs(H_0, *params):
        return gated.gru(inputs, (H_0,), list(params))[0]

    assert torch.autograd.gradcheck(outputs, (H_0, *params))


# ---- what the gates do ----


def test_a_shut_update_gate_and_an_open_reset_gate_leave_the_rnn():
    torch.manual_seed(0)
    params, inputs = drawn(gated.get_gru_params, 5, 4), one_hot_tokens(6, 3, 5)
    with torch.no_grad():
        params[2].fill_(-1e3)  # b_z
        params[5].fill_(1e3)  # b_r
    H_0 = torch.randn(3, 4, dtype=torch.float64)
    ours = gated.gru(inputs, (H_0,), params)
    theirs = rnn.rnn(inputs, (H_0,), params[6:])
    torch.testing.assert_close(ours, theirs)


def test_an_open_update_gate_keeps_the_state():
    torch.manual_seed(0)
    params = drawn(gated.get_gru_params, 5, 4)
    with torch.no_grad():
        params[2].fill_(1e3)
    H_0 = torch.randn(3, 4, dtype=torch.float64)
    _, (H_T,) = gated.gru(one_hot_tokens(50, 3, 5), (H_0,), params)
    torch.testing.assert_close(H_T, H_0)


def test_an_open_forget_gate_and_a_shut_input_gate_keep_the_memory():
    torch.manual_seed(0)
    params = drawn(gated.get_lstm_params, 5, 4)
    with torch.no_grad():
        params[2].fill_(-1e3)  # b_i
        params[5].fill_(1e3)  # b_f
    H_0, C_0 = torch.randn(2, 3, 4, dtype=torch.float64)
    _, (H_T, C_T) = gated.lstm(one_hot_tokens(50, 3, 5), (H_0, C_0), params)
    torch.testing.assert_close(C_T, C_0)
    assert (H_T.abs() < C_0.tanh().abs()).all()  # the output gate lets part of it out


# ---- parameters and states ----


@pytest.mark.parametrize("get_params, layers", [
    (gated.get_gru_params, 3), (gated.get_lstm_params, 4),
])  # fmt: skip
def test_parameters_are_as_the_book_draws_them(get_params, layers, seed):
    params = get_params(28, 256)
    assert [tuple(param.shape) for param in params] == [
        *[(28, 256), (256, 256), (256,)] * layers, (256, 28), (28,),
    ]  # fmt: skip
    assert all(param.requires_grad and param.is_leaf for param in params)
    weights = [param for param in params if param.dim() == 2]
    assert not any(param.any() for param in params if param.dim() == 1)
    seed()
    for weight in weights:  # in the book's order
        assert torch.equal(weight, torch.randn(weight.shape) * 0.01)


@pytest.mark.parametrize("get_params", [gated.get_gru_params, gated.get_lstm_params])
def test_a_generator_of_one_s_own_is_drawn_from(get_params, seed):
    before = torch.get_rng_state()
    mine = get_params(5, 4, generator=torch.Generator().manual_seed(3))
    assert torch.equal(torch.get_rng_state(), before)
    seed(3)
    for param, other in zip(mine, get_params(5, 4), strict=True):
        assert torch.equal(param, other)


def test_states_before_the_first_token():
    (H,) = gated.init_gru_state(3, 4)
    assert H.shape == (3, 4) and not H.any()
    H, C = gated.init_lstm_state(3, 4)
    assert H.shape == C.shape == (3, 4) and not H.any() and not C.any()
    assert H.data_ptr() != C.data_ptr()


@pytest.mark.parametrize("get_params, init_state, forward_fn", CELLS.values())
@pytest.mark.parametrize("sizes", [(0, 4), (3, 0), (3, 2.5)])
def test_bad_sizes_are_told(get_params, init_state, forward_fn, sizes):
    with pytest.raises(ValueError, match="(vocab_size|num_hiddens) must be an integer"):
        get_params(*sizes)
    with pytest.raises(ValueError, match="(batch_size|num_hiddens) must be an integer"):
        init_state(*sizes)


# ---- as models ----


@pytest.mark.parametrize("functions", CELLS.values(), ids=CELLS)
def test_a_carried_state_goes_on_where_it_was(functions):
    torch.manual_seed(0)
    net = rnn.RNNModelScratch(7, 4, None, *functions)
    X = torch.tensor([[1, 2, 3, 4, 5]])
    whole, _ = net(X, net.begin_state(batch_size=1))
    _, state = net(X[:, :2], net.begin_state(batch_size=1))
    second, _ = net(X[:, 2:], rnn.detach(state))
    torch.testing.assert_close(second, whole[2:])


@pytest.mark.parametrize("use_random_iter", [False, True])
@pytest.mark.parametrize("functions", CELLS.values(), ids=CELLS)
def test_it_learns_a_line_by_heart_and_writes_it(functions, use_random_iter):
    line = "the time traveller "
    vocab = text.Vocab(list(line))
    corpus = vocab[list(20 * line)]
    loader = batching.SequenceLoader(corpus, 4, 10, use_random_iter, seed=0)
    torch.manual_seed(0)
    net = rnn.RNNModelScratch(len(vocab), 16, None, *functions)
    run = training.train(net, loader, 0.03, 20, optimizer=torch.optim.Adam)
    history = training.History(run)
    assert history[0].perplexity > 5 and history[-1].perplexity < 2
    assert generating.predict(line, len(line), net, vocab) == 2 * line


@pytest.mark.parametrize("functions", CELLS.values(), ids=CELLS)
def test_any_device(functions):
    """The meta device computes shapes only, so it shows what was left on the CPU."""
    try:
        F.one_hot(torch.zeros(1, dtype=torch.int64, device="meta"), 2)
    except RuntimeError:
        pytest.skip(f"torch {torch.__version__} has no one_hot on the meta device")
    net = rnn.RNNModelScratch(9, 4, "meta", *functions)
    state = net.begin_state(2, device="meta")
    Y, state = net(torch.zeros(2, 3, dtype=torch.int64, device="meta"), state)
    assert {part.device.type for part in (Y, *state)} == {"meta"}
