"""Imports stay cheap: TensorFlow is imported only when a model is built."""

import pytest

HEAVY = "heavy = [m for m in ('tensorflow', 'keras', 'jax', 'matplotlib') if m in sys.modules]"


@pytest.mark.parametrize(
    "statement",
    [
        "import zoo",
        "import zoo; zoo.list_models(); zoo.list_checkpoints(); zoo.blocks; zoo.Card",
        "import zoo; zoo.benchmark; zoo.embed; zoo.evaluate; zoo.export; zoo.predict; zoo.push",
        "import zoo; zoo.search; zoo.compare; zoo.gradients; zoo.landscape; zoo.units",
        "import export; export.TARGETS; export.ExportError; export.Report; export.GateFailure",
        "import importlib, pkgutil, zoo.commands; "
        "modules = pkgutil.iter_modules(zoo.commands.__path__, 'zoo.commands.'); "
        "[importlib.import_module(module.name) for module in modules]",
        "from zoo.commands.main import main; main(['export', '--checkpoint=resnet81'])",
        # The processes that an export starts, many times.
        "import export.checks.prove, export.checks.run, export.checks.layers, export.checks.mixed, "
        "export.checks.last_result, export.tflite.convert, export.tflite.inspect",
        "from zoo.commands.main import main; main(['list'])",
        "from zoo.commands.main import main; main(['show', 'resnet8.digits'])",
        "from zoo.commands.main import main; main(['train', '--model=resnet81'])",
        "from zoo.commands.main import main; main(['gradients', '--model=resnet81'])",
    ],
)
def test_does_not_import_tensorflow(python, statement):
    assert python(f"import sys; {statement}; {HEAVY}; print('heavy:', heavy)").endswith(
        "heavy: []\n"
    )


def test_a_process_that_converts_is_spared_what_it_does_not_need(python):
    said = python(
        "import gc, sys; from export.tflite.start import start_tensorflow; start_tensorflow(); "
        "spared = [sys.modules[name] for name in ('matplotlib', 'scipy', 'sklearn')]; "
        "gc.collect(); print(spared, gc.isenabled(), gc.get_freeze_count() > len(gc.get_objects()))"
    )
    assert said == "[None, None, None] True True\n"


def test_pictures_are_predicted_without_what_others_need(python):
    said = python(
        "import sys, zoo.commands.predict; from zoo.artifacts.predicting import inputs; "
        "inputs.kind_of(None); others = ('safetensors', 'soundfile', 'zoo.data.tables.csv', "
        "'zoo.artifacts.predicting.rows'); "
        "print('others:', [name for name in others if name in sys.modules])"
    )
    assert said.endswith("others: []\n")


def test_public_names_are_there():
    import zoo

    assert {name for name in zoo.__all__ if getattr(zoo, name) is None} == set()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        zoo.nothing  # noqa: B018
