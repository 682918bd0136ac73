"""A checkpoint on the Hugging Face Hub: its card as README.md, weights, figures, exported files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.artifacts.exporting.export import default_output
from zoo.artifacts.model_card import readme
from zoo.checkpoints.card import CARD, WEIGHTS, Card, read_card
from zoo.checkpoints.catalogue import find_checkpoint
from zoo.errors import RequestError
from zoo.result import Result, TextTable

EXPORTS, EXAMPLES = "exports", "examples"  # Folders in the repository.
README = "README.md"
# What a run holds beside its checkpoint; its record, which names folders of its maker, stays here.
_OF_RUN = ("history.csv", "result.json", "result.html", "*.png")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Pushed(Result):
    """What was pushed to the Hub, or would be.

    Attributes:
        repository: "OWNER/NAME".
        files: Bytes of each file, by its path in the repository.
        readme: The text of README.md.
        address: Of the repository; empty: nothing was pushed.
        notes: What the user has to know, a sentence each.
    """

    repository: str
    files: dict[str, int]
    readme: str
    address: str = ""
    notes: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The notes."""
        return self.notes

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """Without a push: the files."""
        if self.address:
            return ()
        rows = tuple((path, f"{size:,}") for path, size in self.files.items())
        return (TextTable(self.repository, ("file", "bytes"), rows),)

    @property
    def lines(self) -> tuple[str, ...]:
        """Where the files are; without a push: the README."""
        size = sum(self.files.values()) / 1e6
        if self.address:
            return (f"{len(self.files)} files, {size:.2f} MB: {self.address}",)
        return (*self.readme.splitlines(), f"nothing was pushed: {len(self.files)} files")


def push(
    checkpoint: str,
    repo: str,
    *,
    exports: str | Path | None = None,
    examples: Sequence[str | Path] = (),
    public: bool = False,
    dry_run: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Pushed:
    """Pushes a checkpoint to the Hugging Face Hub, as one commit.

    `zoo.load("hf:OWNER/NAME")` and every `--checkpoint` then take it.

    Args:
        checkpoint: Name or folder.
        repo: "OWNER/NAME"; made if it does not exist.
        exports: Folder that `zoo.export` wrote; None: the default one, if it is of this checkpoint.
        examples: Files for the widget on the page.
        public: Whether everybody may see the repository.
        dry_run: Whether only to say what would be pushed.
        progress: Called with a line of text at each step.

    Raises:
        RequestError: There is no such checkpoint or export; there is no token, or the Hub refuses
            it or cannot be reached; a public repository is there already, and `public` is not said.
    """
    if not checkpoint:
        raise RequestError("say what to push: --checkpoint=NAME or a folder")
    if not _REPOSITORY.fullmatch(repo or ""):
        raise RequestError(f"--repo={repo or ''} has to be OWNER/NAME, as the Hub calls it")
    folder = find_checkpoint(checkpoint)
    card = read_card(folder)
    exported, report, notes = _exported(checkpoint, exports, card)
    files = {path.name: path for path in _of_checkpoint(folder)}
    for path in exported:
        files[f"{EXPORTS}/{path.relative_to(exported[0].parent).as_posix()}"] = path
    shown = _examples(examples)
    files |= shown
    text = readme(card, repo, report=report, examples=tuple(shown))
    if card.licence in ("", "unknown"):
        notes.append("the card names no licence, so that nobody may use the weights")
    if public and any(path.endswith(".html") for path in files):
        notes.append("result.html and report.html show pictures of your data to everybody")
    sizes = {README: len(text.encode()), **{name: p.stat().st_size for name, p in files.items()}}
    pushed = Pushed(repo, sizes, text, notes=tuple(notes))
    if dry_run:
        return pushed
    address, more = _sent(repo, files, text, public, progress or (lambda line: None))
    return Pushed(repo, sizes, text, address, (*notes, *more))


def _of_checkpoint(folder: Path) -> list[Path]:
    paths = [folder / CARD, folder / WEIGHTS]
    for pattern in _OF_RUN:
        paths += sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))
    return paths


def _exported(
    checkpoint: str, exports: str | Path | None, card: Card
) -> tuple[list[Path], dict[str, Any] | None, list[str]]:
    """Returns the files of an export, the report first; the report; and notes."""
    folder = default_output(checkpoint) if exports is None else Path(exports)
    path = folder / "report.json"
    if exports is None and not path.is_file():
        return [], None, []
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        made_from = report["weights_sha256"]
        if not isinstance(report["artifacts"], dict):
            raise TypeError("its artifacts are no list of files")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(f"--exports={folder} was not written by zoo export: {error}") from error
    if made_from != card.files[WEIGHTS].sha256:
        reason = f"{folder} was not exported from these weights"
        if exports is None:
            return [], None, [f"left out: {reason}"]
        raise RequestError(f"{reason}; export {checkpoint} anew")
    inside = sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(p.startswith(".") for p in file.relative_to(folder).parts)
    )
    return [path, *(file for file in inside if file != path)], report, []


def _examples(examples: Sequence[str | Path]) -> dict[str, Path]:
    files = {}
    for example in examples:
        if not Path(example).is_file():
            raise RequestError(f"there is no file {str(example)!r}")
        files[f"{EXAMPLES}/{Path(example).name}"] = Path(example)
    return files


def _sent(
    repo: str, files: dict[str, Path], text: str, public: bool, tell: Callable[[str], None]
) -> tuple[str, list[str]]:
    """Pushes files in one commit. Returns the address, and notes."""
    import huggingface_hub as hub
    from huggingface_hub.errors import RepositoryNotFoundError

    if hub.get_token() is None:
        raise RequestError(
            "there is no token of the Hugging Face Hub: run hf auth login with one that may write, "
            "or set HF_TOKEN"
        )
    api, notes, stale = hub.HfApi(), [], list[str]()
    with _explained(repo):
        try:
            private = bool(api.model_info(repo).private)
        except RepositoryNotFoundError:
            tell(f"making {repo}, {'public' if public else 'private'}")
            api.create_repo(repo, private=not public)
        else:
            if not private and not public:
                raise RequestError(
                    f"{repo} is there already and public; say --public, or choose another --repo"
                )
            if private and public:
                notes.append(f"{repo} stays private; its settings on the Hub change that")
            before = api.list_repo_files(repo)
            stale = [p for p in before if p.startswith(f"{EXPORTS}/") and p not in files]
        tell(f"pushing {len(files) + 1} files")
        operations: list[Any] = [
            hub.CommitOperationAdd(README, text.encode()),
            *(hub.CommitOperationAdd(name, path) for name, path in files.items()),
            *(hub.CommitOperationDelete(name) for name in stale),
        ]
        api.create_commit(repo, operations, commit_message="zoo push")
    return f"{api.endpoint}/{repo}", notes


@contextmanager
def _explained(repo: str) -> Iterator[None]:
    """Turns what the Hub says into one line."""
    try:
        yield
    except RequestError:
        raise
    except Exception as error:  # Its HTTP library also raises errors that are no OSError.
        status = getattr(getattr(error, "response", None), "status_code", None)
        lines = [line for line in str(error).splitlines() if line.strip()]
        reason = (lines or [type(error).__name__])[0].rstrip(".")
        if status in (401, 403):
            raise RequestError(
                f"the Hub refuses this token for {repo}: {reason}; run hf auth login with one that "
                "may write there, or set HF_TOKEN"
            ) from error
        raise RequestError(f"{repo} cannot be pushed to the Hub: {reason}") from error
