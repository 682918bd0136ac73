"""Which folders are splits and which are classes: their names and content decide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.data.dataset import with_test_split
from zoo.data.folders.tree import Folder, counted
from zoo.errors import RequestError

# Words that name a split. "eval" is the test split, unless there is another one.
WORDS = {
    "train": ("train", "training", "trainval", "trn"),
    "validation": ("val", "valid", "validation", "dev", "development"),
    "test": ("test", "testing", "tst"),
    "eval": ("eval", "evaluation"),
}
# Words without a meaning of their own.
_FILLERS = (
    "sets?|split|data|dataset|images?|imgs?|pictures?|pics?|photos?|recordings?|sounds?|audio"
)
_SPLITS = {word: split for split, words in WORDS.items() for word in words}
_GLUED = re.compile(rf"({'|'.join(sorted(_SPLITS, key=len, reverse=True))})({_FILLERS}|s)?")
_SHOWN = 6


@dataclass(frozen=True)
class Layout:
    """What the folders of a data set are.

    Attributes:
        classes: By split, the name and the folder of each class; "train" is among them.
        roots: By split, its folder, for messages.
        notes: What was ignored, a sentence each.
    """

    classes: Mapping[str, Sequence[tuple[str, Folder]]]
    roots: Mapping[str, Path]
    notes: tuple[str, ...] = ()


def split_of(name: str) -> str | None:
    """Returns "train", "validation", "test" or "eval" if a word of the name says so."""
    kinds = {_SPLITS[match[1]] for word in _words(name) if (match := _GLUED.fullmatch(word))}
    if kinds == {"train", "validation"}:  # As in "train_val".
        return "train"
    return kinds.pop() if len(kinds) == 1 else None


def named_splits(names: Iterable[str], where: Path) -> dict[str, str]:
    """Returns which of the given names belongs to which split.

    Raises:
        RequestError: Two names mean the same split.
    """
    splits: dict[str, str] = {}
    for name in sorted(names, key=lambda name: split_of(name) == "eval"):
        split = split_of(name)
        if split == "eval":
            split = "test" if "test" not in splits else "validation"
        if split in splits:
            raise RequestError(
                f"{where} has two folders for the {split} split: {splits[split]} and "
                f"{name}; keep one"
            )
        if split is not None:
            splits[split] = name
    return splits


def arrange(top: Folder) -> Layout:
    """Finds out which folders are splits and which are classes.

    It knows `FOLDER/CLASS`, `FOLDER/SPLIT/CLASS` and `FOLDER/CLASS/SPLIT`. A folder with the name
    of a split is one if it holds class folders.

    Raises:
        RequestError: Folders look like splits, but their names do not say which; or the folders
            are a mixture.
    """
    filled = top.filled()
    splits = [folder for folder in filled if _is_split(folder)]
    each_has_splits = all(map(_holds_splits, filled))
    all_are_splits = all(split_of(folder.path.name) for folder in filled)
    if any(split_of(folder.path.name) == "train" for folder in splits) and (
        all_are_splits or not each_has_splits
    ):
        layout = _split_first(top, splits)
    elif any(map(_holds_splits, filled)):
        layout = _class_first(top, filled)
    else:
        layout = _classes_alone(top, filled)
    notes = [_outside(top)] if top.files and filled else []
    classes, renamed = with_test_split(layout.classes)
    roots, _ = with_test_split(layout.roots)
    return Layout(classes, roots, (*notes, *layout.notes, *renamed))


def _words(name: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.findall(r"[^\W\d_]+", apart)]


def _rest(name: str) -> list[str]:
    """Returns the words of a name that do not mean a split: "seg" of "seg_train"."""
    return [
        word
        for word in _words(name)
        if not _GLUED.fullmatch(word) and not re.fullmatch(_FILLERS, word)
    ]


def _says_split_alone(name: str) -> bool:
    return split_of(name) is not None and not _rest(name)


def _is_split(folder: Folder) -> bool:
    classes = _class_root(folder).filled()
    name = folder.path.name
    # A folder "train_station" with only one folder inside is not a split.
    return split_of(name) is not None and len(classes) > (0 if _says_split_alone(name) else 1)


def _class_root(split: Folder) -> Folder:
    """Returns the parent of a split's class folders: the split, or a folder in it."""
    while True:
        filled = split.filled()
        if len(filled) != 1 or split.files:
            return split
        (inner,) = filled
        same = split_of(inner.path.name) == split_of(split.path.name)
        filler = all(re.fullmatch(_FILLERS, word) for word in _words(inner.path.name))
        if not same and not (filler and inner.filled()):
            return split
        split = inner


def _holds_splits(folder: Folder) -> bool:
    """Returns whether a class holds only splits, the training split among them."""
    splits = [split_of(inner.path.name) for inner in folder.filled()]
    return len(splits) > 1 and "train" in splits and None not in splits


