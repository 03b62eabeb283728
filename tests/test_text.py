import collections
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn import text

tokens = st.lists(st.lists(st.sampled_from("abcdef"), max_size=8), max_size=8)


@pytest.fixture
def file(tmp_path):
    """Write a text file, return its path."""

    def write(content):
        path = tmp_path / "text.txt"
        path.write_text(content, encoding="utf-8")
        return path

    return write


def test_the_notes_figures_to_the_digit(time_machine):
    lines = text.load_lines(time_machine)
    words = text.tokenize(lines, "word")
    vocab = text.Vocab(words)
    assert list(vocab.token_to_idx.items())[:6] == [
        ("<unk>", 0), ("the", 1), ("i", 2), ("and", 3), ("of", 4), ("a", 5),
    ]  # fmt: skip
    assert words[0] == ["the", "time", "machine", "by", "h", "g", "wells"]
    assert vocab[words[0]] == [1, 19, 50, 40, 2183, 2184, 400]
    assert len(vocab) == 4580


def test_the_notes_characters(time_machine):
    corpus, vocab = text.load_corpus(time_machine)
    assert (len(corpus), len(vocab)) == (170_580, 28)


def test_a_range_is_several_indices_and_several_tokens():
    vocab = text.Vocab([0, 1, 2])
    assert vocab.to_tokens(range(3)) == vocab.to_tokens([0, 1, 2])
    assert vocab[range(2)] == vocab[[0, 1]]


def test_tokens_and_lists_of_tokens_side_by_side_are_named():
    with pytest.raises(ValueError, match=r"or none of them, got \['b'\] and 'a'"):
        text.count_corpus(["a", ["b"]])


def test_cleaning_is_the_books_expression():
    line = "  'It's a -- Time_Machine!' 1895, é\n"
    assert text.clean_line(line) == "it s a time machine"
    assert text.clean_line(line) == re.sub("[^A-Za-z]+", " ", line).strip().lower()


def test_load_lines_cleaned_and_as_they_are(file):
    path = file("The Time\r\n\r\nTraveller!")
    assert text.load_lines(path) == ["the time", "", "traveller"]
    assert text.load_lines(path, clean=False) == ["The Time", "", "Traveller!"]


def test_a_chinese_text_is_used_as_it_is(file):
    path = file("隐状态\n时间步，隐状态\n")
    corpus, vocab = text.load_corpus(path, clean=False)
    assert "".join(vocab.to_tokens(corpus)) == "隐状态时间步，隐状态"
    assert vocab.idx_to_token[1] == "隐"
    with pytest.raises(ValueError, match="clean must be False"):
        text.load_corpus(path)


def test_a_line_ends_only_where_a_file_s_line_ends(file):
    path = file("one\x0btwo\x85three\u2028four\nfive")
    lines = text.load_lines(path, clean=False)
    assert lines == ["one\x0btwo\x85three\u2028four", "five"]


def test_empty_text_is_told(file):
    with pytest.raises(ValueError, match="empty"):
        text.load_corpus(file("\n\n"))


def test_tokenize_words_and_characters():
    lines = ["the time", "", "a  b"]
    assert text.tokenize(lines) == [["the", "time"], [], ["a", "b"]]
    assert text.tokenize(lines, "char") == [list("the time"), [], list("a  b")]


@pytest.mark.parametrize("token", ["words", "", None, 3])
def test_an_unknown_token_type_is_told(token):
    with pytest.raises(ValueError, match="token must be one of 'word', 'char', got"):
        text.tokenize(["a"], token)


def test_lines_are_a_list_not_a_string():
    with pytest.raises(ValueError, match="lines must be a list of lines"):
        text.tokenize("the time traveller")


def test_count_corpus_of_one_list_and_of_lists():
    assert text.count_corpus(["a", "b", "a"]) == {"a": 2, "b": 1}
    assert text.count_corpus([[], ["a"], ["b", "a"]]) == {"a": 2, "b": 1}
    assert text.count_corpus([]) == {}


@given(tokens, st.integers(0, 4))
def test_vocabulary_against_its_definition(lines, min_freq):
    flat = [token for line in lines for token in line]
    vocab = text.Vocab(lines, min_freq, reserved_tokens=["<pad>"])
    assert vocab.idx_to_token[:2] == ["<unk>", "<pad>"]
    kept = vocab.idx_to_token[2:]
    assert set(kept) == {token for token in flat if flat.count(token) >= min_freq}
    # Falling frequency, and ties in the order of first appearance.
    ordered = sorted(set(flat), key=lambda t: (-flat.count(t), flat.index(t)))
    assert kept == [token for token in ordered if token in kept]
    assert vocab.token_freqs == [(token, flat.count(token)) for token in ordered]


@given(tokens)
def test_to_indices_and_back(lines):
    vocab = text.Vocab(lines)
    for line in lines:
        assert vocab.to_tokens(vocab[line]) == line
        assert vocab.to_tokens(torch.tensor(vocab[line], dtype=torch.int64)) == line
    assert vocab[lines] == [[vocab[token] for token in line] for line in lines]


def test_a_tuple_is_one_token_a_bigram():
    bigrams = [("of", "the"), ("of", "the"), ("in", "the")]
    vocab = text.Vocab(bigrams)
    assert vocab.token_freqs == [(("of", "the"), 2), (("in", "the"), 1)]


def test_a_vocabulary_is_iterated_in_the_order_of_its_indices():
    vocab = text.Vocab(list("aab"))
    assert list(vocab) == ["<unk>", "a", "b"]


