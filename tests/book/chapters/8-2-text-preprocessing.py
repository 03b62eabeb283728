"""8.2: from the text to numbers, the file fetched by the book's own download."""

# %%
import collections
import re

from d2l_rnn import book as d2l

# %%
d2l.DATA_HUB["time_machine"] = (
    d2l.DATA_URL + "timemachine.txt",
    "090b5e7e70c295757f55df93cb0a180b9691891a",
)


def read_time_machine():
    with open(d2l.download("time_machine")) as file:
        return [re.sub("[^a-zA-Z]+", " ", line).strip().lower() for line in file]


lines = read_time_machine()
print(f"{len(lines)} lines, the first: {lines[0]}")
assert lines == d2l.read_time_machine()


# %%
def tokenize(lines, token="word"):
    return [line.split() if token == "word" else list(line) for line in lines]


tokens = tokenize(lines)
print(next(line for line in tokens if line))
assert tokens == d2l.tokenize(lines)


# %%
class Vocab:
    def __init__(self, tokens):
        counter = collections.Counter(token for line in tokens for token in line)
        self.token_freqs = sorted(counter.items(), key=lambda item: -item[1])
        self.idx_to_token = ["<unk>", *(token for token, _ in self.token_freqs)]
        self.token_to_idx = {token: i for i, token in enumerate(self.idx_to_token)}

    def __len__(self):
        return len(self.idx_to_token)

    def __getitem__(self, tokens):
        if isinstance(tokens, (list, tuple)):
            return [self[token] for token in tokens]
        return self.token_to_idx.get(tokens, 0)


vocab = Vocab(tokens)
print(list(vocab.token_to_idx.items())[:10])
assert vocab.token_freqs == d2l.Vocab(tokens).token_freqs

# %%
for i in (0, len(tokens) // 2):
    print("text:", tokens[i], "indices:", vocab[tokens[i]])


# %%
def load_corpus_time_machine(max_tokens=-1):
    tokens = tokenize(read_time_machine(), "char")
    vocab = Vocab(tokens)
    corpus = [vocab[token] for line in tokens for token in line]
    return corpus[:max_tokens] if max_tokens > 0 else corpus, vocab


corpus, vocab = load_corpus_time_machine()
print(len(corpus), len(vocab))
assert corpus == d2l.load_corpus_time_machine()[0]