def _split_first(top: Folder, splits: Sequence[Folder]) -> Layout:
    by_name = {folder.path.name: folder for folder in splits}
    names = named_splits(by_name, top.path)
    roots = {split: _class_root(by_name[name]) for split, name in names.items()}
    known = {folder.path.name for folder in roots["train"].filled()}
    others = [folder for folder in top.filled() if folder.path.name not in by_name]
    for split, root in [*roots.items()]:
        inner = root.filled()
        if len(inner) == 1 and inner[0].path.name not in known:  # Such as "unknown".
            others.append(by_name[names[split]])
            del roots[split]
    rest = _rest(names["train"])
    unsaid = [
        folder
        for folder in others
        if split_of(folder.path.name) is None or _rest(folder.path.name) != rest
    ]
    for folder in unsaid:
        if known & {inner.path.name for inner in _class_root(folder).filled()}:
            raise RequestError(
                f"{folder.path} holds the classes of {names['train']}, but its name "
                "says no split; call it train, val or test, or move it away"
            )
    if unsaid and len(unsaid) == len(others) and len(names) == 1:
        raise RequestError(
            f"{top.path} holds {names['train']}, which looks like a split, beside "
            f"{_names(unsaid)}; move away what is no split, or let all be classes, with "
            f"{top.kind.plural} and no folders inside"
        )
    for folder in top.folders:
        if split_of(folder.path.name) and not folder.holds_files():
            raise RequestError(f"{folder.path} holds no {folder.kind.plural}; fill it or remove it")
    notes = [_passed_over(folder) for folder in others]
    notes += [_outside(root) for root in roots.values() if root.files]
    empty = [folder for root in (top, *roots.values()) for folder in _empty(root)]
    return Layout(
        {split: [(f.path.name, f) for f in root.filled()] for split, root in roots.items()},
        {split: root.path for split, root in roots.items()},
        (*notes, *_empty_note(empty)),
    )


def _class_first(top: Folder, filled: Sequence[Folder]) -> Layout:
    classes: dict[str, list[tuple[str, Folder]]] = {}
    for folder in filled:
        if not _holds_splits(folder):
            other = next(f for f in filled if _holds_splits(f))
            raise RequestError(
                f"{other.path} holds the splits {_names(other.filled())}, and "
                f"{folder.path} does not; give each class the same splits, or none"
            )
        inner = {part.path.name: part for part in folder.filled()}
        for split, name in named_splits(inner, folder.path).items():
            classes.setdefault(split, []).append((folder.path.name, inner[name]))
    notes = [_outside(folder) for folder in filled if folder.files]
    empty = [folder for root in (top, *filled) for folder in _empty(root)]
    return Layout(classes, dict.fromkeys(classes, top.path), (*notes, *_empty_note(empty)))


def _classes_alone(top: Folder, filled: Sequence[Folder]) -> Layout:
    named = [folder for folder in filled if _says_split_alone(folder.path.name)]
    for folder in named:
        if split_of(folder.path.name) != "train" and folder.filled():
            raise RequestError(
                f"{top.path} holds {folder.path.name}, which looks like a split, and no training "
                f"split with class folders; call that train, or, to measure, give {folder.path}"
            )
    # "train" and "valid" may also be names of classes; "test" and "val" are not.
    things = [f for f in named if {"train", "valid"} & {*_words(f.path.name)}]
    loose = [folder for folder in named if folder not in things]
    classes = [folder for folder in filled if folder not in loose]
    if len(classes) == 1 and classes[0] not in things:  # Classes "test" and "control".
        classes, loose, things = [*filled], [], named
    if classes and all(folder in things for folder in classes):
        first = classes[0]
        raise RequestError(
            f"{first.path} holds {len(first.files):,} {first.kind.plural} outside any class "
            "folder; put those of each class into a folder with its name"
        )
    if not classes and len({split_of(folder.path.name) for folder in loose}) == 1 < len(loose):
        classes, loose, things = loose, [], loose  # "Test 1" and "Test 2": no split is there twice.
    common = set.intersection(*({f.path.name for f in c.filled()} for c in classes or [top]))
    if len(classes) > 1 and len(common) > 1:
        raise RequestError(
            f"{_names(classes)} in {top.path} all hold the folders "
            f"{_listed(sorted(common))}, so they look like splits; call them train, val and test, "
            f"or, if they are classes, let each hold its {top.kind.plural} itself"
        )
    return Layout(
        {"train": [(folder.path.name, folder) for folder in classes]},
        {"train": top.path},
        (
            *(f"{f.path.name} is taken for a class, since it holds no folders" for f in things),
            *map(_passed_over, loose),
            *_empty_note(_empty(top)),
        ),
    )


def _empty(root: Folder) -> list[Folder]:
    return [folder for folder in root.folders if not folder.holds_files()]


def _passed_over(folder: Folder) -> str:
    count = sum(1 for _ in folder.below())
    return f"passed over {folder.path}: {count:,} {folder.kind.plural}, and no folders of classes"


def _outside(folder: Folder) -> str:
    return f"left out, since they are outside the folders of {folder.path}: {counted(folder.files)}"


def _empty_note(folders: Sequence[Folder]) -> list[str]:
    if not folders:
        return []
    return [f"left out, since they hold too few {folders[0].kind.plural}: {_names(folders)}"]


def _names(folders: Sequence[Folder]) -> str:
    return _listed([folder.path.name for folder in folders])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
