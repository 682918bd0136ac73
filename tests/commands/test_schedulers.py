"""The files for schedulers under docs/ are well-formed, and their commands are ones that exist."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from zoo.commands.train import FLAGS

DOCS = Path(__file__).parent.parent.parent / "docs"


def flags_of(arguments):
    FLAGS.unparse_flags()
    assert FLAGS(["zoo train", *arguments]) == ["zoo train"]
    return FLAGS


def test_kubernetes():
    (job,) = yaml.safe_load_all((DOCS / "kubernetes.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v1", "TFJob")
    worker = job["spec"]["tfReplicaSpecs"]["Worker"]
    assert worker["restartPolicy"] == "ExitCode"
    pod = worker["template"]["spec"]
    (container,) = pod["containers"]
    assert container["name"] == "tensorflow"  # The operator looks for that name.
    assert container["command"][:2] == ["zoo", "train"]
    assert flags_of(container["command"][2:]).distribution == "multiworker"
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["volumes"]}


def test_slurm():
    script = DOCS / "slurm.sh"
    subprocess.run(["bash", "-n", script], check=True)
    text = script.read_text().replace("\\\n", " ")
    command = re.search(r"zoo train (.*?)\|\|", text).group(1)
    values = flags_of(shlex.split(command))
    assert (values.distribution, values.cluster) == ("multiworker", "slurm")
    given = dict(re.findall(r"^#SBATCH --([a-z-]+)(?:=(.*))?$", text, re.M))
    assert given["nodes"] == "4"
    assert given["signal"] == "TERM@120"  # Without "B:": to the tasks, not to this script.
    assert "requeue" in given


@pytest.mark.parametrize(
    ("code", "restarts", "requeued"),
    [(0, 0, False), (2, 0, False), (130, 0, True), (137, 99, True), (130, 100, False)],
)
def test_slurm_queues_again_what_was_stopped(tmp_path, code, restarts, requeued):
    for name, text in (
        ("srun", f'printf "%s\n" "$@" > {tmp_path}/given; exit {code}'),
        ("scontrol", f"echo $* > {tmp_path}/requeued"),
    ):
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "SCRATCH": "/scratch", "SLURM_JOB_ID": "7",
        "SLURM_CPUS_PER_TASK": "32", "SLURM_RESTART_COUNT": str(restarts),
    }  # fmt: skip
    done = subprocess.run(["bash", DOCS / "slurm.sh"], env=environment, check=False)
    assert done.returncode == (0 if requeued else code)
    asked = tmp_path / "requeued"
    assert (asked.read_text() if asked.exists() else "") == ("requeue 7\n" if requeued else "")
    assert "--cpus-per-task=32" in (tmp_path / "given").read_text().splitlines()
