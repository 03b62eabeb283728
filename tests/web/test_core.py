"""The page computes what the package does: the same numbers for the same seed."""

import base64
import json
import math
import random
import subprocess

import pytest
import safetensors.torch
import torch
from asking import CORE, answers, ask, floats

from d2l_rnn import (
    bptt,
    corpora,
    generating,
    ngrams,
    rnn,
    saving,
    text,
    training,
    web,
)
from d2l_rnn.batching import SequenceLoader
from d2l_rnn.explorers import training_runs
from d2l_rnn.explorers.training_controls import TrainingControls
from d2l_rnn.progress import History
from d2l_rnn.sweeping import Setting

STORY = corpora.STORY_PATH.read_text(encoding="utf-8")
LETTER = corpora.CHINESE_STORY_PATH.read_text(encoding="utf-8")
SIZES = {"batchSize": 4, "numSteps": 5}
ODD = [
    "one\r\ntwo\rthree\x0bfour\u2028five\x85six",
    "  Time, 'Traveller'! 42\n\n\n  the End -- \n",
    "旅人读书\n😀👩‍🚀é e\u0301\t\x00",
    "aaa",
]


def test_the_settings_are_those_of_the_panel(node):
    settings = ask(node, "settings")
    for name, setting in settings.items():
        if "python" not in setting:
            continue
        control = getattr(TrainingControls, setting["python"])
        for value in setting.get(
            "values", [setting.get("least", ""), setting["start"]]
        ):
            control.checked(None if value == "off" else value)
        if name != "begins":  # which depends on the text
            assert control.default == setting["start"], name
    for name in ("theta", "H", "lr"):
        setting = settings[name]
        values = [each for each in setting["values"] if each != "off"]
        assert values == [*getattr(TrainingControls, setting["python"]).values]


# ---- random numbers ----


@pytest.mark.parametrize("seed", [0, 1, 99, 2**31, 2**32 - 1])
def test_python_s_random_numbers(node, seed):
    rng, order = random.Random(seed), list(range(40))
    numbers = [rng.randint(0, high) for high in (1, 7, 35, 2**20)]
    rng.shuffle(order)
    wanted = {"numbers": numbers, "order": order, "share": rng.random()}
    assert ask(node, "random", seed=seed) == wanted


@pytest.mark.parametrize("V, H", [(28, 32), (28, 64), (3, 11), (2, 8), (677, 33)])
def test_the_initial_parameters_are_the_package_s(node, V, H):
    for seed in (0, 7):
        drawn = ask(node, "params", V=V, H=H, seed=seed)
        wanted = rnn.make_model("scratch", V, H, seed=seed).params
        for mine, theirs in zip(wanted, drawn, strict=True):
            theirs = torch.tensor(theirs, dtype=torch.float32).view_as(mine)
            torch.testing.assert_close(theirs, mine.detach(), rtol=1e-5, atol=2e-8)


@pytest.mark.parametrize("is_random", [False, True])
def test_the_minibatches_are_the_package_s(node, is_random):
    tokens = [i * i % 23 for i in range(137)]
    loader = SequenceLoader(tokens, 4, 5, is_random, seed=3)
    epochs = ask(
        node, "minibatches", tokens=tokens, numEpochs=3, seed=3, isRandom=is_random,
        **SIZES,
    )  # fmt: skip
    for epoch in epochs:
        X, Y = (torch.stack(part) for part in zip(*loader, strict=True))
        assert epoch["count"] == len(X)
        assert (epoch["X"], epoch["Y"]) == (X.flatten().tolist(), Y.flatten().tolist())


# ---- text ----


@pytest.mark.parametrize("is_clean", [False, True])
def test_a_text_becomes_the_same_numbers(node, is_clean):
    asked = [{"name": "text", "whole": each, "isClean": is_clean} for each in ODD]
    for whole, found in zip(ODD, answers(node, *asked), strict=True):
        lines = whole.splitlines()
        lines = [text.clean_line(line) for line in lines] if is_clean else lines
        corpus, vocab = text.corpus_of(lines, "char")
        assert found["tokens"] == corpus.tolist()
        assert found["vocab"] == vocab.idx_to_token
        assert [(token, freq) for token, freq in found["freqs"]] == vocab.token_freqs


