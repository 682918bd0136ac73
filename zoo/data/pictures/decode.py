"""Decodes picture files: upright, in 8 bits, transparency on white."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import io
import os
import stat
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

# Each import registers a format. Pillow would do so at the first picture, which threads must not.
from PIL import (  # noqa: F401
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from zoo.data.pictures.png import without_text
from zoo.data.pictures.prepare import prepare_picture
from zoo.data.pictures.room import Room
from zoo.errors import RequestError
from zoo.forms import Picture

HEIF = importlib.util.find_spec("pillow_heif") is not None
if HEIF:
    import pillow_heif

    pillow_heif.register_heif_opener()

# For messages.
KINDS = "JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF or HEIC"
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", *(["HEIF"] if HEIF else []))
_SIGNATURES = (
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"
)  # fmt: skip
# What follows the size and "ftyp" (ISO/IEC 23008-12, annex B).
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # Possible sizes of the header, in bytes.

# Pillow warns of odd tags, and of many pixels, whose memory `ROOM` limits. Broken files raise.
warnings.filterwarnings("ignore", module=r"PIL\.")
MOST_PIXELS = 178_956_970  # Pillow's own limit, twice `Image.MAX_IMAGE_PIXELS`.
MOST_BYTES = 2**30  # Size of a file.
_BYTES_OF_A_PIXEL = 8  # Four in the file's picture, and four in the one as it is seen.
ROOM = Room(2**30)  # Bytes that pictures take while they are decoded, all threads together.
_STRIP = 2**20  # Pixels that are converted to 8 bits, or laid on white, at a time.
# The C library gives freed blocks of 64 MiB back to the system at once. Of Pillow's own blocks of
# 16 MiB it would keep some for each thread.
Image.core.set_block_size(2**26)  # type: ignore[attr-defined]  # Not among those exported.

_WHITE = 65_535  # The brightest value of 16 bits.
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class BrokenPictureError(RequestError):
    """A file is no picture, or a damaged one. The message is only the reason."""


def decode_picture(source: Path | bytes, form: Picture) -> np.ndarray:
    """Returns a picture file in the form that a model takes.

    Args:
        source: The file or its bytes, of one of `KINDS`; of several pictures the first counts.
        form: Size, crop and interpolation, see `zoo.data.pictures.prepare.prepare_picture`.

    Returns:
        (height, width, channels), uint8.

    Raises:
        BrokenPictureError: It cannot be decoded completely.
        RequestError: The file may not be read.
        OSError: The disk cannot be read.
    """
    with _decoded(source) as picture:
        # If a thin strip's shorter side is scaled to 256 pixels, the longer one may get millions.
        if form.resize and form.resize**2 * max(picture.size) / min(picture.size) > MOST_PIXELS:
            raise BrokenPictureError(
                f"its {picture.width}×{picture.height} pixels are too long a strip to be scaled"
            )
        return prepare_picture(picture, form)


def open_picture(source: Path | bytes) -> Image.Image:
    """Returns a picture file decoded: mode RGB or L, 8 bits, upright, transparency on white.

    Raises:
        BrokenPictureError: It cannot be decoded completely.
        RequestError: The file may not be read.
        OSError: The disk cannot be read.
    """
    with _decoded(source) as picture:
        return picture


def picture_size(source: Path | bytes) -> tuple[int, int] | None:
    """Returns (height, width) from the head of a file; None if that does not hold it."""
    try:
        with _opened(source) as file:
            size = _size(file)
            if size is None and (plain := without_text(file)) is not None:
                size = _size(plain)
            return size
    except BrokenPictureError:
        return None


def brightest(source: Path | bytes) -> float | None:
    """Returns the brightest pixel of a 16-bit picture, from 0 to 1; None: 8 bits, or broken."""
    try:
        with _opened(source) as file, Image.open(file, formats=FORMATS) as picture:
            if not picture.mode.startswith("I") or picture.width * picture.height > MOST_PIXELS:
                return None
            return float(np.asarray(picture).max()) / _WHITE
    except (MemoryError, RequestError):
        raise
    except Exception:  # noqa: BLE001 - as in `_load`.
        return None


def read_picture(path: Path) -> bytes:
    """Returns the bytes of a file.

    Raises:
        BrokenPictureError: It is no regular file, or too large for a picture.
        RequestError: It may not be read.
    """
    with open_regular(path) as file:
        return file.read()


def is_picture(file: BinaryIO) -> bool:
    """Returns whether a file starts like one of `KINDS`."""
    head = file.read(18)
    return (
        head.startswith(_SIGNATURES)
        or (head[4:8] == b"ftyp" and head[8:12] in _AVIF_BRANDS + _HEIF_BRANDS)
        or (head[:4], head[8:12]) == (b"RIFF", b"WEBP")
        # A text may start with "BM" too.
        or (head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS)
    )


@contextlib.contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Opens a file, unless it is a pipe, a socket or a device, which might never end.

    Raises:
        BrokenPictureError: It is one of these, missing, or too large for a picture.
        RequestError: It may not be read.
    """
    try:
        # Without this, a pipe that nobody writes to would block.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except PermissionError as error:
        raise RequestError(f"{path} may not be read; change its permissions") from error
    except FileNotFoundError as error:
        raise BrokenPictureError("there is no such file; is it a link to nothing?") from error
    except OSError as error:
        if error.errno not in (errno.ENXIO, errno.ELOOP, errno.EISDIR):
            raise
        raise BrokenPictureError("it is no regular file") from error
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise BrokenPictureError("it is no regular file")
    with os.fdopen(handle, "rb") as file:
        if status.st_size > MOST_BYTES:
            raise BrokenPictureError(f"it has {status.st_size / 2**30:.1f} GiB, at most 1 is read")
        yield file


