"""Keras is imported without what a command does not need."""

from __future__ import annotations

import gc
import importlib.util
import json
import sys

import pytest

from zoo.quiet import _no_search_for_garbage, _without


def test_a_package_is_hidden_until_the_end():
    with _without(["no_such_package", "this"]):
        with pytest.raises(ImportError):
            importlib.import_module("this")
        assert importlib.util.find_spec("this") is None
    assert "this" not in sys.modules
    assert importlib.util.find_spec("this") is not None


def test_what_is_imported_already_stays():
    with _without(["json"]):
        assert sys.modules["json"] is json
    assert sys.modules["json"] is json


def test_a_program_of_its_own_keeps_the_extras_of_keras(python):
    said = python(
        "import sys, zoo.quiet as quiet; print('hidden:', quiet._of_command); "
        "from zoo.commands.main import main; main(['show', 'resnet8.digits']); "
        "print('hidden:', quiet._of_command)"
    )
    assert [line for line in said.splitlines() if line.startswith("hidden")] == [
        "hidden: False",
        "hidden: True",
    ]


@pytest.mark.parametrize("searched", [True, False])
def test_garbage_is_searched_again_afterwards(searched):
    before = gc.isenabled()
    try:
        (gc.enable if searched else gc.disable)()
        with _no_search_for_garbage():
            assert not gc.isenabled()
        assert gc.isenabled() == searched
    finally:
        (gc.enable if before else gc.disable)()
