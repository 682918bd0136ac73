"""Pictures of squares that tests make: the size of a white one, and the colours of small ones."""

import csv

import numpy as np
from PIL import Image

COLOURS = ("red", "green", "blue")


def write_squares(folder, count=200):
    """Writes FOLDER/pictures/NUMBER.png and FOLDER/labels.csv.

    Its columns are id (no suffix), side (of the white square), red, green, blue (1 if there is such
    a square), and colours (their names, with "|" between).
    """
    (folder / "pictures").mkdir(parents=True)
    random, rows = np.random.default_rng(0), []
    for number in range(count):
        pixels = random.normal(90, 20, (32, 32, 3))
        side = int(random.integers(4, 20))
        top, left = random.integers(0, 32 - side, 2)
        pixels[top : top + side, left : left + side] = 230
        shown = random.random(3) < (0.5, 0.4, 0.25)
        for colour in np.flatnonzero(shown):
            top, left = random.integers(0, 24, 2)
            pixels[top : top + 8, left : left + 8] = 255 * np.eye(3)[colour]
        name = f"{number:04}"
        picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        picture.save(folder / "pictures" / f"{name}.png")
        named = "|".join(np.array(COLOURS)[shown])
        rows.append((name, 2.5 * side + 10, *map(int, shown), named))
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "side", *COLOURS, "colours"), *rows])
    return folder
