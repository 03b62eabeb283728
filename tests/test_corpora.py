"""Where the text is found, with a local server that sends whatever a test asks for.

No test measures time: a server that is too slow is one that waits for the test.
"""

import contextlib
import errno
import gzip
import hashlib
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from d2l_rnn import corpora

CACHE_DIR = corpora.cache_dir  # the real one
BOOK = b"The Time Machine, by H. G. Wells\n" * 20  # stands for the book


class Server(http.server.ThreadingHTTPServer):
    """A stand-in for the book's server that sends whatever a test asks for.

    Before the body it waits to be `released`, for ten seconds at most, and sends a
    `trickle` of bytes meanwhile. Then it has `finished`. If it is `endless`, "headers",
    "redirect" or "body", that part of its answer never ends. It says if its body is
    `compressed`.
    """

    daemon_threads = True
    body, status, promised_length, trickle, endless = BOOK, 200, None, False, None
    compressed = False

    def __init__(self):
        self.visits, self.sent, self.finished = 0, 0, False
        self.released = threading.Event()
        self.released.set()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/timemachine.txt"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.visits += 1
        with contextlib.suppress(OSError):  # the client has gone
            if self.server.endless:
                self.send_for_ever(self.server.endless)
            else:
                self.send()

    def send(self):
        server = self.server
        self.send_response(server.status)
        length = server.promised_length or len(server.body)
        self.send_header("Content-Length", str(length))
        if server.compressed:
            self.send_header("Content-Encoding", "gzip")
        if server.status == 302:
            self.send_header("Location", server.url)
        self.end_headers()
        for _ in range(200):  # ten seconds
            if server.released.wait(0.05):
                break
            self.wfile.write(b"T" if server.trickle else b"")
        server.finished = True
        self.wfile.write(server.body)

    def send_for_ever(self, part):
        self.send_response(302 if part == "redirect" else 200)
        self.send_header("Location", self.server.url)
        if part == "headers":
            self.wfile.write(b"".join(self._headers_buffer) + b"Time-Machine: ")
        else:
            self.end_headers()
        piece = b"T" if self.server.trickle else b"T" * 50_000
        while self.server.sent < 50_000_000:
            self.server.sent += self.wfile.write(piece)
            time.sleep(0.02 if self.server.trickle else 0)

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


def wait_for_downloads(seconds=60):
    """Wait until all background downloads have ended."""
    for thread in threading.enumerate():
        if thread.name == "d2l_rnn download":
            thread.join(seconds)
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
    assert f"could not write to {str(cache)!r}" in capsys.readouterr().err


def test_a_folder_without_the_text_is_passed_over(server, tmp_path, monkeypatch):
    monkeypatch.setenv(corpora.DATA_DIR_VARIABLE, str(tmp_path))
    assert corpora.find_text().origin == "download"


def test_a_folder_without_the_text_is_told(server, tmp_path, monkeypatch, capsys):
    server.status = 404
    monkeypatch.setenv(corpora.DATA_DIR_VARIABLE, str(tmp_path))
    assert corpora.find_text().origin == "story"
    assert f"none to read in {str(tmp_path)!r}: No such" in capsys.readouterr().err


def name_of_nobody(folder):
    return "~nobody-of-this-name/x"


def name_too_long(folder):
    return "x" * 5000


def file_instead_of_a_folder(folder):
    (folder / "file").write_bytes(BOOK)
    return str(folder / "file")


def folder_instead_of_the_file(folder):
    (folder / corpora.FILE_NAME).mkdir()
    return str(folder)


def pipe_instead_of_the_file(folder):
    os.mkfifo(folder / corpora.FILE_NAME)
    return str(folder)


def link_to_itself(folder):
    (folder / corpora.FILE_NAME).symlink_to(folder / corpora.FILE_NAME)
    return str(folder)


def name_that_is_not_unicode(folder):
    return str(folder / os.fsdecode(b"\xff"))


def name_of_two_lines(folder):
    return str(folder / "one\ntwo")


def folder_that_is_locked(folder):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    locked = folder / "locked"
    locked.mkdir(mode=0)
    return str(locked)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other names and no pipes")
