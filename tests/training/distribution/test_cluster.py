import pytest

from tests.training.workers import free_ports, tf_config
from zoo.errors import RequestError, StoppedError
from zoo.training.distribution.cluster import _addresses, open_distribution
from zoo.training.distribution.distribution import ALONE


def test_one_process_alone():
    assert open_distribution("none") is ALONE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "reads the variable TF_CONFIG, as in .*; it is not set"),
        ("{", "it is '{'"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "its index 1"),
        ('{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}', "host:port"),
        ('{"cluster": {"ps": ["a:1"], "worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}',
         "all tasks have to be of type worker"),
    ],
)  # fmt: skip
def test_a_wrong_cluster_is_named(monkeypatch, text, message):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(RequestError, match=message):
        open_distribution("multiworker")


def test_slurm_without_slurm_is_named(monkeypatch):
    monkeypatch.delenv("SLURM_STEP_NUM_TASKS", raising=False)
    with pytest.raises(RequestError, match=r"--cluster=slurm: .*; start it with srun"):
        open_distribution("multiworker", cluster="slurm")


def test_slurm_tells_the_workers(monkeypatch):
    for name, value in {
        "PROCID": "1", "LOCALID": "1", "STEP_NUM_TASKS": "3", "STEP_NODELIST": "localhost",
        "STEP_TASKS_PER_NODE": "3",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("SLURMD_NODENAME", "localhost")
    monkeypatch.setenv("TF_CONFIG", "")
    message = "worker 1 waited 0.5 s for worker 0 at localhost:8888, worker 2 at localhost:8890,"
    with pytest.raises(StoppedError, match=message):
        open_distribution("multiworker", cluster="slurm", timeout=0.5)


@pytest.mark.parametrize(("rank", "node"), [(0, 8), (1, 9), (2, 10), (3, 11)])
def test_a_task_of_slurm_is_the_worker_at_its_own_address(monkeypatch, rank, node):
    for name, value in {
        "SLURM_PROCID": str(rank), "SLURM_LOCALID": "0", "SLURM_STEP_NUM_TASKS": "4",
        "SLURM_STEP_NODELIST": "node[8-11]", "SLURM_STEP_TASKS_PER_NODE": "1(x4)",
        "SLURMD_NODENAME": f"node{node}",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TF_CONFIG", "")
    addresses, worker = _addresses("slurm")
    assert addresses == [f"node{number}:8888" for number in (10, 11, 8, 9)]
    assert addresses[worker] == f"node{node}:8888"


def test_a_worker_alone_says_whom_it_waited_for(monkeypatch):
    ports = free_ports(2)
    monkeypatch.setenv("TF_CONFIG", tf_config(ports, 0))
    message = f"waited 0.5 s for worker 1 at 127.0.0.1:{ports[1]}, which did not answer"
    with pytest.raises(StoppedError, match=message):
        open_distribution("multiworker", timeout=0.5)
