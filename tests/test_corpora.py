"""Where the text is found, with a local server that sends whatever a test asks for.

No test measures time: a server that is too slow is one that waits for the test.
"""

import hashlib
import http.server
import socket
import subprocess
import sys
import threading

import pytest

from d2l_rnn import corpora

BOOK = b"The Time Machine, by H. G. Wells\n" * 20  # stands for the book


class Server(http.server.ThreadingHTTPServer):
    """A stand-in for the book's server that sends whatever a test asks for.

    Before the body it waits to be `released`, for ten seconds at most, and sends a
    `trickle` of bytes meanwhile. Then it has `finished`.
    """

    daemon_threads = True
    body, status, promised_length, trickle = BOOK, 200, None, False

    def __init__(self):
        self.visits, self.finished = 0, False
        self.released = threading.Event()
        self.released.set()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/timemachine.txt"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.visits += 1
        self.send_response(server.status)
        length = server.promised_length or len(server.body)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        try:
            for _ in range(200):  # ten seconds
                if server.released.wait(0.05):
                    break
                self.wfile.write(b"T" if server.trickle else b"")
            server.finished = True
            self.wfile.write(server.body)
        except OSError:  # the client has gone
            pass

    def log_message(self, *args):
        pass


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """As in a process that has not looked for a text yet: an empty cache, no folder."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(corpora, "cache_dir", lambda: folder)
    monkeypatch.setattr(corpora, "SHA1", hashlib.sha1(BOOK).hexdigest())
    monkeypatch.delenv(corpora.DATA_DIR_VARIABLE, raising=False)
    corpora.fetched_or_story.cache_clear()
    yield folder
    corpora.fetched_or_story.cache_clear()


@pytest.fixture
def server(monkeypatch, cache):
    """A server with the book, and a second mirror that does not answer."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setattr(corpora, "MIRRORS", (server.url, "http://127.0.0.1:9/none.txt"))
    yield server
    server.released.set()
    wait_for_downloads()
    server.shutdown()
    server.server_close()


def wait_for_downloads():
    """Wait until all background downloads have ended."""
    for thread in threading.enumerate():
        if thread.name == "d2l_rnn download":
            thread.join(60)
            assert not thread.is_alive()


