"""Which text a panel reads, and its lines."""

import pytest

from d2l_rnn import corpora, explorers, text
from d2l_rnn.explorers.text_controls import OWN, STORY, at_hand, in_use, lines_of

CHINESE = "我在河边读书，\n风把书页一张一张地翻过去。"


def test_lines_of_the_time_machine(time_machine):
    assert lines_of("time machine") == text.load_lines(time_machine)


def test_lines_of_the_other_texts():
    for clean in (True, False):
        story = text.load_lines(corpora.STORY_PATH, clean)
        assert lines_of("story", clean=clean) == story
    assert lines_of("own", "Well, well!\r\nTHE 2nd", True) == ["well well", "the nd"]
    assert lines_of("own", CHINESE, clean=False) == CHINESE.split("\n")


def test_without_being_told_only_ones_own_text_stays_as_it_is():
    assert lines_of("own", "Well, well!") == ["Well, well!"]
    assert lines_of("story") == lines_of("story", clean=True)


@pytest.mark.parametrize("own_text", ["", " \n\t", "\u3000"])
def test_no_text_is_refused(own_text):
    with pytest.raises(ValueError, match="own_text must be a text with words"):
        lines_of("own", own_text, False)


def test_chinese_has_to_stay_as_it_is():
    with pytest.raises(ValueError, match="clean must be False"):
        lines_of("own", CHINESE, True)


def test_ones_own_text_makes_a_difference_only_where_it_is_chosen():
    assert (in_use(OWN, "mine"), in_use(STORY, "mine")) == ("mine", "")


def test_the_time_machine_is_what_a_panel_begins_with(time_machine):
    assert at_hand() == explorers.Vocabulary().text == "time machine"


def test_without_the_time_machine_the_story_is_read(offline):
    with pytest.raises(ValueError, match="has not been fetched"):
        lines_of("time machine")
    assert at_hand() == explorers.Vocabulary().text == "story"
