"""A registry: the one way to find a thing of the zoo by its name."""

from __future__ import annotations

import difflib
import fnmatch
import importlib
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from zoo.errors import RequestError

T = TypeVar("T")


class Registry(Generic[T]):
    """Names for things of one kind.

    The modules that register the built-in things are imported at the first look-up, so an unused
    registry costs nothing.

    Args:
        kind: What is registered, a noun for error messages ("block").
        modules: Modules whose import registers the built-in things.
    """

    def __init__(self, kind: str, modules: tuple[str, ...] = ()) -> None:
        self._kind = kind
        self._modules = modules
        self._things: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Returns a decorator that registers what it decorates under `name`.

        Raises:
            RequestError: The name is taken.
        """
        self._import_modules()

        def decorate(thing: T) -> T:
            if name in self._things:
                raise RequestError(f"{self._kind} {name!r} is taken; choose another name")
            self._things[name] = thing
            return thing

        return decorate

    def get(self, name: str) -> T:
        """Returns the thing of that name.

        Raises:
            RequestError: There is none; the message holds the nearest names.
        """
        self._import_modules()
        if name not in self._things:
            raise RequestError(unknown(self._kind, name, list(self)))
        return self._things[name]

    def list(self, pattern: str = "*") -> list[str]:
        """Returns the names that match a shell pattern, in order of registration."""
        self._import_modules()
        return matching(self._things, pattern)

    def __iter__(self) -> Iterator[str]:
        self._import_modules()
        return iter(self._things)

    def __contains__(self, name: str) -> bool:
        self._import_modules()
        return name in self._things

    def _import_modules(self) -> None:
        modules, self._modules = self._modules, ()
        for module in modules:
            importlib.import_module(module)


def matching(names: Iterable[str], pattern: str) -> list[str]:
    """Returns the names that match a shell pattern, whatever the case, in their order."""
    return [name for name in names if fnmatch.fnmatchcase(name.lower(), pattern.lower())]


def unknown(kind: str, name: str, known: list[str]) -> str:
    """Returns the one-line message for an unknown name, with the nearest known names."""
    nearest = difflib.get_close_matches(str(name).lower(), known, n=3, cutoff=0.5)
    if nearest:
        return f"unknown {kind} {name!r}; did you mean {' or '.join(map(repr, nearest))}?"
    if known:
        return f"unknown {kind} {name!r}; known: {', '.join(known)}"
    return f"unknown {kind} {name!r}; there is none yet"
