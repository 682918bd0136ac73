"""Checkpoints that somebody pushed to the Hugging Face Hub, by names like "hf:me/flowers"."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from zoo.cache import cache_folder, locked
from zoo.checkpoints.card import CARD, WEIGHTS, read_card
from zoo.checkpoints.hub import NoNetworkError, download, download_text
from zoo.errors import RequestError
from zoo.files import sha256, whole_folder

HUB = "hf:"
_NAME = re.compile(r"hf:([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")


def fetch_pushed(name: str) -> Path:
    """Returns the folder of a pushed checkpoint in the cache, after checking its hash.

    Only the card and the weights are fetched, and nothing in them is run. Each revision has a
    folder of its own, which appears under its name only when it is complete.

    Args:
        name: "hf:OWNER/NAME", or "hf:OWNER/NAME@REVISION"; the newest without a revision.

    Raises:
        RequestError: It is no such name, the Hub cannot be reached, or it has no such checkpoint.
        DamagedError: The weights do not match the card.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise RequestError(f"{name!r} is no name on the Hub; write hf:OWNER/NAME")
    repository, revision = match[1], match[2] or ""
    try:
        card = download_text(repository, CARD, revision)
        if card is None:
            raise RequestError(
                f"{name} is no checkpoint of the zoo: it holds no {CARD}; a ResNet of timm comes "
                f"by zoo import --source={repository}"
            )
        commit = card.parent.name
        folder = cache_folder() / "hub" / repository.replace("/", "--") / commit
        with locked(folder):
            if _is_whole(folder):
                return folder
            shutil.rmtree(folder, ignore_errors=True)
            with whole_folder(folder) as temporary:
                # Copies, since the Hub's own cache holds links.
                shutil.copyfile(card, temporary / CARD)
                expected = read_card(temporary).files.get(WEIGHTS)
                if expected is None:
                    raise RequestError(f"the {CARD} of {name} lists no {WEIGHTS}")
                weights = download(repository, WEIGHTS, expected.sha256, revision=commit)
                shutil.copyfile(weights.path, temporary / WEIGHTS)
    except NoNetworkError as error:
        reason = str(error).partition("; get https:")[0]
        raise NoNetworkError(
            f"{reason}; if {repository} is private, run hf auth login or set HF_TOKEN"
        ) from error
    return folder


def _is_whole(folder: Path) -> bool:
    if not (folder / CARD).is_file():
        return False
    try:
        expected = read_card(folder).files.get(WEIGHTS)
        return expected is not None and sha256(folder / WEIGHTS) == expected.sha256
    except (RequestError, OSError):
        return False
