"""The playground's file: opened by a command, and shown in a notebook."""

import webbrowser
from html import escape
from pathlib import Path

import pytest

from d2l_rnn.__main__ import main
from d2l_rnn.web import PLAYGROUND, playground


@pytest.mark.parametrize("is_there", [True, False])
def test_the_command_opens_the_page(is_there, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda uri: opened.append(uri) or is_there)
    assert main(["playground"]) == (0 if is_there else 1)
    assert opened == [PLAYGROUND.as_uri()]
    printed = capsys.readouterr().out.splitlines()
    assert Path(printed[0]).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (len(printed) == 1) == is_there


def test_a_browser_that_fails_is_none(monkeypatch, capsys):
    def fail(uri):
        raise webbrowser.Error("no display")

    monkeypatch.setattr(webbrowser, "open", fail)
    assert playground.main() == 1
    assert "open this file" in capsys.readouterr().out


def test_a_notebook_shows_it_from_beside_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = playground.frame(height=500)
    assert 'src="playground.html"' in shown._repr_html_()
    assert 'height="500"' in shown._repr_html_()
    assert Path("playground.html").read_bytes() == PLAYGROUND.read_bytes()
    Path("playground.html").write_text("of an older version")
    playground.frame()
    assert Path("playground.html").read_bytes() == PLAYGROUND.read_bytes()


def test_each_setting_has_a_file_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = ["#theta=0.5&hide=lr", "#theta=2", '#begins="><b>旅人']
    for setting in [*settings, *settings]:
        source = playground.frame(setting).src
        text = Path(source).read_text(encoding="utf-8")
        assert f'<main id="page" data-setting="{escape(setting)}">' in text
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    "values, message",
    [
        ({"setting": "theta=1"}, "setting must begin with #, got 'theta=1'"),
        ({"setting": None}, "setting must begin with #, got None"),
        ({"height": 5}, "height must be an integer from 100 to 4000, got 5"),
        ({"height": "tall"}, "height must be an integer from 100 to 4000, got 'tall'"),
    ],
)
def test_what_is_no_frame_is_refused(values, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")):
        playground.frame(**values)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_where_nothing_can_be_written_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("playground.html").mkdir()
    with pytest.raises(ValueError, match="^the page must be written beside the notebo"):
        playground.frame()
