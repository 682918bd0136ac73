import pytest

from zoo.files import sha256, whole_file, whole_folder, write_text


def test_a_file_appears_only_when_whole(tmp_path):
    path = tmp_path / "deep" / "figures.weights.h5"
    with whole_file(path) as temporary:
        assert temporary.name.endswith(".weights.h5")
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "figures.txt"
    write_text(path, "old")

    def write():
        with whole_file(path) as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="full"):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_appears_only_when_whole(tmp_path):
    path = tmp_path / "folder"

    def write():
        with whole_folder(path) as temporary:
            (temporary / "half").write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="full"):
        write()
    assert list(tmp_path.iterdir()) == []
    with whole_folder(path) as temporary:
        (temporary / "file").write_text("whole")
    assert [p.name for p in path.iterdir()] == ["file"]


def test_sha256(tmp_path):
    write_text(tmp_path / "abc", "abc")  # FIPS 180-2, appendix B.1.
    assert sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")