@pytest.mark.parametrize("status", [200, 404], ids=["online", "offline"])
@pytest.mark.parametrize(
    ("useless", "reason"),
    [
        (name_of_nobody, "home directory"),
        (name_too_long, "name too long"),
        (file_instead_of_a_folder, "Not a directory"),
        (folder_instead_of_the_file, "it is a folder"),
        (pipe_instead_of_the_file, "it is not a regular file"),
        (link_to_itself, "symbolic links"),
        (name_that_is_not_unicode, "No such file"),
        (name_of_two_lines, "No such file"),
        (folder_that_is_locked, "Permission denied"),
    ],
)
def test_a_useless_folder_is_passed_over_and_offline_told(
    server, tmp_path, monkeypatch, capsys, useless, reason, status
):
    server.status = status
    monkeypatch.setenv(corpora.DATA_DIR_VARIABLE, useless(tmp_path))
    assert corpora.find_text().origin == ("download" if status == 200 else "story")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == (status != 200)
    for line in lines:
        line.encode("utf-8")  # it can be shown anywhere
        assert "none to read in" in line and reason in line and len(line) < 1000


@pytest.mark.parametrize("part", ["headers", "redirect", "body"])
def test_what_is_larger_than_the_book_is_given_up(server, cache, capsys, part):
    server.endless = part
    assert corpora.find_text().origin == "story"
    wait_for_downloads(0)
    assert server.sent < 10_000_000  # it filled the buffers of two sockets
    assert "127.0.0.1" in capsys.readouterr().err
    assert left_in(cache) == []


@pytest.mark.parametrize("status", [200, 302], ids=["body", "redirect"])
def test_a_small_body_that_unpacks_to_a_large_one_is_given_up(
    server, monkeypatch, capsys, status
):
    unpacked, decompressobj = [], zlib.decompressobj

    class Measured:
        def __init__(self, *args):
            self.inner = decompressobj(*args)

        def decompress(self, *args, **kwargs):
            content = self.inner.decompress(*args, **kwargs)
            unpacked.append(len(content))
            return content

        def __getattr__(self, name):
            return getattr(self.inner, name)

    monkeypatch.setattr(zlib, "decompressobj", Measured)
    server.body = gzip.compress(bytes(100_000_000))
    assert len(server.body) < corpora.SIZE
    server.status, server.compressed = status, True
    assert corpora.find_text().origin == "story"
    assert 0 < sum(unpacked) < 20_000_000
    assert "what 127.0.0.1" in capsys.readouterr().err


def test_the_book_may_come_compressed(server):
    server.body, server.compressed = gzip.compress(BOOK), True
    assert corpora.find_text().is_time_machine


@pytest.mark.parametrize("part", ["headers", "redirect", "body"])
def test_what_is_too_slow_is_given_up_in_the_background_too(
    server, cache, monkeypatch, part
):
    monkeypatch.setattr(corpora, "PATIENCE", 0.1)
    monkeypatch.setattr(corpora, "TIME_LIMIT", 0.5)
    server.endless, server.trickle = part, True
    assert corpora.find_text().origin == "story"
    wait_for_downloads(10)
    assert left_in(cache) == []


def test_six_threads_offline_cost_one_attempt_and_one_line(server, capsys):
    server.status = 404
    together = threading.Barrier(6)

    def find(_):
        together.wait(10)
        return corpora.find_text()

    with ThreadPoolExecutor(6) as threads:
        assert {found.origin for found in threads.map(find, range(6))} == {"story"}
    assert server.visits == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


FETCH = """
import os, pathlib, signal, sys
from d2l_rnn import corpora
url, folder, sha1, fatal = sys.argv[1:]
corpora.MIRRORS, corpora.SHA1 = (url,), sha1
corpora.cache_dir = lambda: pathlib.Path(folder)
if fatal:
    os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
corpora.find_text()
"""


@pytest.fixture
def process(server, cache, tmp_path):
    """A function that starts another process, which fetches the text.

    If that is `fatal`, it is killed between writing the file and giving it its name.
    """
    (tmp_path / "temporary").mkdir()

    def start(fatal=""):
        own = {name: value for name, value in os.environ.items() if "D2L" not in name}
        return subprocess.Popen(
            [sys.executable, "-c", FETCH, server.url, cache, corpora.SHA1, fatal],
            env=own | {"TMPDIR": str(tmp_path / "temporary")},
        )

    return start


needs_sigkill = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="Windows cannot kill in this way"
)


