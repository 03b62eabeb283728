"""What is solved: kept in one file of the reader's, drawn, and said in a line."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from d2l_rnn.exercises import check, drawing, helping, record

ALL = len(vars(check))  # exercises
NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))


def solve(*names):
    for name in names:
        solutions = helping.beside("solutions", getattr(check, name).notebook)
        assert getattr(check, name)(getattr(solutions, name)).is_right


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Where the record is kept meanwhile: nothing is there yet."""
    monkeypatch.setenv("D2L_RNN_PROGRESS", "")
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    path = tmp_path / "folder" / "progress.json"
    monkeypatch.setattr(record, "file", lambda: path)
    monkeypatch.setattr(record, "RECORD", record.Record())
    return path


@pytest.fixture
def another_kernel(monkeypatch):
    """As after a restart: what is in memory is gone."""
    return lambda: monkeypatch.setattr(record, "RECORD", record.Record())


def test_what_is_solved_is_there_in_another_kernel(file, another_kernel):
    solve("put_back", "extend_line", "put_back")
    another_kernel()
    assert check.standing("00") == "Exercises solved so far: ● ○ ● ○ ○ (2 of 5)"
    assert check.standing("07") == "Exercises solved so far: ○ ○ ○ ○ ○ ○ ○"
    solve("sine_weights")
    assert json.loads(file.read_text(encoding="utf-8")) == {
        "solved": ["extend_line", "put_back", "sine_weights"]
    }
    assert [each.name for each in file.parent.iterdir()] == ["progress.json"]


def test_only_a_right_answer_counts(file):
    check.put_back(...)
    check.put_back(lambda shuffled, order: shuffled)
    assert not file.exists()
    assert check.standing("00") == "Exercises solved so far: ○ ○ ○ ○ ○"


def test_names_of_another_version_stay(file):
    file.parent.mkdir()
    file.write_text('{"solved": ["of_tomorrow"]}', encoding="utf-8")
    solve("put_back")
    assert json.loads(file.read_text(encoding="utf-8"))["solved"] == [
        "of_tomorrow", "put_back"
    ]  # fmt: skip
    assert f"1 of {ALL}" in check.progress().alt


def test_many_may_write_at_the_same_time(file):
    names = {f"exercise_{i}" for i in range(40)}

    def kernel(first):
        one = record.Record()
        for i in range(first, 40, 8):
            one.add(f"exercise_{i}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(kernel, range(8)))
    assert record.Record().solved() == names


def test_what_a_killed_kernel_has_left_is_no_obstacle(file, monkeypatch, capsys):
    monkeypatch.setattr(record, "PATIENCE", 0.05)
    file.parent.mkdir()
    file.with_suffix(".part").write_text("{", encoding="utf-8")
    solve("put_back")
    assert record.Record().solved() == {"put_back"}
    assert [each.name for each in file.parent.iterdir()] == ["progress.json"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("value", ["off", "OFF", " off ", "no", "0"])
def test_the_environment_can_say_no(file, monkeypatch, value):
    solve("put_back")
    before = file.read_bytes()
    monkeypatch.setenv("D2L_RNN_PROGRESS", value)
    monkeypatch.setattr(record, "RECORD", record.Record())
    assert check.standing("00").endswith("○ ○ ○ ○ ○")
    solve("extend_line")
    assert "1 of 5" in check.standing("00")  # as long as the kernel lives
    assert file.read_bytes() == before


def test_keep_false_removes_the_file_and_writes_no_other(file):
    solve("put_back")
    assert f"0 of {ALL}" in check.progress(keep=False).alt
    solve("put_back")
    assert not file.exists() and f"1 of {ALL}" in check.progress().alt
    check.progress(keep=True)
    assert record.Record().solved() == {"put_back"}


def test_it_removes_the_file_also_where_the_environment_says_no(file, monkeypatch):
    solve("put_back")
    monkeypatch.setenv("D2L_RNN_PROGRESS", "off")
    check.progress(keep=False)
    assert not file.exists()


def test_the_notebooks_of_solutions_solve_nothing(file, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/solutions/00-start-here.ipynb")
    solve("put_back")
    assert not file.exists()


DAMAGED = [
    b"", b"{", b"\xff\xfe", b"[]", b"{}", b'{"solved": 3}', b'{"solved": [1]}', b"null",
    b"[" * 100_000, b'{"solved": "put_back"}',
]  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_said_and_begins_anew(file, content, capsys):
    file.parent.mkdir()
    file.write_bytes(content)
    assert f"0 of {ALL}" in check.progress().alt
    (line,) = capsys.readouterr().err.splitlines()
    assert "begins anew (it is damaged)" in line and str(file) in line
    solve("put_back")
    assert record.Record().solved() == {"put_back"}
    assert capsys.readouterr().err == ""


def test_a_folder_that_cannot_be_written_is_said_once(file, capsys):
    file.parent.write_text("in the way", encoding="utf-8")
    solve("put_back", "extend_line")
    (line,) = capsys.readouterr().err.splitlines()
    assert "could not be kept" in line and "D2L_RNN_PROGRESS=off" in line
    assert "2 of 5" in check.standing("00")


def test_a_folder_in_place_of_the_file_is_left_alone(file, capsys):
    file.mkdir(parents=True)
    solve("put_back")
    check.progress(keep=False)
    assert file.is_dir() and "it is a folder" in capsys.readouterr().err


def test_a_user_without_a_home_can_solve_all_the_same(file, monkeypatch, capsys):
    def homeless():
        raise RuntimeError("could not determine home directory")

    monkeypatch.setattr(record, "file", homeless)
    solve("put_back")
    check.progress(keep=False)
    assert "could not determine home directory" in capsys.readouterr().err


def test_the_file_is_in_the_users_folder_for_data(monkeypatch, tmp_path):
    platformdirs = pytest.importorskip("platformdirs")
    folder = Path(platformdirs.user_data_dir("d2l_rnn"))
    assert record.file() == folder / "progress.json"


def test_the_picture_says_in_words_what_it_shows(file):
    solve("put_back", "extend_line", "sine_weights")
    picture = check.progress()
    assert picture.alt.startswith(
        f"Exercises solved, 3 of {ALL}. By notebook: 00, 2 of 5; 01, 1 of 5; 02, 0"
    )
    (axes,) = picture.axes
    ticks = [text for text in axes.texts if text.get_text() == "✓"]
    assert len(ticks) == 3 and len(axes.patches) == len(axes.texts) == ALL
    assert [text.get_position() for text in ticks] == [(0, 0), (2, 0), (3, 1)]


def test_each_notebook_has_its_name_in_the_picture():
    assert sorted(drawing.TITLES) == [path.name[:2] for path in NOTEBOOKS]


@pytest.mark.parametrize("notebook", ["3", 3, "10", "", None, [], "03-text"])
def test_standing_is_for_a_notebook_of_the_course(notebook):
    with pytest.raises(ValueError, match="notebook must be one of '00', '01'"):
        check.standing(notebook)


@pytest.mark.parametrize("keep", ["off", 0, "no", 1.0])
def test_keep_is_true_or_false(file, keep):
    solve("put_back")
    with pytest.raises(ValueError, match="keep must be True or False"):
        check.progress(keep=keep)
    assert file.exists()
