"""Starts TensorFlow in a process that only converts, in half of the time."""

from __future__ import annotations

import gc
import sys

# Keras and TensorFlow import these where they are installed. No conversion needs them.
_EXTRAS = ("cv2", "jax", "matplotlib", "pandas", "scipy", "sklearn")


def start_tensorflow() -> None:
    """Imports TensorFlow and its converter.

    The converter looks for garbage before each file. It passes over what is imported here, which
    would take it longer than many a conversion. It is for processes of this package alone: in
    others, somebody may want the packages that this one makes look as if they were absent.
    """
    for name in _EXTRAS:
        # Python documents None for a package that cannot be imported.
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    gc.disable()
    import tensorflow as tf

    assert tf.lite.TFLiteConverter  # Imported when it is first asked for.
    gc.freeze()
    gc.enable()