@needs_sigkill
def test_a_process_killed_in_a_fetch_leaves_nothing(process, server, tmp_path):
    server.trickle, server.promised_length = True, 10_000
    server.released.clear()
    fetching = process()
    while fetching.poll() is None and server.visits == 0:
        time.sleep(0.02)
    time.sleep(0.2)  # some bytes have arrived
    fetching.kill()
    assert fetching.wait(10) == -signal.SIGKILL
    assert list((tmp_path / "temporary").iterdir()) == []
    assert left_in(tmp_path) == []


@needs_sigkill
def test_what_a_process_killed_while_writing_leaves_is_removed(process, cache):
    assert process(fatal="yes").wait(20) == -signal.SIGKILL
    (left,) = cache.iterdir()
    (cache / "mine.txt.part").write_bytes(BOOK)
    (cache / f"{corpora.FILE_NAME}.new.part").write_bytes(BOOK)  # another process's
    for path in (left, cache / "mine.txt.part"):
        os.utime(path, (0, 0))
    assert corpora.find_text().origin == "download"
    assert sorted(left_in(cache)) == [
        "mine.txt.part",
        corpora.FILE_NAME,
        f"{corpora.FILE_NAME}.new.part",
    ]


def test_a_cache_without_memory_to_write_it_leaves_the_story(
    server, monkeypatch, capsys
):
    def refuse(*args):
        raise MemoryError

    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert corpora.find_text().origin == "story"
    (line,) = capsys.readouterr().err.splitlines()
    assert "could not write to" in line and "MemoryError" in line


@pytest.mark.parametrize("place", [(Path, "mkdir"), (os, "replace")])
def test_a_full_disk_is_blamed_and_not_the_server(
    server, cache, monkeypatch, capsys, place
):
    def refuse(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*place, refuse)
    assert corpora.find_text().origin == "story"
    (line,) = capsys.readouterr().err.splitlines()
    assert f"could not write to {str(cache)!r}: No space left on device" in line
    assert "127.0.0.1" not in line
    assert server.visits == 1
    assert left_in(cache) == []


def test_a_disk_that_takes_only_a_part_is_blamed_and_nothing_left(
    server, cache, capsys
):
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(BOOK) // 2, before[1]))
    try:
        assert corpora.find_text().origin == "story"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    err = capsys.readouterr().err
    assert f"could not write to {str(cache)!r}: File too large" in err
    assert left_in(cache) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps users elsewhere")
def test_a_user_without_a_home_gets_the_story(server, tmp_path, monkeypatch, capsys):
    """Such as one whom a container invents: nothing is written to a folder "~"."""
    pwd = pytest.importorskip("pwd")
    monkeypatch.setattr(corpora, "cache_dir", CACHE_DIR)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {}["nobody of this number"])
    monkeypatch.chdir(tmp_path)
    assert corpora.find_text().origin == "story"
    assert "could not write to a cache: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [pytest.param("x" * 5000, id="a long name"), "a file/cache", "locked/cache"],
)
def test_a_cache_that_cannot_be_made_is_blamed(
    server, tmp_path, monkeypatch, capsys, name
):
    if name.startswith("locked") and (os.name == "nt" or os.geteuid() == 0):
        pytest.skip("root may write everywhere")
    (tmp_path / "a file").touch()
    (tmp_path / "locked").mkdir(mode=0o500)
    monkeypatch.setattr(corpora, "cache_dir", lambda: tmp_path / name)
    assert corpora.find_text().origin == "story"
    (line,) = capsys.readouterr().err.splitlines()
    assert "could not write to " in line and str(tmp_path) in line and len(line) < 1000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_a_pipe_in_the_cache_is_not_waited_for(server, cache):
    cache.mkdir()
    os.mkfifo(cache / corpora.FILE_NAME)
    assert corpora.find_text().origin == "download"
    assert corpora.find_text().is_time_machine


def test_a_cache_removed_meanwhile_is_filled_again(server, cache):
    corpora.find_text().path.unlink()
    assert corpora.find_text().is_time_machine
    assert server.visits == 2


@pytest.mark.parametrize("origin", ["download", "cache"])
@pytest.mark.parametrize(
    "content", [BOOK[:100], b"", BOOK + b"more"], ids=["cut", "empty", "longer"]
)
def test_a_cache_that_goes_bad_meanwhile_is_filled_again(
    server, cache, origin, content
):
    corpora.find_text()
    if origin == "cache":
        corpora.fetched_or_story.cache_clear()  # as in the next process
    found = corpora.find_text()
    assert found.origin == origin
    found.path.write_bytes(content)
    assert corpora.find_text().is_time_machine
    assert server.visits == 2
    server.status = 404
    found.path.write_bytes(content)
    assert corpora.find_text().origin == "story"


