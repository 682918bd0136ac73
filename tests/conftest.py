"""Fixtures of many tests: quiet TensorFlow, a small data set, a shipped checkpoint."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub_on_loopback import hub, hub_environment  # noqa: F401
from tests.warm_children import WarmChildren

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # As zoo sets it, were export tested first.
os.environ.setdefault("VK_DRIVER_FILES", "none")  # A GPU takes seconds; its own tests look for one.

ROOT = Path(__file__).parent.parent

gc.disable()  # What the test files import stays; looking for garbage among it takes seconds.


def pytest_collection_finish():
    gc.freeze()
    gc.set_threshold(5_000)  # Models are large heaps of small objects.
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _no_power_cut():
    """Waits for no disk: 8 ms a file, for what no test can see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _warm_children():
    """Runs children in forks of two processes, which import their packages once for all tests."""
    import export.child

    children = WarmChildren()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export.child, "subprocess", children)
        yield
    children.close()


@pytest.fixture(scope="session", autouse=True)
def _provers_where_asked(request):
    """Hides the software of devices, if no test of this run is about it: a minute an export."""
    marks = {mark.name for item in request.session.items for mark in item.iter_markers()}
    with pytest.MonkeyPatch.context() as patch:
        if not marks & {"provers", "slow"}:
            from export.checks.prove import PROVERS

            for package in filter(None, (prover.package for prover in PROVERS.values())):
                patch.setitem(sys.modules, package, None)
        yield


@pytest.fixture(scope="session")
def digits():
    """The digits at 32×32, cut down to 128 training and 64 other examples."""
    from zoo.data.dataset import balanced_sample
    from zoo.data.sources import load_dataset

    whole = load_dataset("digits")
    return whole.with_splits(
        train=balanced_sample(whole.train, 128),
        validation=balanced_sample(whole.validation, 64),
        test=balanced_sample(whole.test, 64),
    )


@pytest.fixture(scope="session")
def shipped():
    """A small pretrained checkpoint that ships."""
    import zoo

    return zoo.load("resnet8.digits")


@pytest.fixture(scope="session")
def export_of_digits(tmp_path_factory):
    """That checkpoint exported for cpu, and as a SavedModel: what `zoo.export` returns."""
    import zoo

    output = tmp_path_factory.mktemp("exports") / "digits"
    return zoo.export("resnet8.digits", targets=["cpu"], output=output)


@pytest.fixture(scope="session")
def exported_digits(export_of_digits):
    """The folder of that export."""
    return export_of_digits.folder


@pytest.fixture
def python():
    """Runs a Python text in a process of its own and returns what it printed."""

    def run(text: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def zoo_command(capsys):
    """Runs `zoo ...` in this process; returns exit code, standard output and standard error."""
    from zoo.commands.main import main

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
