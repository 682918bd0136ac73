"""oneDNN is switched on, and who is too late for it hears of it."""

from __future__ import annotations

import os
import sys
import types
import warnings

import pytest

from zoo import onednn


@pytest.mark.parametrize(
    ("imported", "chosen", "on", "warned"),
    [
        (False, None, False, False),  # In time.
        (True, None, False, True),
        (True, None, True, False),  # TensorFlow has it on by itself.
        (True, "0", False, False),  # The user has decided.
        (False, "0", False, False),
    ],
)
def test_who_is_warned(monkeypatch, imported, chosen, on, warned):
    modules = {name: part for name, part in sys.modules.items() if name != "tensorflow"}
    if imported:
        modules["tensorflow"] = types.ModuleType("tensorflow")
    monkeypatch.setattr(sys, "modules", modules)
    monkeypatch.setattr(onednn, "_is_on", lambda: on)
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if chosen:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", chosen)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        onednn.ask_for_onednn()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == (chosen or "1")
    assert [str(one.message).startswith("TensorFlow was imported before") for one in heard] == (
        [True] if warned else []
    )


def test_tensorflow_still_has_what_is_asked():
    from tensorflow.python.util import _pywrap_util_port

    assert _pywrap_util_port.IsMklEnabled() is onednn._is_on()


@pytest.mark.slow
def test_tensorflow_tells_whether_it_is_on(python):
    said = python(
        "import os; os.environ['TF_ENABLE_ONEDNN_OPTS'] = '0'; import tensorflow; "
        "from zoo.onednn import _is_on; print(_is_on())"
    )
    assert said.strip() == "False"
