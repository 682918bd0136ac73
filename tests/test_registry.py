import pytest

from zoo.errors import RequestError
from zoo.registry import Registry


@pytest.fixture
def fruits():
    registry = Registry("fruit")
    for name in ("apple", "pear", "pineapple"):
        registry.register(name)(name.upper())
    return registry


def test_gives_what_was_registered(fruits):
    assert fruits.get("pear") == "PEAR"
    assert "pear" in fruits
    assert "plum" not in fruits


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", ["apple", "pear", "pineapple"]),
        ("*apple", ["apple", "pineapple"]),
        ("PEAR", ["pear"]),
        ("p?ar", ["pear"]),
        ("plum", []),
    ],
)
def test_lists_by_pattern(fruits, pattern, expected):
    assert fruits.list(pattern) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("appel", "unknown fruit 'appel'; did you mean 'apple' or 'pineapple'?"),
        ("Pear", "unknown fruit 'Pear'; did you mean 'pear'?"),
        ("zzz", "unknown fruit 'zzz'; known: apple, pear, pineapple"),
    ],
)
def test_unknown_name_is_answered_with_the_nearest(fruits, name, message):
    with pytest.raises(RequestError) as error:
        fruits.get(name)
    assert str(error.value) == message


def test_refuses_a_duplicate_and_keeps_the_first(fruits):
    with pytest.raises(RequestError, match="fruit 'pear' is taken"):
        fruits.register("pear")("other")
    assert fruits.get("pear") == "PEAR"


def test_imports_its_modules_at_the_first_look_up():
    assert Registry("x", modules=("no_such_module",)) is not None
    with pytest.raises(ModuleNotFoundError):
        Registry("x", modules=("no_such_module",)).list()


@pytest.mark.slow
def test_a_name_of_a_built_in_thing_is_refused_even_before_the_first_look_up(python):
    text = """
import zoo
try:
    zoo.blocks.register("basic")
    zoo.blocks.register("basic")(None)
except zoo.RequestError as error:
    print(error)
"""
    assert "block 'basic' is taken" in python(text)
