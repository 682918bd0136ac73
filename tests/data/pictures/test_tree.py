import os
import socket
import sys

import pytest

from tests.data.written_photos import photo, write_photos
from zoo.data.folders.tree import scan
from zoo.data.pictures.decode import KINDS
from zoo.data.pictures.folder import PICTURES, find_photos

FORMATS = {
    "jfif": "JPEG", "jpe": "JPEG", "pic": "PNG", "tmp": "GIF", "dib": "BMP", "": "WEBP",
    "scan": "TIFF", "avi": "AVIF", "photo": "HEIF",
}  # fmt: skip


@pytest.fixture
def colours(tmp_path):
    return write_photos(tmp_path / "colours", {"red": 3, "blue": 3})


def names(folder):
    top, left_out = scan(folder, PICTURES)
    pictures = {str(path.relative_to(folder)) for path in top.below()}
    return pictures, {
        reason: {str(path.relative_to(folder)) for path in paths}
        for reason, paths in left_out.reasons.items()
    }


def test_pictures_are_known_by_their_first_bytes(tmp_path):
    for number, (suffix, kind) in enumerate(FORMATS.items()):
        photo("red", 0).save(tmp_path / f"{number}.{suffix}", kind)
    photo("red", 0).save(tmp_path / "9.JPE", "JPEG")
    photo("red", 0).save(tmp_path / "icon.ico", "ICO")
    (tmp_path / "letter.doc").write_bytes(b"BM is how this text starts, and it is no picture")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "broken.jpg").write_bytes(b"")  # Called a picture: told when it is decoded.
    pictures, left_out = names(tmp_path)
    assert pictures == {
        *(f"{number}.{suffix}" for number, suffix in enumerate(FORMATS)), "9.JPE", "broken.jpg",
    }  # fmt: skip
    assert left_out == {f"no {KINDS} files": {"icon.ico", "letter.doc", "empty"}}


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("@eaDir/000.png/SYNOPHOTO_THUMB_XL.jpg", True),
        ("red/@eaDir/000.png/SYNOPHOTO_THUMB_M.jpg", True),
        ("$RECYCLE.BIN/S-1-5-21/a.jpg", True),
        ("System Volume Information/a.jpg", True),
        ("#recycle/a.jpg", True),
        ("@Recycle/red/a.jpg", True),
        ("lost+found/a.jpg", True),
        ("__macosx/red/a.jpg", True),
        (".thumbnails/a.jpg", True),
        ("recycle/a.jpg", False),
        ("eaDir/a.jpg", False),
        ("lost and found/a.jpg", False),
        ("#1/a.jpg", False),
        ("@home/a.jpg", False),
        ("red/thumbs/a.jpg", False),
    ],
)
def test_what_a_system_keeps_is_no_data(colours, name, left_out):
    (colours / name).parent.mkdir(parents=True, exist_ok=True)
    photo("red", 0).save(colours / name)
    pictures, others = names(colours)
    assert others == {}
    assert pictures - {name} == {
        f"{label}/00{n}.png" for label in ("red", "blue") for n in range(3)
    }
    assert (name in pictures) is not left_out


@pytest.mark.parametrize("suffix", ["NEF", "cr2", "dng", "ARW"])
def test_the_thumbnail_in_a_raw_photo_is_no_second_picture(colours, suffix):
    for path in colours.glob("*/*.png"):
        photo("red", 0, (12, 16)).save(path.with_suffix(f".{suffix}"), "TIFF")
    photo("red", 1).save(colours / "red" / "scan.raw1", "TIFF")  # Its bytes decide.
    encoded = find_photos(colours)
    assert sum(map(len, encoded.pictures.values())) == 7
    assert encoded.notes == (f"left out, since they are no {KINDS} files: 6 .{suffix.lower()}",)


def test_linked_folders_are_read_once_and_circles_end(colours, tmp_path):
    elsewhere = write_photos(tmp_path / "disk", {"red": 2})
    (elsewhere / "red" / "up").symlink_to(tmp_path)  # Out of the link, and above all.
    (colours / "red" / "aa").symlink_to(elsewhere / "red")
    (colours / "red" / "again").symlink_to(elsewhere / "red")
    (colours / "red" / "circle").symlink_to(colours / "red")
    (colours / "blue" / "0_red").symlink_to(colours / "red")  # Sorted before what it leads to.
    (colours / "blue" / "top").symlink_to(colours)
    (colours / "blue" / "file.png").symlink_to(elsewhere / "red" / "000.png")
    pictures, left_out = names(colours)
    assert pictures == {
        *(f"{label}/00{n}.png" for label in ("red", "blue") for n in range(3)),
        "red/aa/000.png", "red/aa/001.png", "blue/file.png",
    }  # fmt: skip
    assert left_out == {
        "links to folders that are read already or lie above them": {
            "red/again", "red/circle", "red/aa/up", "blue/0_red", "blue/top",
        }
    }  # fmt: skip
    assert find_photos(colours).labels == ("blue", "red")


def test_a_class_may_be_a_link(colours, tmp_path):
    write_photos(tmp_path / "disk", {"green": 4})
    (colours / "green").symlink_to(tmp_path / "disk" / "green")
    (colours / "olive").symlink_to(tmp_path / "disk" / "green")
    encoded = find_photos(colours)
    assert encoded.labels == ("blue", "green", "red")
    assert encoded.notes == (
        "left out, since they are links to folders that are read already or lie above them: "
        f"{colours}/olive",
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no such files")
def test_only_regular_files_are_read(colours):
    os.mkfifo(colours / "red" / "pipe.jpg")
    os.mkfifo(colours / "red" / "pipe")
    (colours / "red" / "zero.png").symlink_to("/dev/zero")
    (colours / "red" / "gone.jpg").symlink_to("no/such/file.jpg")
    (colours / "red" / "self").symlink_to("self")
    (colours / "red" / "pipes").symlink_to("pipe.jpg")
    pictures, left_out = names(colours)
    assert len(pictures) == 6
    assert left_out == {
        "links to nothing": {"red/gone.jpg", "red/self"},
        "pipes, sockets or devices": {"red/pipe", "red/pipe.jpg", "red/pipes", "red/zero.png"},
    }
    notes = find_photos(colours).notes
    assert f"links to nothing: {colours}/red/gone.jpg, {colours}/red/self" in notes[0]


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no such files")
def test_a_socket_is_left_out(colours, monkeypatch):
    monkeypatch.chdir(colours)  # A socket's path may have 107 letters.
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("red/socket.jpg")
        assert names(colours)[1] == {"pipes, sockets or devices": {"red/socket.jpg"}}


def test_many_kinds_are_counted(colours):
    for number in range(9):
        for suffix in "abcdefgh"[: 9 - number]:
            (colours / "red" / f"{number}.{suffix}").write_text("x")
    (note,) = find_photos(colours).notes
    assert note.endswith(": 9 .a, 8 .b, 7 .c, 6 .d, 5 .e, 4 .f, 5 others")
