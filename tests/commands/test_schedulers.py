"""The files for schedulers under docs/ are well-formed, and their commands are ones that exist."""

import re
import shlex
import subprocess
from pathlib import Path

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
    assert "requeue" in given
