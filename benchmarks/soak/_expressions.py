"""What the fuzzer hands to a function, as Python expressions.

So a finding can be printed as code. `SCENE` has models, texts and series that fit each
other, `USUAL` what a parameter of a name is given, and `ODD` and `TWISTED` what no
reader should give it. `_values.py` has the functions that they call.
"""

# Each name, and the expressions of which one is its value in a call.
SCENE = {
    "vocab": ("text.Vocab(list('the time traveller'))",),
    "words": ("list('the time traveller ' * 8)",),
    "corpus": ("vocab[words]", "torch.tensor(vocab[words])"),
    "loader": (
        "batching.SequenceLoader(corpus, 2, 5, seed=0)",
        "batching.SequenceLoader(corpus, 2, 5, use_random_iter=True, seed=0)",
    ),
    "X": ("torch.arange(10).view(2, 5)",),
    "Y": ("torch.arange(10).view(2, 5).flip(1)",),
    "one_hot": ("nn.functional.one_hot(X.T, len(vocab)).float()",),
    "scratch": ("rnn.make_model('scratch', len(vocab), 4, seed=1)",),
    "net": (
        "scratch",
        "rnn.make_model('rnn', len(vocab), 4, seed=1)",
        "rnn.make_model('gru', len(vocab), 4, seed=1)",
        "rnn.make_model('lstm', len(vocab), 4, seed=1)",
        "scratch_of('gru', len(vocab))",
        "scratch_of('lstm', len(vocab))",
    ),
    "state": ("net.begin_state(2)",),
    "H_0": ("torch.zeros(2, 4)",),
    "learned": ("with_gradients(net, X, Y)",),
    "series_": ("series.noisy_sine(40)[1]", "series.noisy_sine(40)[1].tolist()"),
    "features": ("series.lag_matrix(series_, 3)[0]",),
    "labels": ("series.lag_matrix(series_, 3)[1]",),
    "linear": ("series.fit_ar(features, labels)",),
    "weather": ("vector_ar.simulate_weather(20)",),
    "P": ("np.array([[0.9, 0.1], [0.4, 0.6]])", "[[0.9, 0.1], [0.4, 0.6]]"),
    "ngrams_": ("ngrams.NGramModel(words, 2, 0.1)",),
    "setting": ("sweeping.Setting(num_hiddens=4, batch_size=2, num_steps=5)",),
    "record": ("progress.Progress(1, 9.0, 1000.0, 0.5, 0.25)",),
    "later": ("progress.Progress(2, 8.0, 1000.0, 0.5, 0.25)",),
    "history": ("progress.History([record, later])",),
    "lines": ("{'one': ([1, 2, 3], [3.0, 2.0, 1.0])}",),
    "model_file": ("saving.save(text_file + '.model', net, vocab)",),
    "axes": ("pictures.blank('x', 'y')[1]",),
    "log_axis": ("log_axis_of(axes)",),
    # parts of others, which do not fit
    "other_net": ("rnn.make_model('lstm', 7, 3, seed=2)", "scratch_of('gru', 7)"),
    "other_state": ("other_net.begin_state(3)",),
    "other_vocab": ("text.Vocab(['a', 'b'])",),
}

