"""oneDNN, with which TensorFlow calculates on processors; it decides at its import."""

from __future__ import annotations

import os
import sys
import warnings

_SWITCH = "TF_ENABLE_ONEDNN_OPTS"


def ask_for_onednn() -> None:
    """Switches oneDNN on, unless the user has decided; warns if TensorFlow is there without it.

    TensorFlow leaves it off on processors without VNNI, among them AMD's before Zen 4. There a
    ResNet-18 then trains ten times slower.
    """
    late = "tensorflow" in sys.modules and _SWITCH not in os.environ
    os.environ.setdefault(_SWITCH, "1")
    if late and not _is_on():
        warnings.warn(
            "TensorFlow was imported before zoo, and without oneDNN; ResNets train several times "
            f"slower so. Import zoo before keras and tensorflow, or set {_SWITCH}=1",
            stacklevel=3,  # Who imported zoo.
        )


def _is_on() -> bool:
    """Whether TensorFlow uses oneDNN, as far as it tells."""
    try:
        from tensorflow.python.util import _pywrap_util_port

        return bool(_pywrap_util_port.IsMklEnabled())
    except (ImportError, AttributeError):
        return True
