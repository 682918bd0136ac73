"""Downloads files from the Hugging Face Hub with `huggingface_hub`, and checks their hashes."""

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


def download(
    hub_id: str,
    file: str,
    expected: str | None = None,
    *,
    revision: str = "",
    model: str = "MODEL",
) -> Download:
    """Downloads a file from a repository of the Hub, or takes it from the Hub's cache (`HF_HOME`).

    Its SHA-256 is always compared with the one that the Hub states (the name of its large-file
    object). A damaged file in the cache is downloaded again, once. If it is still wrong, it is
    removed.

    Args:
        hub_id: Such as "timm/resnet50.a1_in1k".
        file: Name in the repository.
        expected: The SHA-256 that the caller demands too; None: only the Hub's counts.
        revision: Commit of the repository; "": the newest.
        model: Name of the model, for the advice on how to import it by hand.

    Raises:
        DamagedError: The file is not what the Hub states, or not what the caller demands.
        NoNetworkError: The Hub cannot be reached, or has no such file.
        RequestError: The Hub states no SHA-256 for this file.
    """
    try:
        path, stated = _fetch(hub_id, file, revision)
        if not _SHA256.fullmatch(stated):
            raise RequestError(
                f"the Hub states no sha256 for {hub_id}/{file}: it is no weights file"
            )
        actual = sha256(path)
        if actual != stated:
            path, stated = _fetch(hub_id, file, revision, force_download=True)
            actual = sha256(path)
    except NoNetworkError as error:
        raise NoNetworkError(
            f"{error}; get https://huggingface.co/{hub_id}/resolve/{revision or 'main'}/{file} "
            "by hand and run: "
            f"zoo import --source={file} --model={model}"
        ) from error
    if actual != stated:
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise DamagedError(
            f"{hub_id}/{file} came with sha256 {actual}, the Hub states {stated}; it was removed"
        )
    if expected is not None and actual != expected.lower():
        # The file matches the Hub's hash, so it stays in the Hub's cache. The caller wants another.
        raise DamagedError(f"{hub_id}/{file} has sha256 {actual}, not {expected.lower()}")
    return Download(path, actual, path.parent.name)


def download_text(hub_id: str, file: str, revision: str = "") -> Path | None:
    """Fetches a small text file of a repository of the Hub; None where it has none such.

    Raises:
        NoNetworkError: The Hub cannot be reached.
    """
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return _fetch(hub_id, file, revision)[0]
    except NoNetworkError as error:
        if isinstance(error.__cause__, EntryNotFoundError):
            return None
        raise


def _fetch(
    hub_id: str, file: str, revision: str = "", *, force_download: bool = False
) -> tuple[Path, str]:
    """Returns the path in the Hub's cache, `.../snapshots/REVISION/FILE`, and the stated hash."""
    # Imported here: it takes a third of a second, and `zoo list` has no need of it.
    import huggingface_hub as hub

    commit = revision or None
    try:
        # Checked first, because hf_hub_download itself would try for half a minute.
        stated = hub.get_hf_file_metadata(hub.hf_hub_url(hub_id, file, revision=commit))
    except Exception as error:  # Its HTTP library also raises errors that are no OSError.
        cached = hub.try_to_load_from_cache(hub_id, file, revision=commit)
        if force_download or not isinstance(cached, str):
            raise _unreachable(hub_id, file, error) from error
        # The cache remembers the hash that the Hub stated: it names the file behind the link.
        return Path(cached), Path(cached).resolve().name
    try:
        path = hub.hf_hub_download(hub_id, file, revision=commit, force_download=force_download)
    except Exception as error:
        raise _unreachable(hub_id, file, error) from error
    return Path(path), stated.etag or ""


def _unreachable(hub_id: str, file: str, error: Exception) -> NoNetworkError:
    reason = next(iter(str(error).splitlines()), "") or type(error).__name__
    return NoNetworkError(f"{hub_id}/{file} cannot be had from the Hub: {reason.rstrip('.')}")
