import contextlib
import dataclasses
import errno
import io
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from zoo.data.pictures import decode as module
from zoo.data.pictures.decode import (
    BrokenPictureError,
    decode_picture,
    is_picture,
    open_picture,
    picture_size,
)
from zoo.data.pictures.room import Room
from zoo.forms import Picture

FORM = Picture(shape=(32, 32, 3), mean=(), std=())
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def encoded(picture, form="PNG", **options):
    content = io.BytesIO()
    picture.save(content, form, **options)
    return content.getvalue()


def halves(mode="RGB", left=RED, right=BLUE):
    """32×32: the left half of one colour, the right of another."""
    picture = Image.new(mode, (32, 32), left)
    picture.paste(right, (16, 0, 32, 32))
    return picture


def with_key():
    picture = halves("P", 0, 1)
    picture.putpalette([*RED, *BLUE])
    return picture


CMYK = Image.merge("CMYK", [Image.new("L", (32, 32), value) for value in (0, 255, 255, 0)])
DEEP = Image.fromarray(np.tile(np.repeat([0, 257 * 128], 16), (32, 1)).astype(np.uint16))


def bmp_with_alpha(right):
    """A BMP with a V4 header and a fourth byte: 0 on the left, `right` on the right."""
    pixels = np.dstack([np.asarray(halves())[::-1, :, ::-1], np.zeros((32, 32), np.uint8)])
    pixels[:, 16:, 3] = right
    size, masks = pixels.nbytes, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = struct.pack("<IiiHHIIiiII", 108, 32, 32, 1, 32, 3, size, 2835, 2835, 0, 0)
    head += struct.pack("<4I", *masks) + b"BGRs" + bytes(48)
    return b"BM" + struct.pack("<IHHI", 122 + size, 0, 0, 122) + head + pixels.tobytes()


CASES = {
    "grey": (encoded(halves("L", 10, 200)), (10, 10, 10), (200, 200, 200)),
    "grey JPEG": (encoded(halves("L", 10, 200), "JPEG"), (10, 10, 10), (200, 200, 200)),
    "one bit": (encoded(halves("1", 0, 1)), (0, 0, 0), WHITE),
    "16 bits": (encoded(DEEP), (0, 0, 0), (128, 128, 128)),
    "alpha": (encoded(halves("RGBA", (*RED, 255), (*BLUE, 0))), RED, WHITE),
    "half alpha": (encoded(halves("RGBA", (*RED, 128), (*BLUE, 255))), (255, 127, 127), BLUE),
    "grey with alpha": (encoded(halves("LA", (90, 255), (90, 0))), (90, 90, 90), WHITE),
    "palette": (encoded(with_key()), RED, BLUE),
    "palette with a transparent colour": (encoded(with_key(), transparency=1), RED, WHITE),
    "GIF": (encoded(with_key(), "GIF"), RED, BLUE),
    "BMP": (encoded(halves(), "BMP"), RED, BLUE),
    "BMP without the alpha that it says": (bmp_with_alpha(0), RED, BLUE),
    "BMP with alpha": (bmp_with_alpha(255), WHITE, BLUE),
    "PNG that is transparent all over": (
        encoded(halves("RGBA", (*RED, 0), (*BLUE, 0))),
        WHITE,
        WHITE,
    ),
    "WebP": (encoded(halves(), "WEBP", lossless=True), RED, BLUE),
    "JPEG": (encoded(halves(), "JPEG", quality=98), RED, BLUE),
    "TIFF": (encoded(halves(), "TIFF", compression="tiff_lzw"), RED, BLUE),
    "TIFF of 16 bits": (encoded(DEEP, "TIFF"), (0, 0, 0), (128, 128, 128)),
    "AVIF": (encoded(halves(), "AVIF", quality=100, subsampling="4:4:4"), RED, BLUE),
    "HEIC": (encoded(halves(), "HEIF", quality=-1, chroma=444), RED, BLUE),
    "CMYK": (encoded(CMYK, "JPEG", quality=98), RED, RED),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_seen(case):
    content, left, right = CASES[case]
    pixels = decode_picture(content, FORM)
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8
    # JPEG is off by a little, and mixes colours where they meet.
    np.testing.assert_allclose(pixels[16, 4], left, atol=4)
    np.testing.assert_allclose(pixels[16, 28], right, atol=4)


# Orientation: where the red half of the stored picture is to be seen.
TURNED = {
    1: "left",
    2: "right",
    3: "right",
    4: "left",
    5: "top",
    6: "top",
    7: "bottom",
    8: "bottom",
}


@pytest.mark.parametrize("orientation", TURNED)
def test_exif_turns_it_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.asarray(open_picture(encoded(halves(), "PNG", exif=exif)).convert("RGB"))
    sides = {
        "left": pixels[8:24, 2], "right": pixels[8:24, 29],
        "top": pixels[2, 8:24], "bottom": pixels[29, 8:24],
    }  # fmt: skip
    assert [name for name, side in sides.items() if (side == RED).all()] == [TURNED[orientation]]


def of_exif(*rows):
    """A JPEG, red on its left, with EXIF rows of (tag, type, count, bytes of the value)."""
    after, extra, body = 14 + 12 * len(rows), b"", b""
    for tag, kind, count, value in sorted(rows):
        if len(value) > 4:
            value, extra = struct.pack("<I", after + len(extra)), extra + value
        body += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(rows)) + body + b"\0" * 4 + extra
    content = encoded(halves(), "JPEG", quality=98)
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:]