def test_the_story_is_cut_as_the_panel_does(node):
    found = ask(
        node, "run", whole=STORY, isClean=True, numEpochs=1, prefix="the", most=100
    )
    loaded = training_runs.load("story", held_out=True)
    assert found["numLearned"] == len(loaded.corpus)
    assert found["numHeldOut"] == len(loaded.held_out.corpus)
    assert found["levels"] == pytest.approx(loaded.levels)


@pytest.mark.parametrize(
    "length", [100, 1005, 1006, 1015, 5_000, 10_001, 11_999, 12_000]
)
def test_a_short_text_is_cut_as_the_panel_does(node, length):
    whole = "".join(chr(97 + i * i % 17) for i in range(length))
    found = ask(
        node, "run", whole=whole, isClean=False, numEpochs=1, prefix="a", most=100,
        batchSize=2, numSteps=3,
    )  # fmt: skip
    has_held_out = length >= training_runs.LEAST
    loaded = training_runs.load("own", whole, held_out=has_held_out)
    assert found["numLearned"] == len(loaded.corpus)
    measured = loaded.held_out
    assert found["numHeldOut"] == (0 if measured is None else len(measured.corpus))


def test_n_grams_are_counted_as_in_the_package(node):
    rng = random.Random(5)
    tokens = [rng.choice([0, 1, 1, 2, 3]) for _ in range(600)]
    seen, fresh = tokens[:450], tokens[450:]
    found = ask(node, "ngrams", seen=seen, fresh=fresh, vocabSize=4)
    assert found["bigram"] == pytest.approx(ngrams.perplexity_to_beat(seen, 2))
    tally = ngrams.Tally(seen, fresh, 8, range(4))
    tried = {
        (n, epsilon): perplexity
        for epsilon in (0.5, 1, 2, 5, 10, 20, 50)
        for n, perplexity in enumerate(tally.perplexities(epsilon)[1], start=1)
    }
    best = found["best"]
    assert best["perplexity"] == pytest.approx(min(tried.values()))
    assert tried[best["n"], best["epsilon"]] == pytest.approx(best["perplexity"])


# ---- training ----


def test_a_gradient_is_the_one_by_hand(node):
    V, H, B, T = 28, 64, 8, 12
    net = rnn.make_model("scratch", V, H, seed=1)
    params = [10 * param.detach() for param in net.params]
    generator = torch.Generator().manual_seed(0)
    X, Y = (torch.randint(V, (B, T), generator=generator) for _ in range(2))
    states, outputs = bptt.forward(X, torch.zeros(B, H), params)
    loss, dO = bptt.cross_entropy(outputs, Y)
    gradients, _, _ = bptt.backward(X, states, dO, params)
    found = ask(
        node, "gradient", params=[param.flatten().tolist() for param in params],
        X=X.flatten().tolist(), Y=Y.flatten().tolist(), B=B, T=T,
    )  # fmt: skip
    assert found["losses"] == pytest.approx([loss.item()], rel=1e-6)
    for theirs, mine in zip(found["gradients"], gradients, strict=True):
        error = (torch.tensor(theirs).view_as(mine) - mine).norm()
        assert error <= 1e-5 * mine.norm()


def trained(num_epochs: int, **values) -> tuple[History, str]:
    """The history of a run of the package on the story, and what its model writes."""
    plan = training_runs.Plan(Setting(**values), "story", "", True)
    run = training_runs.Run.of(plan)
    for _ in run.go_on(num_epochs):
        pass
    written = generating.predict("time traveller", 50, run.net, run.text.vocab)
    return run.history, written


@pytest.mark.parametrize("num_hiddens", [32, 128])
@pytest.mark.parametrize("is_random", [False, True])
def test_a_curve_is_that_of_the_package(node, num_hiddens, is_random):
    history, written = trained(
        20, num_hiddens=num_hiddens, use_random_iter=is_random, theta=0.2
    )
    found = ask(
        node, "run", whole=STORY, isClean=True, numEpochs=20, prefix="time traveller",
        most=100, numHiddens=num_hiddens, isRandom=is_random, theta=0.2,
    )  # fmt: skip
    for name, column in zip(training_runs.COLUMNS, found["columns"], strict=True):
        assert floats(column) == pytest.approx(getattr(history, name), rel=1e-3), name
    assert found["greedy"] == written


