"""Pictures as they are in their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from zoo.data.dataset import Split
from zoo.data.pictures.decode import open_picture
from zoo.errors import RequestError
from zoo.training.report.outcome import Outcome


def original(outcome: Outcome, index: int, split: Split | None = None) -> Image.Image | np.ndarray:
    """Returns a picture of a split, by default of the test split, as it is in its file.

    A model may take it smaller, or only a part of it. If the file is not known or not there, as
    that of an archive, it is returned as the model takes it: (height, width, channels).
    """
    split = outcome.test if split is None else split
    prepared: np.ndarray = split.x[index]
    source = outcome.learnt.source
    data = Path(source.get("data", ""))
    if split.names is None or not source or not data.exists():
        return prepared
    folder = Path(source.get("folder", data if data.is_dir() else data.parent))
    try:
        return open_picture(folder / str(split.names[index]))
    except (RequestError, OSError):
        return prepared
