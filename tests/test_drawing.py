import warnings

import matplotlib
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from zoo.drawing import drawn
from zoo.printable import printable


@pytest.mark.parametrize(
    "name",
    [
        "$",
        "$x^$",
        r"$\frac{1}{$ and $_$",
        "\\$",
        "猫 数字",
        "👩\u200d👧",
        "\x1b]52;c;x\x07",
        "\udcff",
        "%s {0}",
    ],
)
def test_any_name_can_be_drawn_anywhere(tmp_path, name):
    path = tmp_path / "picture.png"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with drawn(path, 4, 3) as figure:
            figure.suptitle(name)
            axes = figure.subplots()
            axes.plot([1, 2], label=name)
            axes.set_xticks([0, 1], [printable(name)] * 2)
            axes.set(xlabel=name, title=name)
            axes.legend(title=name)
            axes.text(0, 1, name)
    with Image.open(path) as picture:
        assert picture.size == (480, 360)


def test_a_formula_is_drawn_as_it_is_written(tmp_path):
    """Its picture is the one of the same letters where formulas are off, not of a formula."""
    with drawn(tmp_path / "a.png", 4, 3) as figure:
        text = figure.text(0.5, 0.5, "$x^2$")
    assert not text.get_parse_math()


def test_the_user_s_own_pictures_keep_their_formulas(tmp_path):
    before = dict(matplotlib.rcParams)
    with drawn(tmp_path / "a.png", 4, 3) as figure:
        figure.text(0, 0, "a")
    assert dict(matplotlib.rcParams) == before
    assert Figure().text(0, 0, "$x$").get_parse_math()


def test_nothing_half_drawn_is_left(tmp_path):
    with pytest.raises(KeyError), drawn(tmp_path / "a.png", 4, 3):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("low", "high"), [(1e-9, 1e-7), (1e-3, 1e3), (1, 5), (1e6, 1e12)])
def test_a_logarithmic_axis_has_no_formula_for_a_number(tmp_path, low, high):
    from zoo.analysis.gradients.pictures import log_axis

    with drawn(tmp_path / "a.png", 4, 3) as figure:
        axes = figure.subplots()
        axes.plot([low, high])
        log_axis(axes)
    shown = [text.get_text() for text in figure.findobj(Text)]
    assert any(shown)
    assert not any("$" in text for text in shown)
