"""Archives and addresses on the web, unpacked once into the cache and read from there."""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeAlias

from zoo.cache import cache_folder, locked
from zoo.data.folders.splits import split_of
from zoo.data.folders.tree import hidden
from zoo.errors import RequestError
from zoo.files import sha256, whole_file, whole_folder

WEB = ("http://", "https://")
_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
# They are ZIP files too.
_NO_ARCHIVES = (".npz", ".keras", ".tflite", ".pt", ".pth", ".xlsx", ".xlsm", ".ods", ".numbers")
_DAMAGE = (EOFError, zlib.error, lzma.LZMAError)  # What unpacking raises for damaged data.
_ROOM = 1 << 30  # Bytes that stay free on the disk.
_SAYS_UTF8 = 0x800  # Flag of a member of a ZIP file; without it, names are in code page 437.
_TIMEOUT = 60.0  # Seconds without a byte from a server.
_BLOCK = 1 << 20

# Called with the finished and all megabytes.
Progress: TypeAlias = Callable[[int, int], None]


def is_archive(path: Path) -> bool:
    """Returns whether a file is a ZIP file or a tar file, packed or not."""
    if not path.is_file() or path.suffix.lower() in _NO_ARCHIVES:
        return False
    try:
        return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except _DAMAGE:
        return False


def unpacked(source: str, progress: Progress | None = None) -> str:
    """Returns the folder of what an archive or an address holds; other sources as they are.

    A file from the web is kept in the cache, with its SHA-256 beside it, and is not fetched again.
    An archive that holds one folder, or one file such as a table, stands for that.

    Args:
        source: What `--data` names.
        progress: Called while a file is fetched.

    Raises:
        RequestError: It cannot be fetched; it is damaged or locked with a password; it holds a path
            that leads outside; the disk has no room for it.
    """
    if source.startswith(WEB):
        path = _fetched(source, progress)
        return source_of(path) if is_archive(path) else str(path)
    return source_of(Path(source)) if is_archive(Path(source)) else source


def source_of(archive: Path) -> str:
    """Returns what an archive holds, as `unpacked` does."""
    name = archive.name
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
            break
    folder = cache_folder() / "archives" / sha256(archive)[:16] / (name or "data")
    if not folder.is_dir():
        with locked(folder):
            if not folder.is_dir():
                with whole_folder(folder) as temporary, _readable(archive):
                    _unpack(archive, temporary)
    return str(_inner(folder))


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    """Turns what goes wrong in an archive into one line."""
    try:
        yield
    except _OutsideError as error:
        raise RequestError(f"{archive} holds a path that leads outside it: {error}") from error
    except (zipfile.BadZipFile, tarfile.TarError, ValueError, *_DAMAGE) as error:
        raise RequestError(f"{archive} is no whole archive: {error}; fetch it again") from error
    except RuntimeError as error:  # What zipfile raises for a password and unknown packing.
        raise RequestError(f"{archive} cannot be unpacked: {error}; unpack it by hand") from error


class _OutsideError(Exception):
    """A member's path leads outside the folder."""


def _unpack(archive: Path, folder: Path) -> None:
    free = shutil.disk_usage(folder).free - _ROOM
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            _check_room(archive, sum(info.file_size for info in file.infolist()), free)
            for info in file.infolist():
                info.filename = _name_in_zip(info)
                path = Path(info.filename)
                if ".." in path.parts or path.is_absolute():
                    raise _OutsideError(info.filename)
                file.extract(info, folder)
        return
    with tarfile.open(archive) as tar:
        # PEP 706's filter, where Python has it (3.11 from 3.11.4 on); `_is_inside` always looks.
        tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        total = 0
        for member in tar:
            total += member.size
            _check_room(archive, total, free)
            if not _is_inside(member, folder):
                raise _OutsideError(member.name)
            tar.extract(member, folder, set_attrs=False)


def _name_in_zip(info: zipfile.ZipInfo) -> str:
    """Returns the path of a member, with slashes, and with the letters that its writer meant."""
    name = info.filename
    if not info.flag_bits & _SAYS_UTF8:
        # A Mac writes UTF-8 without saying so. Letters of DOS are hardly ever UTF-8 by chance.
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return name.replace("\\", "/")  # As old tools on Windows write.


def _is_inside(member: tarfile.TarInfo, folder: Path) -> bool:
    """Returns whether a member and what it links to are in a folder, and it is no device."""
    path = folder / member.name
    paths = [path]
    if member.issym():
        paths.append(path.parent / member.linkname)
    elif member.islnk():
        paths.append(folder / member.linkname)
    elif not (member.isfile() or member.isdir()):
        return False
    return all(path.resolve().is_relative_to(folder.resolve()) for path in paths)


def _check_room(archive: Path, size: int, free: int) -> None:
    if size > free:
        raise RequestError(
            f"{archive} unpacks to {size / 1e9:,.1f} GB or more, and {cache_folder()} has room for "
            f"{max(free, 0) / 1e9:,.1f}; set ZOO_CACHE to a folder on a larger disk"
        )


def _inner(folder: Path) -> Path:
    """Goes down to the one folder or file that an archive holds, without what a Mac adds."""
    inside = [
        path for path in folder.iterdir()
        if not hidden(path.name)
    ]  # fmt: skip
    if len(inside) != 1:
        return folder
    only = inside[0]
    if only.is_file():
        return only
    if split_of(only.name) is not None:
        return folder
    # Where it holds pictures alone it may be a class; tables and packed pictures are known by name.
    return _inner(only)


def _fetched(address: str, progress: Progress | None) -> Path:
    """Returns the file of an address in the cache."""
    name = Path(urllib.parse.unquote(urllib.parse.urlsplit(address).path)).name or "data"
    folder = cache_folder() / "downloads" / hashlib.sha256(address.encode()).hexdigest()[:16]
    path = folder / name
    with locked(folder):
        if path.is_file():
            return path
        with whole_file(path) as temporary:
            try:
                request = urllib.request.Request(address, headers={"User-Agent": "zoo"})
                with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
                    size = int(answer.headers.get("Content-Length") or 0)
                    with temporary.open("wb") as file:
                        _copy(answer, file, size, address, progress)
            except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError) as error:
                why = getattr(error, "reason", error)
                raise RequestError(f"{address} cannot be fetched: {why}") from error
        (folder / f"{name}.sha256").write_text(f"{sha256(path)}  {name}\n", encoding="utf-8")
    return path


def _copy(
    answer: IO[bytes], file: IO[bytes], size: int, address: str, progress: Progress | None
) -> None:
    done = 0
    while block := answer.read(_BLOCK):
        file.write(block)
        done += len(block)
        if progress and size:
            progress(done // 1_000_000, size // 1_000_000)
    if size and done != size:
        raise RequestError(f"{address} ended after {done:,} of {size:,} bytes; try again")
    os.fsync(file.fileno())
