import math

import pytest
import torch
from torch import nn

from d2l_rnn import generating, rnn, text
from d2l_rnn.parameters import parameters_of


class Bigrams:
    """A model made by hand: the outputs are the logs of P(next | current)."""

    def __init__(self, P):
        self.params = [P.log().requires_grad_()]

    def __call__(self, X, state):
        return self.params[0][X.T.reshape(-1)], state

    def begin_state(self, batch_size, device):
        return ()


@pytest.fixture
def letters():
    return text.Vocab(list("aaabbc"))  # <unk> 0, a 1, b 2, c 3


@pytest.fixture
def trained(net):
    """A model with clear preferences: parameters much larger than initial ones."""
    for param in parameters_of(net):
        torch.nn.init.normal_(param, std=0.7)
    return net


@pytest.fixture
def bigrams():
    return Bigrams(torch.tensor([
        [0.25, 0.25, 0.25, 0.25],
        [0.01, 0.09, 0.60, 0.30],
        [0.01, 0.19, 0.10, 0.70],
        [0.01, 0.97, 0.01, 0.01],
    ]))  # fmt: skip


def test_greedy_prediction_of_a_model_made_by_hand(letters, bigrams):
    assert generating.predict("a", 7, bigrams, letters) == "abcabcab"


def token_by_token(prefix, num_preds, net, vocab):
    """Read one token per call; after the last one, append the most probable."""
    indices, state = [vocab[token] for token in prefix], net.begin_state(batch_size=1)
    for t in range(len(prefix) + num_preds - 1):
        output, state = net(torch.tensor([[indices[t]]]), state)
        if t + 1 == len(indices):
            indices.append(output.argmax().item())
    return "".join(vocab.to_tokens(indices))


@pytest.mark.parametrize("prefix", ["t", "time traveller", "zzz"])
def test_greedy_prediction_is_one_token_after_another(trained, vocab, prefix):
    ours = generating.predict(prefix, 30, trained, vocab)
    assert ours == token_by_token(prefix, 30, trained, vocab)


def test_dropout_has_no_part_in_writing(vocab):
    torch.manual_seed(0)
    net = rnn.RNNModel(nn.LSTM(len(vocab), 16, 2, dropout=0.5), len(vocab))
    for param in net.parameters():
        nn.init.normal_(param)
    assert len({generating.predict("time", 20, net, vocab) for _ in range(4)}) == 1
    before = torch.random.get_rng_state()
    assert len({generating.sample("t", 20, net, vocab, seed=1) for _ in range(4)}) == 1
    assert torch.equal(torch.random.get_rng_state(), before)
    assert net.training and net.rnn.training  # as it was


def test_a_frozen_model_writes(vocab):
    net = rnn.make_model("gru", len(vocab), 8).requires_grad_(False)
    assert generating.predict("t", 3, net, vocab).startswith("t")


def test_a_model_in_double_precision_writes(vocab):
    net = rnn.make_model("lstm", len(vocab), 8).double()
    assert generating.predict("t", 3, net, vocab).startswith("t")


def test_a_model_that_has_diverged_is_told(vocab):
    net = rnn.make_model("scratch", len(vocab), 8)
    net.params[3].data.fill_(math.nan)
    with pytest.raises(ValueError, match="net must have finite outputs"):
        generating.sample("t", 3, net, vocab)


@pytest.mark.parametrize("prefix", [None, 5, b"time", [["t", "i"]]])
def test_a_prefix_that_is_no_text_is_told(net, vocab, prefix):
    with pytest.raises(ValueError, match="prefix must be a string or a list"):
        generating.predict(prefix, 3, net, vocab)


def test_warm_up_reads_the_whole_prefix(net, vocab):
    output, state = generating.warm_up("time", net, vocab)
    outputs, expected = net(
        torch.tensor([vocab[list("time")]]), net.begin_state(batch_size=1)
    )
    torch.testing.assert_close(output, outputs[-1])
    torch.testing.assert_close(state, rnn.detach(expected))
    assert not output.requires_grad


def test_no_prediction_gives_the_prefix(net, vocab):
    assert generating.predict("time", 0, net, vocab) == "time"


def test_unknown_characters_become_the_unknown_token(net, vocab):
    predicted = generating.predict("t隐!", 3, net, vocab)
    assert predicted.startswith("t<unk><unk>")
    assert generating.sample("隐", 1, net, vocab, seed=0).startswith("<unk>")


def test_words_are_joined_by_spaces(net, vocab):
    words = generating.predict(["t", "i"], 1, net, vocab)
    assert words.startswith("t i ") and words[4:] in vocab


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_sampling_follows_the_tempered_distribution(letters, bigrams, temperature):
    text_ = generating.sample("a", 6000, bigrams, letters, temperature, seed=0)
    tokens = text_.replace("<unk>", "u")
    log_p = bigrams.params[0][letters["a"]].detach().double() / temperature
    expected = dict(zip("uabc", torch.softmax(log_p, 0).tolist(), strict=True))
    after_a = [b for a, b in zip(tokens, tokens[1:], strict=False) if a == "a"]
    for token, probability in expected.items():
        error = 4 * math.sqrt(probability * (1 - probability) / len(after_a))
        share = after_a.count(token) / len(after_a)
        assert share == pytest.approx(probability, abs=error)


@pytest.mark.parametrize("temperature", [1e-4, 1e-300])
def test_a_tiny_temperature_is_greedy(trained, vocab, temperature):
    greedy = generating.predict("t", 20, trained, vocab)
    assert generating.sample("t", 20, trained, vocab, temperature) == greedy


def test_a_huge_temperature_is_even(letters, bigrams):
    text_ = generating.sample("a", 4000, bigrams, letters, 1e9, seed=0)
    shares = [text_.replace("<unk>", "u").count(c) / 4000 for c in "uabc"]
    assert shares == pytest.approx([0.25] * 4, abs=0.03)


def test_the_same_seed_gives_the_same_text(letters, bigrams):
    draws = {generating.sample("a", 50, bigrams, letters, seed=s) for s in (1, 1, 2)}
    assert len(draws) == 2
    unseeded = {generating.sample("a", 50, bigrams, letters) for _ in range(2)}
    assert len(unseeded) == 2


def test_the_global_generator_is_left_alone(net, vocab):
    before = torch.random.get_rng_state()
    generating.sample("t", 5, net, vocab)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("generate", [generating.predict, generating.sample])
def test_bad_input_is_told(net, vocab, generate):
    for prefix in ("", []):
        with pytest.raises(ValueError, match="prefix must have at least one token"):
            generate(prefix, 3, net, vocab)
    with pytest.raises(ValueError, match="num_preds must be an integer of at least 0"):
        generate("t", -1, net, vocab)


@pytest.mark.parametrize("temperature", [0, -1, math.nan])
def test_a_bad_temperature_is_told(net, vocab, temperature):
    with pytest.raises(ValueError, match="temperature must be a number greater than 0"):
        generating.sample("t", 3, net, vocab, temperature)


@pytest.mark.parametrize("seed", ["one", -1, 2**64])
def test_a_bad_seed_is_told(net, vocab, seed):
    with pytest.raises(ValueError, match="seed must be an integer"):
        generating.sample("t", 3, net, vocab, seed=seed)