TURN = (0x112, 3, 1, struct.pack("<HH", 6, 0))
ODD_TAGS = {
    "no other": [],
    "artist as a float": [(0x13B, 12, 1, struct.pack("<d", 1.5))],
    "software as a rational": [(0x131, 5, 1, struct.pack("<II", 3, 2))],
    "resolution as text": [(0x11A, 2, 7, b"72 dpi\0")],
    "unit of 72000": [(0x128, 4, 1, struct.pack("<I", 72000))],
    "date as bytes": [(0x132, 7, 4, b"\xff\xfe\xfd\xfc")],
    "division by zero": [(0x11A, 5, 1, struct.pack("<II", 1, 0))],
    "a type that there is not": [(0x10F, 99, 1, b"abcd")],
    "GPS at a place that there is not": [(0x8825, 4, 1, struct.pack("<I", 10**6))],
    "a description outside the file": [(0x10E, 2, 10**8, b"abcd")],
}


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.parametrize("case", ODD_TAGS)
def test_an_odd_tag_is_no_fault_of_the_picture(case):
    pixels = np.asarray(open_picture(of_exif(TURN, *ODD_TAGS[case])))
    np.testing.assert_allclose(pixels[[3, 28], 16], [RED, BLUE], atol=9)  # Red is on top.


@pytest.mark.parametrize(
    "row",
    [
        (0x112, 2, 2, b"6\0"),
        (0x112, 3, 1, struct.pack("<HH", 9, 0)),
        (0x112, 5, 1, struct.pack("<II", 6, 0)),
    ],
    ids=["text", "9", "6/0"],
)
def test_an_odd_orientation_is_none(row):
    pixels = np.asarray(open_picture(of_exif(row)))
    np.testing.assert_allclose(pixels[16, [3, 28]], [RED, BLUE], atol=9)


TEXT = "x" * 2_000_000


def with_texts(*texts):
    info = PngImagePlugin.PngInfo()
    for add, options in texts:
        getattr(info, add)("XML:com.adobe.xmp", TEXT, **options)
    return encoded(halves(), pnginfo=info)


def with_text_last():
    """A PNG whose long text stands after the pixels."""
    content = encoded(halves())
    chunk = b"zTXtComment\0\0" + zlib.compress(TEXT.encode())
    tail = content.index(b"IEND") - 4
    size, check = struct.pack(">I", len(chunk) - 4), struct.pack(">I", zlib.crc32(chunk))
    return content[:tail] + size + chunk + check + content[tail:]


@pytest.mark.parametrize(
    "content",
    [
        with_texts(("add_itxt", {"zip": True})),
        with_texts(("add_text", {"zip": True})),
        with_texts(("add_text", {"zip": False}), ("add_itxt", {"zip": True})),
        with_text_last(),
    ],
    ids=["iTXt", "zTXt", "two", "after the pixels"],
)
def test_long_texts_in_a_png_are_passed_over(content):
    assert picture_size(content) == (32, 32)
    np.testing.assert_array_equal(decode_picture(content, FORM), np.asarray(halves()))


def test_pictures_share_the_room_that_there_is(monkeypatch):
    room = Room(64 * 64 * 30)
    held = []

    @contextlib.contextmanager
    def watched(amount):
        with room.taken(amount):
            held.append(room.free)
            yield

    monkeypatch.setattr(module, "ROOM", SimpleNamespace(taken=watched))
    with ThreadPoolExecutor(4) as pool:
        shapes = {p.shape for p in pool.map(lambda _: decode_picture(PNG, FORM), range(12))}
    assert shapes == {(32, 32, 3)}
    assert len(held) == 12
    assert min(held) >= 64 * 64 * 6  # Two of 12 bytes a pixel at once, no third.
    assert room.free == 64 * 64 * 30


