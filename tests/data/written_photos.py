"""Small photo folders that tests make for themselves."""

import numpy as np
from PIL import Image

COLOURS = {"red": (220, 40, 30), "green": (30, 200, 60), "blue": (40, 60, 220)}


def photo(label, seed, size=(40, 48)):
    """A noisy picture of one colour, (height, width)."""
    noise = np.random.default_rng(seed).normal(0, 25, (*size, 3))
    return Image.fromarray(np.clip(np.array(COLOURS[label]) + noise, 0, 255).astype(np.uint8))


def write_photos(folder, counts, suffix=".png", first=0, size=(40, 48)):
    """Writes FOLDER/CLASS/NUMBER.png, so many of each class."""
    for label, count in counts.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for seed in range(first, first + count):
            photo(label, seed, size).save(folder / label / f"{seed:03}{suffix}")
    return folder
