"""Pictures of more than 8 bits: what is refused, and what is said of dark ones."""

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures.test_decode import encoded
from zoo.data.pictures.decode import BrokenPictureError, brightest, open_picture
from zoo.data.pictures.sampled import dim_note
from zoo.data.sources import load_dataset


def deep(low, high, kind, form="TIFF"):
    """A picture of two rows, the numbers `low` and `high`."""
    return encoded(Image.fromarray(np.repeat([[low], [high]], 40, axis=1).astype(kind)), form)


READ = {
    "16 bits": (deep(0, 65_535, np.uint16, "PNG"), 255),
    "16 bits, in half the range": (deep(0, 257 * 100, np.uint16), 100),
    "16 bits, the other way round": (deep(0, 65_535, ">u2"), 255),
    "16 bits, nearly black": (deep(0, 4095, np.uint16, "PNG"), 16),
    "16 bits, black": (deep(0, 0, np.uint16), 0),
    "32 bits as 16": (deep(0, 65_535, np.int32), 255),
    "32 bits, black": (deep(0, 0, np.int32), 0),
    "32 bits, a little more than 8": (deep(0, 257, np.int32), 1),
}


@pytest.mark.parametrize("case", READ)
def test_brightness_of_16_bits_is_read(case):
    content, brightest_of_8 = READ[case]
    assert np.asarray(open_picture(content)).max() == brightest_of_8
    assert round(255 * brightest(content)) == brightest_of_8


BROKEN = {
    "8 bits in 32": (deep(0, 255, np.int32), "of 32 bits and go up to 255 only"),
    "labels of a mask in 32": (deep(0, 3, np.int32), "go up to 3 only"),
    "densities": (deep(-1000, 3000, np.int32), "from -1,000 to 3,000, no brightness of 16 bits"),
    "with a sign": (deep(-5, 32_000, np.int16), "from -5 to 32,000, no brightness"),
    "more than 16 bits": (deep(0, 65_536, np.int32), "from 0 to 65,536, no brightness"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_other_numbers_are_broken(case):
    content, reason = BROKEN[case]
    with pytest.raises(BrokenPictureError, match=reason):
        open_picture(content)


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.parametrize(
    ("pictures", "count"),
    [
        ([deep(0, 4095, np.uint16)] * 3, "3 of 3"),
        ([deep(0, 4095, np.uint16, "PNG"), deep(0, 4096, np.uint16)], "1 of 2"),
        ([deep(0, 4095, ">u2"), deep(0, 900, np.int32)], "2 of 2"),
        ([deep(0, 4095, np.uint16)] * 99 + [deep(0, 65_535, np.uint16)], "63 of 64"),
        ([deep(0, 4096, np.uint16)] * 3, None),
        ([encoded(Image.new("L", (9, 9), 3)), encoded(Image.new("RGB", (9, 9)))], None),
        ([b"broken", deep(0, 4095, np.uint16)[:30]], None),
    ],
    ids=["all", "one", "other kinds", "many", "bright enough", "8 bits", "broken"],
)
def test_pictures_that_use_little_of_their_range_are_counted(pictures, count):
    notes = dim_note(pictures)
    assert len(notes) == (count is not None)
    assert all(note.startswith(f"{count} pictures of 16 bits") for note in notes)


def test_a_folder_of_12_bits_says_so(tmp_path):
    for label, value in (("a", 1000), ("b", 4000)):
        (tmp_path / label).mkdir()
        for number in range(10):
            pixels = np.full((32, 32), value + number, np.uint16)
            Image.fromarray(pixels).save(tmp_path / label / f"{number}.png")
    (note,) = load_dataset(str(tmp_path)).notes
    assert "20 of 20 pictures of 16 bits that were looked at are nearly black" in note
    assert "if their numbers have 12 bits, multiply them by 16" in note