# By the name of a parameter. "function:parameter" comes before "parameter".
USUAL = {
    # numbers
    "at_least": "1", "at_most": "9", "alpha": "0.5", "batch_size": "2",
    "cross_entropy": "1.5", "epoch": "1", "epsilon": "0.1", "gradient_norm": "0.5",
    "held_out": "0.1", "high": "9", "i": "1", "k": "2", "level": "2.0", "low": "0",
    "lr": "0.1", "max_n": "2", "max_steps": "3", "max_tokens": "200",
    "mean_loss": "2.0", "n": "2", "ndims": "(1,)", "noise": "0.1", "norm": "0.5",
    "num_days": "20",
    "num_epochs": "1", "num_hiddens": "4", "num_points": "40", "num_preds": "3",
    "num_steps": "5", "num_threads": "1", "num_tokens": "5", "offset": "1",
    "period": "20.0", "perplexity": "9.0", "seed": "0", "tau": "3",
    "temperature": "0.7", "theta": ("1.0", "0.01"), "tolerance": "1e-4",
    "vocab_size": "len(vocab)",
    # texts
    "cell": ("'scratch'", "'gru'"), "line": "'The Time'", "min_freq": "0",
    "lines": "['the time', 'traveller']", "path": "text_file", "prefix": "'tim'",
    "reserved_tokens": "['<pad>']", "token": ("'char'", "'word'"), "tokens": "words",
    "indices": "[1, 2]", "clean": "True", "unit": "'bits'", "why": "'because'",
    # models and what they are trained on
    "X": "X", "Y": "Y", "H_0": "H_0", "net": "net", "vocab": "vocab",
    "corpus": "corpus", "minibatches": ("loader", "list(loader)"), "loader": "loader",
    "state": "state",
    "params": "scratch.params", "inputs": "one_hot", "generator": "torch.Generator()",
    "rnn_layer": "nn.GRU(len(vocab), 4)", "train_iter": "loader", "begin_state":
    "scratch.begin_state", "check": "lambda: None", "backpropagate": "'autograd'",
    "device": ("'cpu'", "None"), "optimizer": "torch.optim.SGD", "loss": "None",
    "use_random_iter": ("True", "False"), "last_only": ("True", "False"),
    "output": "torch.randn(len(vocab))", "updater": "torch.optim.SGD("
    "parameters.parameters_of(net), 0.1)", "gradients": "[torch.ones(3)]",
    "setting": "setting",
    "settings": "[setting]", "rng": "random.Random(0)", "model": "linear",
    # series, chains and counts
    "x": "series_", "features": "features", "labels": "labels", "targets":
    "labels[:, None]", "windows": "features", "predictions": "labels", "observed":
    "labels", "shape": "(None, 3)", "P": "P", "initial": "[0.5, 0.5]", "states":
    "['sun', 'rain']", "sequence": "list('aabab')", "after": "0", "before": "1",
    "start": "0", "gram": "('t', 'h')", "context": "('t',)", "seen": "words", "new":
    "words", "h": "torch.zeros(1, 16)",
    # pictures
    "alt": "'what is seen'", "otherwise": "'what is there'", "title":
    "'a title'", "xlabel": "'x'", "ylabel": "'y'",
    "axes": "axes", "axis": "log_axis", "clipped": "[10.0, 20.0]", "digits": "2",
    "epochs": "[1, 2]", "groups": "{'one': [1.0, 2.0]}", "history": "history", "kept":
    "np.array([[0.6, 0.8]])", "label": "'a label'", "levels": "{'level': 2.0}", "log":
    ("''", "'y'"), "matrix": "np.array([[1.0, 2.0], [3.0, 4.0]])", "norms":
    "{'before': [1.0, 2.0]}", "points": "{'two': ([1, 2], [1.0, 2.0])}", "runs":
    "{'one': history}", "vectors": "np.array([[3.0, 4.0]])", "width": "6.4", "height":
    "3.6", "xticks": "['a', 'b']", "yticks": "['c', 'd']", "recurrent": "True",
    "figure": "pictures.blank('x', 'y')[0]", "linestyle": "':'", "va": "'center'",
    "layout": "'constrained'", "compress_level": "1", "diverged": "{'one': 1}",
    # the same names, of other things
    "answer": "len", "name": "'value'", "value": "3",
    "checks.probability:value": "0.5", "checks.string:value": "'words'",
    "checks.truth:value": "True", "checks.one_of:allowed": "(1, 2, 3)",
    "checks.items:name": "'sequence'", "checks.of_type:kind": "int",
    "alt_text.number:value": "0.25", "threads.limited_to:num_threads": "1",
    "text.count_corpus:tokens": ("words", "[['a', 'b'], ['c']]"),
    "text.Vocab.__getitem__:tokens": ("'t'", "['t', 'h']"),
    "progress.History:iterable": "[record]", "progress.History.__getitem__:index": "0",
    "progress.EpochTally.progress:backpropagate": "len",
    "series.windows:x": "torch.tensor(vocab[words]).float()",
    "series.LinearAR:weights": "torch.ones(3).double()",
    "series.LinearAR:bias": "torch.zeros(()).double()",
    "series.least_squares:features": "features.double()",
    "series.least_squares:targets": "labels.double()",
    "vector_ar.VectorAR:weights": "torch.zeros(2, 5, 5).double()",
    "vector_ar.VectorAR:bias": "torch.zeros(5).double()",
    "vector_ar.VectorAR.__call__:windows": "torch.zeros(4, 2, 5).double()",
    "vector_ar.WEATHER:windows": "weather.unfold(0, 1, 1).transpose(1, 2)",
    "vector_ar.fit_var:x": "weather", "vector_ar.fit_var:tau": "1",
    "neural_ar.LatentAR.g:x": "torch.zeros(1, 1)",
    "neural_ar.LatentAR:num_hiddens": "16",
    "neural_ar.LatentAR.forward:x": "torch.zeros(1, 6)",
    "neural_ar.train_latent_ar:num_epochs": "1",
    "markov.MarkovChain:states": "[0, 1]",
    "markov.MarkovChain.from_data:states": "'ab'",
    "markov.MarkovChain.log_probability:sequence": "[0, 1, 1]",
    "markov.MarkovChain.perplexity:sequence": "[0, 1, 1]",
    "markov.MarkovChain.from_data:initial": "[0.5, 0.5]",
    "training.train_epoch:lr": "0.1",
    "ngrams.NGramModel:vocab": "None", "ngrams.Tally:vocab": "None",
    "ngrams.NGramModel.probability:token": "'t'",
    "ngrams.NGramModel.estimate:token": "'t'",
    "batching.windows:corpus": "torch.tensor(vocab[words])",
    "rnn.rnn:state": "(H_0,)", "rnn.RNNModelScratch:get_params": "rnn.get_params",
    "rnn.RNNModelScratch:init_state": "rnn.init_rnn_state",
    "rnn.RNNModelScratch:forward_fn": "rnn.rnn",
    "rnn.RNNModelScratch.__call__:state": "(H_0,)",
    "rnn.RNNModel.forward:inputs": "X",
    "rnn.RNNModel.forward:state": "torch.zeros(1, 2, 4)",
    "bptt.forward:params": "plain(scratch.params)",
    "bptt.backward:params": "plain(scratch.params)",
    "bptt.backward:H": "torch.zeros(6, 2, 4)", "bptt.backward:dH_T": "0.0",
    "bptt.backward:dO": "torch.ones(5, 2, len(vocab))",
    "bptt.cross_entropy:outputs": "torch.zeros(5, 2, len(vocab))",
    "vanishing.reach:Y": "Y[:, 0]",
    "bptt.cross_entropy:labels": "Y", "bptt.ByHand:net": "scratch",
    "bptt.ByHand.__call__:state": "(H_0,)", "bptt.ByHand.can_train:net": "scratch",
    "bptt.norms:each": "torch.ones(5, 2, 4)", "bptt.rnn:state": "(H_0,)",
    "bptt.checked:state": "(H_0,)", "checks.is_integer:array": "X",
    "checks.array:values": "series_", "checks.real_array:values": "series_",
    "rnn.RNNModelScratch.load_state_dict:state_dict": "scratch.state_dict()",
    "saving.save:path": "text_file + '.model'", "saving.load:path": "model_file",
    "saving.save:setting": "None",
    "text.Vocab.restored:tokens": "['<unk>', 't', 'h']",
    "text.Vocab.restored:token_freqs": "[('t', 2), ('h', 1)]",
    "engine.Engine.__call__:state": "(H_0,)", "engine.Engine.train:X": "X[None]",
    "engine.Engine.train:Y": "Y[None]", "engine.Engine.read:X": "X[None]",
    "engine.Engine.read:Y": "Y[None]", "engine.Engine.train:fresh": "True",
    "gated.gru:state": "(H_0,)", "gated.lstm:state": "(H_0, H_0)",
    "gated.gru:params": "gated.get_gru_params(len(vocab), 4)",
    "gated.lstm:params": "gated.get_lstm_params(len(vocab), 4)",
    "gradients.ByAutograd:forward": "None", "gradients.mean_of:outputs":
    "torch.zeros(10, len(vocab)).requires_grad_()",
    "gradients.mean_of:labels": "Y.T.reshape(-1)",
    "gradients.mean_of:loss": "nn.CrossEntropyLoss()",
    "gradients.backpropagation:loss": "nn.CrossEntropyLoss()",
    "clipping.global_norm:net": "learned", "clipping.clip_gradients:net": "learned",
    "book.grad_clipping:net": "learned", "training.train:held_out": "loader",
    "training.train:num_threads": "1", "sweeping.sweep:held_out": "loader",
    "sweeping.single:held_out": "loader",
    "book.train_epoch_ch8:loss": "nn.CrossEntropyLoss()",
    "alt_text.curves:lines": "lines", "figures.curves:lines": "lines",
    "alt_text.perplexity_curves:lines": "lines", "figures.bars:labels": "['a', 'b']",
    "alt_text.bars:labels": "['a', 'b']", "alt_text.minibatch_map:minibatches": "[X]",
    "alt_text.gradient_norms:norms": "{'before': [1.0, 2.0]}",
    "diagrams.minibatch_map:minibatches": "[X]", "figures.gradient_norms:theta": "1.0",
    "diagrams.latent_autoregression:num_steps": "3",
}  # fmt: skip

