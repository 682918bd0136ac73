"""A full disk, simulated by a limit on the size of files."""

import os
import resource
import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--model=residual_mlp", "--epochs=1", "--batch_size=512", "--output=out"],
        ["export", "--checkpoint=resnet8.digits", "--targets=cpu", "--output=out"],
    ],
    ids=["train", "export"],
)
@pytest.mark.slow
def test_is_one_line_and_leaves_nothing_half_written(tmp_path, arguments):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [sys.executable, "-m", "zoo.commands.main", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("zoo: ")
    left = {path.name for path in tmp_path.rglob("*")}
    assert left <= {"out", "run.json"}