def test_what_needs_more_than_all_waits_until_it_is_alone():
    room = Room(10)
    with room.taken(25):
        assert room.free == 0
    with room.taken(4), room.taken(6):
        assert room.free == 0
    assert room.free == 10


def test_too_many_pixels_are_named_by_the_head():
    head = struct.pack(">II5B", 30_000, 30_000, 16, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    content = PNG[:8] + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    with pytest.raises(BrokenPictureError, match="it has more than 179 million pixels"):
        decode_picture(content + PNG[33:], FORM)


def test_a_strip_is_not_scaled_to_more_than_memory_holds():
    form = dataclasses.replace(FORM, resize=256)
    with pytest.raises(BrokenPictureError, match="its 1×9000 pixels are too long a strip"):
        decode_picture(encoded(Image.new("L", (1, 9000))), form)
    assert decode_picture(encoded(Image.new("L", (1, 50))), form).shape == (32, 32, 3)
    assert decode_picture(encoded(Image.new("L", (1, 9000))), FORM).shape == (32, 32, 3)


def test_16_bits_are_read_strip_by_strip(monkeypatch):
    deep = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16
    whole = np.asarray(open_picture(encoded(Image.fromarray(deep))))
    np.testing.assert_array_equal(whole, (deep / 257).round())
    monkeypatch.setattr(module, "_STRIP", 640)
    np.testing.assert_array_equal(np.asarray(open_picture(encoded(Image.fromarray(deep)))), whole)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no such files")
def test_what_is_no_regular_file_is_broken_and_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path):
        with pytest.raises(BrokenPictureError, match="it is no regular file"):
            decode_picture(Path(path), FORM)
        assert picture_size(Path(path)) is None
    with pytest.raises(BrokenPictureError, match="there is no such file"):
        decode_picture(tmp_path / "gone", FORM)
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(BrokenPictureError, match=r"it has 2\.0 GiB, at most 1 is read"):
        decode_picture(tmp_path / "large.png", FORM)


def test_an_error_of_the_disk_is_not_the_pictures(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(PNG)

    def fail(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(OSError, match="Input/output error") as caught:
        decode_picture(tmp_path / "a.png", FORM)
    assert not isinstance(caught.value, BrokenPictureError)


def test_an_animation_gives_its_first_picture():
    frames = [Image.new("RGB", (32, 32), colour) for colour in (RED, BLUE)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (decode_picture(content, FORM) == RED).all()


JPEG = encoded(Image.effect_noise((64, 64), 90).convert("RGB"), "JPEG")
PNG = encoded(Image.effect_noise((64, 64), 90).convert("RGB"))
HEIC = encoded(Image.effect_noise((64, 64), 90).convert("RGB"), "HEIF")
AVIF = encoded(Image.effect_noise((64, 64), 90).convert("RGB"), "AVIF")
BROKEN = {
    "empty": (b"", "the file is empty"),
    "text": (b"not a picture", "not a JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF or HEIC picture"),
    "cut JPEG": (JPEG[: len(JPEG) // 2], "truncated"),
    "cut PNG": (PNG[: len(PNG) // 2], "truncated"),
    "PNG with a broken chunk": (PNG[:60] + b"\xff" * 8 + PNG[68:], "broken data stream"),
    "a format that is not ours": (encoded(halves(), "ICO"), "not a JPEG"),
    "cut HEIC": (HEIC[: len(HEIC) // 2], "."),
    "cut AVIF": (AVIF[: len(AVIF) // 2], "."),
    "TIFF of fractions": (encoded(Image.new("F", (9, 9)), "TIFF"), "its pixels are fractions"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_say_why(case):
    content, reason = BROKEN[case]
    with pytest.raises(BrokenPictureError, match=reason) as caught:
        decode_picture(content, FORM)
    assert str(caught.value)


def test_a_heic_photo_names_what_is_missing(monkeypatch):
    monkeypatch.setattr(module, "HEIF", False)
    monkeypatch.setattr(module, "FORMATS", tuple(f for f in module.FORMATS if f != "HEIF"))
    assert is_picture(io.BytesIO(HEIC))
    with pytest.raises(BrokenPictureError, match=r"HEIC photo, .*\(pip install pillow-heif"):
        decode_picture(HEIC, FORM)


def test_a_file_and_its_size(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(halves().resize((40, 20))))
    assert picture_size(path) == (20, 40)
    assert picture_size(b"no") is None
    assert decode_picture(path, FORM).shape == (32, 32, 3)