def test_a_file_that_vanishes_is_told(tmp_path):
    gone = corpora.TextFile(tmp_path / "gone.txt", "cache")
    with pytest.raises(ValueError, match="path must name a text file.*gone.txt"):
        gone.read()
    with pytest.raises(ValueError, match="path must name a text file.*gone.txt"):
        _ = gone.is_time_machine


def test_the_file_that_the_reader_names_must_be_there(tmp_path):
    with pytest.raises(ValueError, match="path must name a text file.*nowhere.txt"):
        corpora.find_text(tmp_path / "nowhere.txt")


def test_the_story_is_long_plain_and_about_a_time_traveller():
    story = corpora.TextFile(corpora.STORY_PATH, "story").read()
    assert 30_000 <= len(story.encode("utf-8")) <= 40_000
    assert story.isascii()
    assert " ".join(story.lower().split()).count("time traveller") >= 20


def test_the_size_is_that_of_the_book(time_machine):
    assert time_machine.stat().st_size == corpora.SIZE


def test_the_command_line_tells_by_its_status(monkeypatch, capsys, tmp_path, cache):
    monkeypatch.setenv(corpora.DATA_DIR_VARIABLE, str(tmp_path))
    (tmp_path / corpora.FILE_NAME).write_bytes(BOOK)
    assert corpora.main([]) == 0
    (tmp_path / corpora.FILE_NAME).write_bytes(b"another text")
    assert corpora.main([]) == 1
    assert capsys.readouterr().out.startswith("folder: ")


def run_corpora(folder, stdout=subprocess.PIPE, encoding="utf-8"):
    """The command line, where D2L_RNN_DATA_DIR is this folder with another text."""
    folder.mkdir(exist_ok=True)
    (folder / corpora.FILE_NAME).write_bytes(b"another text")
    here = {corpora.DATA_DIR_VARIABLE: str(folder), "PYTHONIOENCODING": encoding}
    return subprocess.run(
        [sys.executable, "-m", "d2l_rnn.corpora"], env={**os.environ, **here},
        stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


NOT_UNICODE = pytest.param(
    os.fsdecode(b"caf\xe9"), "utf-8", r"caf\udce9",
    marks=pytest.mark.skipif(sys.platform != "linux", reason="it is elsewhere"),
)  # fmt: skip


@pytest.mark.parametrize(
    "name, encoding, shown", [NOT_UNICODE, ("旅人", "ascii", r"\u65c5\u4eba")],
    ids=["not Unicode", "ascii"],
)  # fmt: skip
def test_the_command_line_shows_what_the_terminal_cannot(
    name, encoding, shown, tmp_path
):
    done = run_corpora(tmp_path / name, encoding=encoding)
    assert done.returncode == 1
    assert done.stdout.startswith("folder: ") and shown in done.stdout


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device")
def test_the_command_line_says_that_a_disk_is_full(tmp_path):
    with open("/dev/full", "wb") as full:
        done = run_corpora(tmp_path, full)
    told = "python -m d2l_rnn.corpora: No space left on device\n"
    assert done.returncode == 1 and done.stderr.endswith(told)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("argument, status", [("--help", 0), ("my.txt", 2)])
def test_the_command_line_takes_no_text(argument, status, capsys):
    with pytest.raises(SystemExit) as ended:
        corpora.main([argument])
    assert ended.value.code == status
    told = capsys.readouterr()
    assert "usage: python -m d2l_rnn.corpora [-h]" in told.out + told.err


def test_without_a_thread_to_fetch_it_there_is_the_story(monkeypatch, capsys, cache):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert corpora.find_text().origin == "story"
    assert "could not fetch it: can't start new thread" in capsys.readouterr().err


def test_a_mirror_that_is_no_address_is_told(monkeypatch, capsys, cache):
    monkeypatch.setattr(corpora, "MIRRORS", ("timemachine.txt",))
    assert corpora.find_text().origin == "story"
    assert "from timemachine.txt: MissingSchema" in capsys.readouterr().err


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