def test_the_committed_page_s_worker_trains_as_the_package_does(node):
    """Its code and its engine are those of the page, and so is the story."""
    setting = {
        "theta": 0.2, "lr": 1, "seed": 0, "numHiddens": 32, "batchSize": 32,
        "numSteps": 35, "isRandom": False,
    }  # fmt: skip
    messages = [
        {"kind": "text", "id": "story", "isClean": True},
        {"kind": "ask", "prefix": "time traveller", "temperature": 1, "draw": 0},
        {
            "kind": "learn",
            "id": 0,
            "text": "story",
            "setting": setting,
            "numEpochs": 20,
        },
    ]
    done = subprocess.run(
        [node, str(CORE.with_name("worker.mjs")), str(web.PLAYGROUND)],
        input=json.dumps(messages), capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    heard = json.loads(done.stdout)
    history, written = trained(20, num_hiddens=32, theta=0.2)
    curve = [each for each in heard if each["kind"] == "state"][-1]["curve"]
    columns = [curve[20 * i : 20 * (i + 1)] for i in range(len(curve) // 20)]
    for name, column in zip(training_runs.COLUMNS, columns, strict=True):
        assert column == pytest.approx(getattr(history, name), rel=1e-3), name
    assert heard[-1]["greedy"].startswith(written)


def test_a_run_that_waits_goes_on_as_if_it_had_not(node):
    whole = {"whole": STORY, "isClean": True, "numEpochs": 4, "prefix": "the"}
    at_once, in_pieces, apart = answers(
        node, {"name": "run", **whole}, {"name": "run", **whole, "most": 1},
        {"name": "run", **whole, "apart": True},
    )  # fmt: skip
    assert at_once == in_pieces == apart


@pytest.mark.parametrize("theta", [None, 1])
def test_a_run_that_diverges_ends(node, theta):
    """At a gradient, or at a perplexity, that is not finite."""
    found = ask(
        node, "run", whole=STORY, isClean=True, numEpochs=50, prefix="the", lr=1e8,
        theta=theta,
    )  # fmt: skip
    perplexities, held_out = floats(found["columns"][0]), floats(found["columns"][-1])
    assert found["hasDiverged"] and len(perplexities) < 50
    assert perplexities[-1] == float("inf") and math.isnan(held_out[-1])


# ---- files ----


def test_the_package_loads_what_the_page_saves(node, tmp_path):
    question = {"whole": LETTER, "isClean": False, "numHiddens": 16, "numEpochs": 2}
    found = ask(node, "saved", **question, theta=None, isRandom=True)
    path = tmp_path / "page.safetensors"
    path.write_bytes(base64.b64decode(found["bytes"]))
    saved = saving.load(path)
    for mine, theirs in zip(saved.net.params, found["params"], strict=True):
        assert mine.flatten().tolist() == theirs
    assert saved.setting == Setting(theta=None, num_hiddens=16, use_random_iter=True)
    assert saved.history.perplexity == pytest.approx(floats(found["columns"][0]))
    _, vocab = text.corpus_of(LETTER.splitlines(), "char")
    assert saved.vocab.idx_to_token == vocab.idx_to_token
    assert generating.predict("时间旅人", 5, saved.net, saved.vocab).startswith(
        "时间旅人"
    )
    saving.save(
        tmp_path / "again", saved.net, saved.vocab, saved.setting, saved.history
    )


def packed(tmp_path, num_epochs: int = 2, change=lambda net: None, **values) -> str:
    """A file of the package, in base64, of a model that `change` has changed."""
    setting = Setting(**{"num_hiddens": 16, "seed": 4} | values)
    loaded = training_runs.load("story", held_out=True)
    net = setting.model(len(loaded.vocab))
    minibatches = setting.minibatches(loaded.corpus)
    history = training.train(
        net, minibatches, setting.lr, num_epochs, setting.theta,
        held_out=loaded.held_out,
    )  # fmt: skip
    history = History(history)
    change(net)
    return contents(saving.save(tmp_path / "mine", net, loaded.vocab, setting, history))


def contents(path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def test_the_page_goes_on_with_what_the_package_saves(node, tmp_path):
    history, _ = trained(5, num_hiddens=16, seed=4)
    found = ask(
        node, "opened", bytes=packed(tmp_path), whole=STORY, isClean=True, numEpochs=5
    )
    assert floats(found["before"][0]) == pytest.approx(history.perplexity[:2], rel=1e-6)
    assert floats(found["columns"][0]) == pytest.approx(history.perplexity, rel=1e-3)
    assert found["setting"]["seed"] == 4


def test_a_file_s_setting_may_stand_between_the_sliders_values(node, tmp_path):
    values = {"theta": 0.3, "num_hiddens": 48, "seed": 12345, "lr": 0.7}
    history, _ = trained(4, **values)
    found = ask(
        node, "opened", bytes=packed(tmp_path, **values), whole=STORY, isClean=True,
        numEpochs=4,
    )  # fmt: skip
    assert floats(found["columns"][0]) == pytest.approx(history.perplexity, rel=1e-3)


def test_a_diverged_run_is_opened_and_does_not_go_on(node, tmp_path):
    diverged = packed(tmp_path, 9, lr=1e8, theta=None)
    found = ask(node, "opened", bytes=diverged, whole=STORY, isClean=True, numEpochs=50)
    perplexities = floats(found["columns"][0])
    assert perplexities == floats(found["before"][0])
    assert perplexities[-1] == float("inf")


def test_a_model_without_its_setting_goes_on_with_the_page_s(node, tmp_path):
    net = rnn.make_model("scratch", 28, 24, seed=2)
    vocab = training_runs.load("story").vocab
    path = saving.save(tmp_path / "bare", net, vocab)
    found = ask(
        node, "opened", bytes=contents(path), whole=STORY, isClean=True, numEpochs=2
    )
    assert floats(found["before"][0]) == [] and len(found["columns"][0]) == 2
    assert (found["setting"]["numHiddens"], found["setting"]["lr"]) == (24, 1)


def test_a_model_reads_another_text_with_its_own_vocabulary(node, tmp_path):
    found = ask(
        node, "opened", bytes=packed(tmp_path), whole=LETTER, isClean=False, numEpochs=3
    )
    assert found["vocab"] == training_runs.load("story").vocab.idx_to_token
    assert len(found["columns"][0]) == 3


def test_what_is_no_such_file_is_refused_in_words(node, tmp_path):
    whole = bytearray(base64.b64decode(packed(tmp_path)))
    changed = bytes(whole[:-1]) + bytes([whole[-1] ^ 1])
    no_json = (8).to_bytes(8, "little") + b"no JSON!"
    files = [b"", b"hello, world", bytes(whole[:200]), bytes(whole[:-1]), no_json]
    files += [safetensors.torch.save({"W": torch.ones(2)}), changed]
    asked = {"name": "opened", "whole": STORY, "isClean": True, "numEpochs": 1}
    told = answers(
        node, *({**asked, "bytes": base64.b64encode(each).decode()} for each in files)
    )
    assert told[:5] == ["it is not a file of safetensors"] * 5
    assert told[5] == "it is not a model that d2l_rnn has saved"
    assert told[6] == "it has been changed since it was saved, or damaged"


def to_float64(net):
    net.params = [param.detach().double().requires_grad_() for param in net.params]


def freeze(net):
    net.params[1].requires_grad_(False)


@pytest.mark.parametrize(
    "values, words",
    [
        ({"cell": "gru"}, "its cell is GRU; this page trains the scratch RNN"),
        ({"cell": "rnn"}, "its cell is nn.RNN; this page trains the scratch RNN"),
        ({"change": freeze}, "it keeps W_hh fixed; this page trains all parameters"),
        (
            {"change": to_float64},
            "its numbers are float64; this page computes with float32",
        ),
        (
            {"seed": 2**32},
            "its seed is 4294967296; this page takes seeds up to 4294967295",
        ),
    ],
)
def test_a_model_that_would_be_trained_otherwise_is_refused(
    node, tmp_path, values, words
):
    asked = {"name": "opened", "whole": STORY, "isClean": True, "numEpochs": 1}
    file = packed(tmp_path, 1, **values)
    assert answers(node, {**asked, "bytes": file}) == [words]