@contextlib.contextmanager
def _decoded(source: Path | bytes) -> Iterator[Image.Image]:
    """Gives an upright 8-bit picture, and reserves its memory inside the block."""
    with _opened(source) as file, contextlib.ExitStack() as room:
        try:
            picture = _load(file, room)
        except BrokenPictureError:
            plain = without_text(file)
            if plain is None:
                raise
            # Pillow takes a whole PNG with more than 1 MB of text for an attack.
            room.close()
            picture = _load(plain, room)
        yield picture


@contextlib.contextmanager
def _opened(source: Path | bytes) -> Iterator[BinaryIO]:
    if not isinstance(source, bytes):
        with open_regular(source) as file:
            yield file
    else:
        yield io.BytesIO(source)


def _size(file: BinaryIO) -> tuple[int, int] | None:
    try:
        with Image.open(file, formats=FORMATS) as picture:
            return picture.height, picture.width
    except Exception:  # noqa: BLE001 - as in `_load`.
        return None


def _load(file: BinaryIO, room: contextlib.ExitStack) -> Image.Image:
    try:
        picture = Image.open(file, formats=FORMATS)
        pixels = picture.width * picture.height
        if pixels > MOST_PIXELS:
            raise Image.DecompressionBombError
        room.enter_context(ROOM.taken(pixels * _BYTES_OF_A_PIXEL))
        picture.load()
        return _as_seen(picture)
    except (MemoryError, BrokenPictureError):
        raise
    # Damaged bytes make Pillow raise almost any error, depending on the format.
    except Exception as error:
        if isinstance(error, OSError) and error.errno:  # An error of the disk.
            raise
        raise BrokenPictureError(_reason(error, file)) from error


def _as_seen(picture: Image.Image) -> Image.Image:
    turn = _turn(picture)
    if picture.mode == "F":
        raise BrokenPictureError("its pixels are fractions; save it with 8 or 16 bits")
    if picture.mode == "I":
        _check_range(picture)
    if picture.mode.startswith("I"):
        seen = _by_strips(picture, "L", _from_16_bits)
    elif picture.has_transparency_data and not _of_empty_alpha(picture):
        seen = _by_strips(picture, "RGB", _on_white)
    else:
        mode = "L" if picture.mode in ("1", "L") else "RGB"
        seen = picture if picture.mode == mode else picture.convert(mode)
    return seen if turn is None else seen.transpose(turn)


def _of_empty_alpha(picture: Image.Image) -> bool:
    """Returns whether a BMP is transparent all over: its writer left out the fourth byte."""
    return picture.format == "BMP" and not np.asarray(picture.getchannel("A")).any()


def _check_range(picture: Image.Image) -> None:
    """Refuses numbers of 32 bits, or with a sign, that are no brightness of 16 bits."""
    pixels = np.asarray(picture)
    low, high = int(pixels.min()), int(pixels.max())
    if low < 0 or high > _WHITE:
        what = f"from {low:,} to {high:,}, no brightness of 16 bits, 0 to {_WHITE:,}"
    elif 0 < high <= 255:
        what = f"of 32 bits and go up to {high} only, as those of 8 bits do"
    else:
        return
    raise BrokenPictureError(f"its pixels are {what}; save it with 8 or 16 bits")


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """Returns what turns a picture upright, by the camera's orientation."""
    try:
        return _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - EXIF that is wrong is no fault of the pixels.
        return None


def _by_strips(
    picture: Image.Image, mode: str, change: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """Returns a picture in another mode, converted in strips to save memory."""
    seen = Image.new(mode, picture.size)
    rows = max(1, _STRIP // picture.width)
    for top in range(0, picture.height, rows):
        bottom = min(top + rows, picture.height)
        seen.paste(change(picture.crop((0, top, picture.width, bottom))), (0, top))
    return seen


def _from_16_bits(picture: Image.Image) -> Image.Image:
    # Pillow's own conversion would cut values off at 255.
    values = np.asarray(picture).astype(np.float64) / 257
    return Image.fromarray(np.clip(values.round(), 0, 255).astype(np.uint8))


def _on_white(picture: Image.Image) -> Image.Image:
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def _reason(error: Exception, file: BinaryIO) -> str:
    if not file.seek(0, io.SEEK_END):
        return "the file is empty"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {MOST_PIXELS / 1e6:.0f} million pixels"
    if isinstance(error, UnidentifiedImageError):
        file.seek(4)
        if file.read(8) in [b"ftyp" + brand for brand in _HEIF_BRANDS] and not HEIF:
            return "a HEIC photo, for which pillow-heif is missing (pip install pillow-heif)"
        return f"not a {KINDS} picture"
    return str(error) or type(error).__name__