def test_reserved_tokens_stand_first_and_once():
    vocab = text.Vocab(["<bos>", "a", "a", "<eos>"], 0, ["<pad>", "<bos>", "<eos>"])
    assert vocab.idx_to_token == ["<unk>", "<pad>", "<bos>", "<eos>", "a"]
    assert vocab["<pad>"] == 1 and "<pad>" in vocab


def test_what_is_rare_or_new_becomes_unknown():
    vocab = text.Vocab(list("aab"), min_freq=2)
    assert (vocab["a"], vocab["b"], vocab["z"]) == (1, 0, 0)
    assert vocab[["a", "z"]] == [1, 0]
    assert vocab.to_tokens(vocab.unk) == "<unk>"
    assert "b" not in vocab


def test_an_empty_vocabulary_knows_the_unknown():
    assert text.Vocab().idx_to_token == ["<unk>"]


@pytest.mark.parametrize("reserved", [["<pad>", "<pad>"], ["<unk>"]])
def test_reserved_tokens_named_twice_are_told(reserved):
    with pytest.raises(ValueError, match="reserved_tokens must be distinct"):
        text.Vocab([], reserved_tokens=reserved)


def test_reserved_tokens_as_one_string_are_told():
    with pytest.raises(ValueError, match="must be a list of tokens, got '<pad>'"):
        text.Vocab([], reserved_tokens="<pad>")


@pytest.mark.parametrize("min_freq", [-1, 1.5, True, None])
def test_a_bad_frequency_is_told(min_freq):
    with pytest.raises(ValueError, match="min_freq must be an integer of at least 0"):
        text.Vocab(["a"], min_freq)


@pytest.mark.parametrize("index", [-1, 3, [0, 3], 1.0])
def test_an_index_outside_the_vocabulary_is_told(index):
    with pytest.raises(ValueError, match="indices must be an integer from 0 to 2"):
        text.Vocab(["a", "b"]).to_tokens(index)


def test_load_corpus_keeps_the_whole_vocabulary(file):
    path = file("abc\nabd")
    corpus, vocab = text.load_corpus(path, max_tokens=4)
    assert vocab.to_tokens(corpus) == list("abca")
    assert len(vocab) == 5
    assert text.load_corpus(path)[0].tolist() == vocab[list("abcabd")]


@pytest.mark.parametrize("max_tokens", [-2, 2.5])
def test_a_bad_number_of_tokens_is_told(file, max_tokens):
    with pytest.raises(ValueError, match="max_tokens"):
        text.load_corpus(file("abc"), max_tokens=max_tokens)


def test_a_vocabulary_shows_its_first_tokens_and_how_many_there_are():
    assert repr(text.Vocab(list("ab"))) == "Vocab(3 tokens: '<unk>', 'a', 'b')"
    assert repr(text.Vocab(list("abcde"))).endswith("'d', 'e')")
    several = "'<unk>', 'a', 'b', 'c', 'd', 'e', …)"
    assert repr(text.Vocab(list("abcdef"))) == f"Vocab(7 tokens: {several}"


def test_a_vocabulary_is_restored_from_its_tokens_and_their_numbers():
    vocab = text.Vocab(list("abb"), min_freq=2, reserved_tokens=["<pad>"])
    again = text.Vocab.restored(iter(vocab), iter(vocab.token_freqs))
    assert again.idx_to_token == ["<unk>", "<pad>", "b"]
    assert again.token_to_idx == vocab.token_to_idx
    assert again.token_freqs == [("b", 2), ("a", 1)]
    assert text.Vocab.restored(["<unk>"], []).idx_to_token == ["<unk>"]


@pytest.mark.parametrize("tokens", [[], ["a", "<unk>"], ["<unk>", "a", "a"]])
def test_a_vocabulary_without_the_unknown_or_with_a_token_twice_is_told(tokens):
    with pytest.raises(ValueError, match="tokens must be distinct, and '<unk>' the"):
        text.Vocab.restored(tokens, [])


def test_numbers_that_are_not_whole_are_tokens_too():
    assert text.count_corpus([0.5, 0.5, -1.5]) == {0.5: 2, -1.5: 1}
    assert text.Vocab([0.5])[0.5] == 1


def test_a_token_that_is_counted_0_times_is_in_the_vocabulary_unless_it_is_too_rare():
    counter = collections.Counter({"a": 0, "b": 2})
    assert text.count_corpus(counter) == {"a": 0, "b": 2}
    assert text.Vocab(counter).idx_to_token == ["<unk>", "b", "a"]
    assert text.Vocab(counter, min_freq=1).idx_to_token == ["<unk>", "b"]


@pytest.mark.parametrize("max_tokens, kept", [(-1, 3), (0, 3), (1, 1), (2, 2), (4, 3)])
def test_so_many_tokens_are_kept(max_tokens, kept):
    assert len(text.corpus_of(["ab", "c"], "char", max_tokens)[0]) == kept


def test_load_corpus_hands_on_what_the_vocabulary_is_made_with(file):
    corpus, vocab = text.load_corpus(file("abbc"), "char", -1, True, 2, ["<pad>"])
    assert vocab.idx_to_token == ["<unk>", "<pad>", "b"]
    assert corpus.tolist() == [0, 2, 2, 0]


def test_a_list_in_itself_has_no_indices():
    vocab, endless = text.Vocab("aab"), []
    endless.append(endless)
    with pytest.raises(ValueError, match="tokens must not be a list that contains its"):
        vocab[endless]
    with pytest.raises(ValueError, match="indices must not be a list that contains"):
        vocab.to_tokens(endless)
