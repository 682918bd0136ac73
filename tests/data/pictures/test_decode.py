import io

import numpy as np
import pytest
from PIL import Image

from zoo.checkpoints.card import Input
from zoo.data.pictures.decode import BrokenPictureError, decode_picture, open_picture, picture_size

FORM = Input(shape=(32, 32, 3), mean=(), std=())
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def encoded(picture, form="PNG", **options):
    content = io.BytesIO()
    picture.save(content, form, **options)
    return content.getvalue()


def halves(mode="RGB", left=RED, right=BLUE):
    """32×32: the left half of one colour, the right of another."""
    picture = Image.new(mode, (32, 32), left)
    picture.paste(right, (16, 0, 32, 32))
    return picture


def with_key():
    picture = halves("P", 0, 1)
    picture.putpalette([*RED, *BLUE])
    return picture


CMYK = Image.merge("CMYK", [Image.new("L", (32, 32), value) for value in (0, 255, 255, 0)])
DEEP = Image.fromarray(np.tile(np.repeat([0, 257 * 128], 16), (32, 1)).astype(np.uint16))
CASES = {
    "grey": (encoded(halves("L", 10, 200)), (10, 10, 10), (200, 200, 200)),
    "grey JPEG": (encoded(halves("L", 10, 200), "JPEG"), (10, 10, 10), (200, 200, 200)),
    "one bit": (encoded(halves("1", 0, 1)), (0, 0, 0), WHITE),
    "16 bits": (encoded(DEEP), (0, 0, 0), (128, 128, 128)),
    "alpha": (encoded(halves("RGBA", (*RED, 255), (*BLUE, 0))), RED, WHITE),
    "half alpha": (encoded(halves("RGBA", (*RED, 128), (*BLUE, 255))), (255, 127, 127), BLUE),
    "grey with alpha": (encoded(halves("LA", (90, 255), (90, 0))), (90, 90, 90), WHITE),
    "palette": (encoded(with_key()), RED, BLUE),
    "palette with a transparent colour": (encoded(with_key(), transparency=1), RED, WHITE),
    "GIF": (encoded(with_key(), "GIF"), RED, BLUE),
    "BMP": (encoded(halves(), "BMP"), RED, BLUE),
    "WebP": (encoded(halves(), "WEBP", lossless=True), RED, BLUE),
    "JPEG": (encoded(halves(), "JPEG", quality=98), RED, BLUE),
    "CMYK": (encoded(CMYK, "JPEG", quality=98), RED, RED),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_seen(case):
    content, left, right = CASES[case]
    pixels = decode_picture(content, FORM)
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8
    # JPEG is off by a little, and mixes colours where they meet.
    np.testing.assert_allclose(pixels[16, 4], left, atol=4)
    np.testing.assert_allclose(pixels[16, 28], right, atol=4)


# Orientation: where the red half of the stored picture is to be seen.
TURNED = {
    1: "left",
    2: "right",
    3: "right",
    4: "left",
    5: "top",
    6: "top",
    7: "bottom",
    8: "bottom",
}


@pytest.mark.parametrize("orientation", TURNED)
def test_exif_turns_it_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.asarray(open_picture(encoded(halves(), "PNG", exif=exif)).convert("RGB"))
    sides = {
        "left": pixels[8:24, 2], "right": pixels[8:24, 29],
        "top": pixels[2, 8:24], "bottom": pixels[29, 8:24],
    }  # fmt: skip
    assert [name for name, side in sides.items() if (side == RED).all()] == [TURNED[orientation]]


def test_an_animation_gives_its_first_picture():
    frames = [Image.new("RGB", (32, 32), colour) for colour in (RED, BLUE)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (decode_picture(content, FORM) == RED).all()


JPEG = encoded(Image.effect_noise((64, 64), 90).convert("RGB"), "JPEG")
PNG = encoded(Image.effect_noise((64, 64), 90).convert("RGB"))
BROKEN = {
    "empty": (b"", "the file is empty"),
    "text": (b"not a picture", "not a JPEG, PNG, GIF, BMP or WebP picture"),
    "cut JPEG": (JPEG[: len(JPEG) // 2], "truncated"),
    "cut PNG": (PNG[: len(PNG) // 2], "truncated"),
    "PNG with a broken chunk": (PNG[:60] + b"\xff" * 8 + PNG[68:], "broken data stream"),
    "a format that is not ours": (encoded(halves(), "TIFF"), "not a JPEG"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_say_why(case):
    content, reason = BROKEN[case]
    with pytest.raises(BrokenPictureError, match=reason) as caught:
        decode_picture(content, FORM)
    assert str(caught.value)


def test_a_file_and_its_size(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(halves().resize((40, 20))))
    assert picture_size(path) == (20, 40)
    assert picture_size(b"no") is None
    assert decode_picture(path, FORM).shape == (32, 32, 3)