def left_in(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_the_order_path_folder_cache_server(server, cache, tmp_path, monkeypatch):
    named = tmp_path / "mine.txt"
    named.write_text("mine", encoding="utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / corpora.FILE_NAME).write_bytes(BOOK)

    assert corpora.find_text().origin == "download"
    corpora.fetched_or_story.cache_clear()  # as in the next process
    assert corpora.find_text() == corpora.TextFile(cache / corpora.FILE_NAME, "cache")
    assert server.visits == 1
    monkeypatch.setenv(corpora.DATA_DIR_VARIABLE, str(folder))
    assert corpora.find_text() == corpora.TextFile(folder / corpora.FILE_NAME, "folder")
    assert corpora.find_text(named) == corpora.TextFile(named, "file")


def test_what_is_downloaded_is_the_book_and_all_of_it(server, cache, capsys):
    found = corpora.find_text()
    assert found.is_time_machine
    assert found.read() == BOOK.decode()
    assert left_in(cache) == [corpora.FILE_NAME]
    assert capsys.readouterr() == ("", "")


def test_the_second_mirror_is_asked_when_the_first_is_down(server, monkeypatch):
    monkeypatch.setattr(corpora, "MIRRORS", corpora.MIRRORS[::-1])
    assert corpora.find_text().origin == "download"


def test_both_mirrors_are_reached_over_https():
    assert len(corpora.MIRRORS) == 2
    assert all(url.startswith("https://") for url in corpora.MIRRORS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": BOOK[:-7]},  # half of it
        {"body": BOOK[:-7], "promised_length": len(BOOK)},  # the line went dead
        {"body": BOOK.replace(b"Wells", b"Welles")},  # tampered with
        {"body": b"<html>Please log in</html>"},  # a hotel's network
        {"status": 503},
    ],
)
def test_a_wrong_download_is_never_used_nor_kept(server, cache, wrong, capsys):
    vars(server).update(wrong)
    assert corpora.find_text() == corpora.TextFile(corpora.STORY_PATH, "story")
    assert left_in(cache) == []
    assert server.visits == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "built-in story" in line and corpora.DATA_DIR_VARIABLE in line


def test_offline_costs_one_attempt_and_one_line_per_process(server, capsys):
    server.status = 404
    for _ in range(3):
        assert corpora.find_text().origin == "story"
    assert server.visits == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("trickle", [False, True], ids=["silent", "a trickle"])
def test_a_server_that_is_too_slow_is_not_waited_for(
    server, cache, monkeypatch, trickle
):
    """When the reader gets the story, it has not finished yet."""
    monkeypatch.setattr(corpora, "PATIENCE", 0.4)
    monkeypatch.setattr(corpora, "SOCKET_TIMEOUT", 0.2)
    server.trickle = trickle
    server.promised_length = 10_000
    server.released.clear()
    assert corpora.find_text().origin == "story"
    assert server.visits == 1 and not server.finished
    assert not (cache / corpora.FILE_NAME).exists()


def test_a_hanging_name_server_is_not_waited_for(cache, monkeypatch):
    released, failed = threading.Event(), []

    def look_up(*args, **kwargs):
        released.wait(10)
        failed.append(args)
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(corpora, "PATIENCE", 0.2)
    assert corpora.find_text().origin == "story"
    assert not failed
    released.set()
    wait_for_downloads()


def test_a_fetch_that_is_only_slow_serves_the_next_process(server, cache, monkeypatch):
    monkeypatch.setattr(corpora, "PATIENCE", 0.2)
    server.released.clear()
    assert corpora.find_text().origin == "story"
    server.released.set()
    wait_for_downloads()
    assert corpora.find_text().origin == "story"  # this process stays with its text
    corpora.fetched_or_story.cache_clear()
    assert corpora.find_text().origin == "cache"


def test_a_tampered_cache_is_replaced(server, cache):
    cache.mkdir()
    (cache / corpora.FILE_NAME).write_bytes(BOOK + b"not by Wells")
    assert corpora.find_text().origin == "download"
    assert corpora.find_text().is_time_machine


def test_a_tampered_cache_is_not_used_offline(server, cache):
    server.status = 404
    cache.mkdir()
    (cache / corpora.FILE_NAME).write_bytes(BOOK + b"not by Wells")
    assert corpora.find_text().origin == "story"
    assert left_in(cache) == []


def test_a_cache_that_cannot_be_written_leaves_the_story(server, cache, capsys):
    cache.write_text("a file where the folder should be", encoding="utf-8")
    assert corpora.find_text().origin == "story"
    assert f"could not write to {cache}" in capsys.readouterr().err


def test_a_folder_without_the_text_is_passed_over(server, tmp_path, monkeypatch):
    monkeypatch.setenv(corpora.DATA_DIR_VARIABLE, str(tmp_path))
    assert corpora.find_text().origin == "download"


def test_a_folder_without_the_text_is_told(server, tmp_path, monkeypatch, capsys):
    server.status = 404
    monkeypatch.setenv(corpora.DATA_DIR_VARIABLE, str(tmp_path))
    assert corpora.find_text().origin == "story"
    assert f"({tmp_path} does not)" in capsys.readouterr().err


def test_the_story_is_long_plain_and_about_a_time_traveller():
    story = corpora.TextFile(corpora.STORY_PATH, "story").read()
    assert 30_000 <= len(story.encode("utf-8")) <= 40_000
    assert story.isascii()
    assert " ".join(story.lower().split()).count("time traveller") >= 20


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="path must name a text file.*nowhere.txt"):
        corpora.find_text(tmp_path / "nowhere.txt")
    for other in (tmp_path, "~nobody-of-this-name/x.txt", "x" * 5000):
        with pytest.raises(ValueError, match="no such file"):
            corpora.find_text(other)


def test_a_file_that_is_not_utf8_is_told_where(tmp_path):
    file = tmp_path / "latin.txt"
    file.write_bytes("un café".encode("latin-1"))
    with pytest.raises(ValueError, match="UTF-8.*byte 6"):
        corpora.find_text(file).read()


@pytest.mark.parametrize("content", ["", " \n\t\n"])
def test_an_empty_file_is_told(tmp_path, content):
    file = tmp_path / "empty.txt"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="empty"):
        corpora.find_text(file).read()


def test_a_file_that_has_gone_since_is_told(tmp_path):
    with pytest.raises(ValueError, match="path must name a text file"):
        corpora.TextFile(tmp_path / "gone.txt", "cache").read()


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    file = tmp_path / "bom.txt"
    file.write_text("时间", encoding="utf-8-sig")
    assert corpora.find_text(file).read() == "时间"


def test_the_command_line_tells_by_its_status(monkeypatch, capsys, tmp_path, cache):
    monkeypatch.setenv(corpora.DATA_DIR_VARIABLE, str(tmp_path))
    (tmp_path / corpora.FILE_NAME).write_bytes(BOOK)
    assert corpora.main() == 0
    (tmp_path / corpora.FILE_NAME).write_bytes(b"another text")
    assert corpora.main() == 1
    assert capsys.readouterr().out.startswith("folder: ")


IN_JUPYTER_WITHOUT_IPYWIDGETS = """
import sys, types
sys.modules["ipykernel.zmqshell"] = types.ModuleType("zmqshell")
sys.modules["IPython"] = types.SimpleNamespace(get_ipython=object)
sys.modules["ipywidgets"] = None
"""


def warnings_of(program):
    command = [sys.executable, "-c", IN_JUPYTER_WITHOUT_IPYWIDGETS + program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def test_a_notebook_without_ipywidgets_is_not_warned_of_it():
    if "IProgress" not in warnings_of("import pooch"):
        pytest.skip("tqdm, which gives the warning, is not here")
    assert warnings_of("from d2l_rnn import corpora; corpora.cache_dir()") == ""
