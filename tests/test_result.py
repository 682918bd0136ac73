"""A result is readable in a terminal and in a notebook, whatever names it contains."""

from zoo.result import Result, TextTable


class Found(Result):
    tables = (
        TextTable("Per class", ("class", "f1"), (("cat", "0.5"), ("a longer name", "1"))),
        TextTable("", ("<b>",), (("\x1b]52;c;aGk=\x07 & co",),)),
    )
    lines = ("done", "<script>")


def test_as_text():
    assert str(Found()).splitlines() == [
        "Per class",
        "class           f1",
        "cat            0.5",
        "a longer name    1",
        "<b>",
        "\N{REPLACEMENT CHARACTER}]52;c;aGk=\N{REPLACEMENT CHARACTER} & co",
        "done",
        "<script>",
    ]


def test_as_html():
    html = Found()._repr_html_()
    assert "<h4>Per class</h4><div class='wide'><table>" in html
    assert "&lt;b&gt;" in html
    assert "&amp; co" in html
    assert html.endswith("<p>done</p><p>&lt;script&gt;</p>")


def test_pictures_are_in_the_html_itself(tmp_path):
    class Drawn(Result):
        pictures = (tmp_path / "there.png", tmp_path / "gone.png")

    (tmp_path / "there.png").write_bytes(b"png")
    assert Drawn()._repr_html_() == "<img src='data:image/png;base64,cG5n' alt='there'>"
    assert str(Drawn()) == ""


def test_of_nothing():
    assert str(Result()) == Result()._repr_html_() == ""
