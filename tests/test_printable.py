import pytest

from zoo.printable import printable

OSC_52 = "\x1b]52;c;Z28=\x07"


@pytest.mark.parametrize(
    "text",
    [
        OSC_52,
        "\x9b31m",
        "a\rb",
        "\x7f",
        "\x00",
        "cat\u202egpj",
        "\u2066x\u2069",
        "a\u2028b",
        "\udcff",
    ],
)
def test_what_steers_a_terminal_is_replaced_letter_by_letter(text):
    plain = printable(text)
    assert "\N{REPLACEMENT CHARACTER}" in plain
    assert len(plain) == len(text)
    assert plain.replace("\N{REPLACEMENT CHARACTER}", "").isprintable()


@pytest.mark.parametrize(
    "text", ["猫", "👩\u200d👩\u200d👧", "naïve", "می\u200cخواهم", "two\nlines\tof", "$x^$", ""]
)
def test_other_text_is_left_as_it_is(text):
    assert printable(text) == text
