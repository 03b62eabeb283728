"""The doctor on d2l and on the text."""

import pytest
from stand_ins import only

from d2l_rnn import corpora
from d2l_rnn.doctor import examination, optional
from d2l_rnn.doctor.environment import pip_install, python
from d2l_rnn.doctor.findings import well


def test_d2l_may_be_missing(versions):
    versions["d2l"] = None
    finding = only(optional.check_d2l())
    assert finding.is_well
    assert finding.command == pip_install("--no-deps", "d2l==1.0.3")
    versions["d2l"] = "1.0.3"
    assert only(optional.check_d2l()) == well(
        "d2l 1.0.3. It works with newer packages than those it asks for, "
        "whatever pip check says"
    )


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """An empty cache, and nobody who downloads: where a text of one's own would lie."""
    monkeypatch.setattr(corpora, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr(corpora, "download", lambda: pytest.fail("it downloads"))
    monkeypatch.setenv(corpora.DATA_DIR_VARIABLE, str(tmp_path))
    return tmp_path / corpora.FILE_NAME


def test_the_story_is_well_and_the_book_is_a_command_away(offline, monkeypatch):
    monkeypatch.delenv(corpora.DATA_DIR_VARIABLE)
    finding = only(optional.check_text())
    assert finding.is_well and "story" in finding.text
    assert finding.command == python("-m", "d2l_rnn.corpora")


def test_a_folder_without_the_text(offline):
    missing, story = optional.check_text()
    assert not missing.is_well and f"there is no {corpora.FILE_NAME}" in missing.text
    assert story.is_well


def test_a_text_of_ones_own(offline):
    offline.write_text("My own words.")
    finding = only(optional.check_text())
    assert finding.is_well and finding.text == f"the text is your own: {offline}"


def test_an_empty_text(offline):
    offline.write_text(" ")
    finding = only(examination.perform("text"))
    assert not finding.is_well and f"{offline} is empty" in finding.text


def test_the_time_machine(offline, time_machine):
    offline.write_bytes(time_machine.read_bytes())
    finding = only(optional.check_text())
    assert finding.is_well and "The Time Machine" in finding.text
