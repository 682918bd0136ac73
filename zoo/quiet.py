"""Keras and TensorFlow, imported without their greetings."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator

from zoo.errors import RequestError

# Keras and TensorFlow import these at start where they are installed, for plots, wrappers and
# conversions of their own. That takes a third of the whole start.
_EXTRAS = ("cv2", "jax", "matplotlib", "pandas", "scipy", "sklearn")
_of_command = False


def import_keras() -> None:
    """Imports Keras and its backend without TensorFlow's greetings.

    It takes seconds, so commands call it only after they have checked the request.
    """
    check_backend()
    first = "keras" not in sys.modules
    spared = _of_command and first and _backend() == "tensorflow"
    with quiet(), _without(_EXTRAS if spared else ()), _no_search_for_garbage():
        import keras

        keras.ops.zeros(1)  # Finds the devices, which prints greetings too.
    if _of_command and first:
        gc.freeze()  # What is imported stays, so later searches pass over it.


def for_a_command() -> None:
    """Says that this process runs a command, which needs none of the extras of Keras.

    In a user's own process they stay, such as Keras' wrappers for scikit-learn.
    """
    global _of_command
    _of_command = True


@contextlib.contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Spares a tenth of an import: thousands of modules come to stay, and none is garbage."""
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


@contextlib.contextmanager
def _without(packages: Iterable[str]) -> Iterator[None]:
    """Makes packages that are not imported yet look as if they were not installed.

    Python documents None in `sys.modules` for that.
    """
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def check_backend() -> None:
    """Refuses a backend that Keras does not have; Keras itself would raise a traceback.

    Raises:
        RequestError: `KERAS_BACKEND` is unknown, or its package is not installed.
    """
    name = _backend()
    if name not in ("tensorflow", "jax", "torch", "openvino", "numpy"):
        raise RequestError(f"KERAS_BACKEND is {name!r}; unset it, or set it to tensorflow or jax")
    if importlib.util.find_spec(name) is None:
        raise RequestError(f"KERAS_BACKEND is {name!r}, which is not installed; unset it")


def _backend() -> str:
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def need_tensorflow() -> None:
    """Refuses any backend of Keras but TensorFlow. Comes after `import_keras`.

    Raises:
        RequestError: It is another one; this command differentiates with TensorFlow.
    """
    import keras

    if (name := keras.backend.backend()) != "tensorflow":
        raise RequestError(f"this takes Keras on TensorFlow; unset KERAS_BACKEND, now {name!r}")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hides what C++ code, below Python, writes to the terminal at any log level."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
