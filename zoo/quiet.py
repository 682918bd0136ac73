"""Keras and TensorFlow, imported without their greetings."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator

from zoo.errors import RequestError


def import_keras() -> None:
    """Imports Keras and its backend without TensorFlow's greetings.

    It takes seconds, so commands call it only after they have checked the request.
    """
    check_backend()
    with quiet():
        import keras

        keras.ops.zeros(1)  # Finds the devices, which prints greetings too.


def check_backend() -> None:
    """Refuses a backend that Keras does not have; Keras itself would raise a traceback.

    Raises:
        RequestError: `KERAS_BACKEND` is unknown, or its package is not installed.
    """
    name = os.environ.get("KERAS_BACKEND", "tensorflow")
    if name not in ("tensorflow", "jax", "torch", "openvino", "numpy"):
        raise RequestError(f"KERAS_BACKEND is {name!r}; unset it, or set it to tensorflow or jax")
    if importlib.util.find_spec(name) is None:
        raise RequestError(f"KERAS_BACKEND is {name!r}, which is not installed; unset it")


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
