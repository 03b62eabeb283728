"""Files that are missing, never end, or are not text: told by name, and at once."""

import codecs
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn.checks import files


class Nameless:
    """What is no path, and cannot be shown."""

    def __repr__(self):
        raise RuntimeError("no repr")


@pytest.fixture
def written(tmp_path):
    """A function that writes a file of those bytes, and gives its path."""

    def write(content):
        file = tmp_path / "mine.txt"
        file.write_bytes(content)
        return file

    return write


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("nowhere.txt", "No such file"),
        ("~nobody-of-this-name/x.txt", "home directory"),
        pytest.param("x" * 5000, "name too long", id="a long name"),
        (".", "it is a folder"),
        ("", "it is a folder"),
        ("a\0b", "null"),
        ("\ud800.txt", "surrogates"),
        (os.devnull, "not a regular file"),
        (5, "int"),
        (b"mine.txt", "bytes"),
        (["mine.txt"], "list"),
        (Nameless(), "a Nameless: .*Nameless"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows says it in other words")
def test_a_path_that_leads_to_no_file(path, reason):
    with pytest.raises(
        ValueError, match=f"(?s)path must name a text.*{reason}"
    ) as told:
        files.read_text(path)
    str(told.value).encode("utf-8")  # it can be shown anywhere
    assert len(str(told.value)) < 1000
    with pytest.raises(ValueError, match=reason):
        files.existing(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_never_ends_is_not_read(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for endless in (pipe, "/dev/zero"):
        with pytest.raises(ValueError, match="it is not a regular file"):
            files.read_text(endless)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads all")
def test_a_file_of_somebody_else(written):
    file = written(b"secret")
    file.chmod(0)
    with pytest.raises(ValueError, match="mine.txt': Permission denied"):
        files.existing(file)


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="only on Linux")
def test_a_disk_that_fails():
    """No file at hand fails when it is read, save this one."""
    with pytest.raises(ValueError, match="/proc/self/mem': Input/output error"):
        files.read_text("/proc/self/mem")


def test_a_file_that_is_not_utf8_is_told_where(written):
    latin = "un café".encode("latin-1")
    with pytest.raises(ValueError, match="mine.txt', whose byte 6 is not.*as UTF-8"):
        files.read_text(written(latin))
    with pytest.raises(ValueError, match="whose byte 9 is not"):
        files.read_text(written(codecs.BOM_UTF8 + latin))


@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize("order", ["le", "be"])
def test_other_encodings_are_named(written, size, order):
    mark = getattr(codecs, f"BOM_UTF{size}_{order.upper()}")
    content = "The Time Machine".encode(f"utf-{size}-{order}")
    with pytest.raises(ValueError, match=f"in UTF-{size}; save it as UTF-8 first"):
        files.read_text(written(mark + content))
    with pytest.raises(ValueError, match="whose byte . is 0.*save it as UTF-8 first"):
        files.read_text(written(content))


@pytest.mark.parametrize(
    "binary",
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\3\4\x14\0", b"\x1f\x8b\x08\0", b"a\0"],
)
def test_a_binary_file_is_refused(written, binary):
    with pytest.raises(ValueError, match="path must name a text file in UTF-8.*mine"):
        files.read_text(written(binary))


@pytest.mark.parametrize("content", [b"", b" \n\t\n", codecs.BOM_UTF8])
def test_an_empty_file_is_told(written, content):
    with pytest.raises(ValueError, match="empty"):
        files.read_text(written(content))


def test_a_byte_order_mark_is_no_part_of_the_text(written):
    assert files.read_text(written("时间".encode("utf-8-sig"))) == "时间"


def test_lines_end_alike_on_all_systems(written):
    assert files.read_text(written(b"a\r\nb\rc\nd")) == "a\nb\nc\nd"


@pytest.fixture(scope="module")
def anywhere(tmp_path_factory):
    """A path to write to again and again."""
    return tmp_path_factory.mktemp("any") / "any.txt"


@given(
    text=st.text(st.characters(exclude_characters="\0\r", codec="utf-8"), min_size=1)
)
def test_any_text_in_utf8_is_read_as_it_is(anywhere, text):
    anywhere.write_bytes(f"1{text}".encode())
    assert files.read_text(anywhere) == f"1{text}"


@given(content=st.binary())
def test_any_file_is_read_or_refused_by_name(anywhere, content):
    anywhere.write_bytes(content)
    try:
        assert "\0" not in files.read_text(anywhere)
    except ValueError as error:
        assert not isinstance(error, UnicodeError)
        assert "path must name" in str(error) and "any.txt" in str(error)
