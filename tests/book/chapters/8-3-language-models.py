"""8.3: how often words, pairs and triples occur, and minibatches of sequences."""

# %%
import random

import torch

from d2l_rnn import book as d2l

# %%
words = [word for line in d2l.tokenize(d2l.read_time_machine()) for word in line]
vocab = d2l.Vocab(words)
print(vocab.token_freqs[:10])

# %% draws
freqs = [freq for _, freq in vocab.token_freqs]
d2l.plot(freqs, xlabel="token: x", ylabel="frequency: n(x)", xscale="log", yscale="log")

# %%
bigram_vocab = d2l.Vocab(list(zip(words, words[1:], strict=False)))
trigram_vocab = d2l.Vocab(list(zip(words, words[1:], words[2:], strict=False)))
print(bigram_vocab.token_freqs[:5], trigram_vocab.token_freqs[:5])

# %% draws
pair_freqs, triple_freqs = (
    [freq for _, freq in counted.token_freqs]
    for counted in (bigram_vocab, trigram_vocab)
)
d2l.plot(
    [freqs, pair_freqs, triple_freqs], xlabel="token: x", ylabel="frequency: n(x)",
    xscale="log", yscale="log", legend=["unigram", "bigram", "trigram"],
)  # fmt: skip


# %%
def seq_data_iter_random(corpus, batch_size, num_steps):
    corpus = corpus[random.randint(0, num_steps - 1) :]
    starts = list(range(0, (len(corpus) - 1) // num_steps * num_steps, num_steps))
    random.shuffle(starts)
    while len(starts) >= batch_size:
        batch = [starts.pop() for _ in range(batch_size)]
        yield tuple(
            torch.tensor([corpus[i + shift :][:num_steps] for i in batch])
            for shift in (0, 1)
        )


for X, Y in seq_data_iter_random(list(range(35)), batch_size=2, num_steps=5):
    print("X:", X, "\nY:", Y)
    assert torch.equal(X + 1, Y)

# %%
for X, Y in d2l.seq_data_iter_sequential(list(range(35)), batch_size=2, num_steps=5):
    print("X:", X, "\nY:", Y)
    assert torch.equal(X + 1, Y)


# %%
class SeqDataLoader:
    def __init__(self, batch_size, num_steps, use_random_iter, max_tokens):
        self.data_iter_fn = (
            d2l.seq_data_iter_random
            if use_random_iter
            else d2l.seq_data_iter_sequential
        )
        self.corpus, self.vocab = d2l.load_corpus_time_machine(max_tokens)
        self.sizes = batch_size, num_steps

    def __iter__(self):
        return self.data_iter_fn(self.corpus, *self.sizes)


for use_random_iter in (False, True):
    for X, Y in SeqDataLoader(32, 35, use_random_iter, 10000):
        assert X.shape == Y.shape == (32, 35)