# Objects whose methods are called, where the usual arguments do not make a good one.
OBJECTS = {
    "corpora.TextFile": "corpora.find_text(text_file)",
    "sweeping.Setting": "setting",
    "bptt.ByHand": "used(bptt.ByHand(scratch), X, Y, H_0)",
    "engine.Engine": "used(engine.Engine(scratch.params), X, Y, H_0)",
    "markov.MarkovChain": "markov.MarkovChain(P, [0.5, 0.5])",
    "progress.EpochTally": "used(progress.EpochTally(1, 1.0).add, 2.0, 5, 0.5)",
    "progress.History": "history",
    "series.LinearAR": "linear",
    "sweeping.Sweep": "sweeping.sweep([setting], corpus, len(vocab), 1)",
    "runs.Run": "training.train(net, loader, 0.1, 1)",
    "text.Vocab": "vocab",
}

# What most functions should refuse.
ODD = (
    "None", "True", "0", "-1", "0.5", "1.5", "10**30", "-10**30", "1e300", "-1e300",
    "5e-324", "nan", "inf", "-inf", "1j", "''", "'x' * 5000", "'\\ud800'", "b'bytes'",
    "'no such thing'", "'cuda:99'", "torch.device('meta')", "np.float64('nan')",
    "np.bool_(True)", "np.array('x')", "np.array([None])", "np.zeros((2, 0))",
    "torch.tensor(nan)", "torch.empty(0)", "torch.zeros(2, 3, 4)",
    "torch.zeros(2, 3, dtype=torch.complex64)", "torch.ones(2, 3, dtype=torch.bool)",
    "torch.zeros(2, 3, device='meta')", "torch.zeros(2, 3, dtype=torch.bfloat16)",
    "torch.full((2, 3), nan)", "torch.eye(3).to_sparse()", "[]", "()", "{}", "set()",
    "{1, 2}", "{'a': 1}", "[None]", "['a', 1]", "[[1], [2, 3]]", "[nan]", "[1, 2, 3]",
    "['a', 'b']", "[[]]", "inside_itself()", "raising('__repr__')",
    "raising('__len__')", "raising('__iter__')", "iter([1, 2])", "map(str, 'ab')",
    "object()", "int", "nn.Linear", "len", "...", "net", "other_net", "other_state",
    "other_vocab", "vocab", "loader", "rnn", "linear", "record", "P",
)  # fmt: skip
# What fits in every way but one. {} is the usual value.
TWISTED = (
    "with_one({}, nan)", "with_one({}, inf)", "with_one({}, -1)", "with_one({}, 10**6)",
    "{}[:0]", "{}[1:]", "{}[None]", "{}[0]", "{}.T", "-{}", "{} + 0.5", "{} * 1e30",
    "{} * 1000", "str({})", "[{}]", "iter({})", "dict.fromkeys({})", "{} == {}",
    "torch.as_tensor({}).to('meta')", "torch.as_tensor({}).half()",
    "torch.as_tensor({}).cfloat()", "torch.as_tensor({}).bool()",
    "list({}) + [None]", "list({}) + ['x']", "list({}) * 2", "type({})",
)  # fmt: skip
# What may well be right, and is told apart in the report.
UNUSUAL = (
    "np.int64(2)", "np.float32(0.5)", "torch.tensor(2)", "torch.tensor(0.5)",
    "fractions.Fraction(1, 3)", "decimal.Decimal('0.5')", "range(5)", "1", "2",
    "list({})", "tuple({})", "np.asarray({})", "torch.as_tensor({})",
    "torch.as_tensor({}).double()", "torch.as_tensor({}).int()", "{}.tolist()",
    "np.asarray({}, object)", "torch.as_tensor({}).float().requires_grad_()",
)  # fmt: skip
