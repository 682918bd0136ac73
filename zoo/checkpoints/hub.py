"""Files from the Hugging Face Hub: fetched by `huggingface_hub`, believed only by their hash."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import DamagedError, RequestError
from zoo.files import sha256

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Download:
    """A file of the Hub on this disk, its hash checked."""

    path: Path
    sha256: str
    revision: str


class NoNetworkError(RequestError):
    """The Hub cannot be reached, or does not have the file."""


def download(hub_id: str, file: str, expected: str | None = None) -> Download:
    """Fetches a file of a repository of the Hub, or takes it from the Hub's cache (`HF_HOME`).

    Its SHA-256 is checked each time, cached or not, against the one that the Hub states (the name
    of its large-file object). A file of the cache that is damaged is fetched anew, once. A file
    that stays wrong is removed.

    Args:
        hub_id: Such as "timm/resnet50.a1_in1k".
        file: Name in the repository.
        expected: The SHA-256 that the caller demands besides; None: the Hub's word is enough.

    Raises:
        DamagedError: The file is not what the Hub states, or not what the caller demands.
        NoNetworkError: The Hub cannot be reached, or has no such file.
        RequestError: The Hub states no SHA-256 for this file.
    """
    path = _fetch(hub_id, file)
    stated = _stated_sha256(hub_id, file, path)
    found = sha256(path)
    if found != stated:
        path = _fetch(hub_id, file, force_download=True)
        found = sha256(path)
    if found != stated:
        _remove(path)
        raise DamagedError(
            f"{hub_id}/{file} came with sha256 {found}, the Hub states {stated}; it was removed"
        )
    if expected is not None and found != expected.lower():
        # The Hub kept its word, so its cache keeps the file; it is only not the one asked for.
        raise DamagedError(f"{hub_id}/{file} has sha256 {found}, not {expected.lower()}")
    return Download(path, found, path.parent.name)


def download_text(hub_id: str, file: str) -> Path | None:
    """Fetches a small text file of a repository of the Hub; None where it has none such.

    Raises:
        NoNetworkError: The Hub cannot be reached.
    """
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return _fetch(hub_id, file)
    except NoNetworkError as error:
        if isinstance(error.__cause__, EntryNotFoundError):
            return None
        raise


def _fetch(hub_id: str, file: str, *, force_download: bool = False) -> Path:
    # Imported here: it takes a third of a second, and `zoo list` has no need of it.
    import huggingface_hub

    try:
        return Path(huggingface_hub.hf_hub_download(hub_id, file, force_download=force_download))
    except Exception as error:  # Its transport has errors of its own beside OSError's.
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise NoNetworkError(f"{hub_id}/{file} cannot be had from the Hub: {reason}") from error


def _stated_sha256(hub_id: str, file: str, path: Path) -> str:
    """Returns the hash that the Hub states: the name of the blob behind the cache's link."""
    stated = path.resolve().name
    if not _SHA256.fullmatch(stated):  # No links on this file system: ask again.
        import huggingface_hub

        url = huggingface_hub.hf_hub_url(hub_id, file)
        stated = huggingface_hub.get_hf_file_metadata(url).etag or ""
    if not _SHA256.fullmatch(stated):
        raise RequestError(f"the Hub states no sha256 for {hub_id}/{file}; it is no weights file")
    return stated


def _remove(path: Path) -> None:
    path.resolve().unlink(missing_ok=True)
    path.unlink(missing_ok=True)
