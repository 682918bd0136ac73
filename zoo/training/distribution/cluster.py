"""Finds the devices and the other processes of a training."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import keras

from zoo.errors import RequestError
from zoo.quiet import import_keras
from zoo.registry import unknown
from zoo.training.distribution.distribution import ALONE, Distribution
from zoo.training.distribution.rendezvous import await_workers

if TYPE_CHECKING:
    import tensorflow as tf

Kind: TypeAlias = Literal["none", "mirrored", "multiworker", "tpu"]
Cluster: TypeAlias = Literal["tf_config", "slurm"]

_SLURM_PORT = 8888  # Of the first task on a machine; the next tasks use the next ports.


def open_distribution(
    kind: Kind,
    *,
    cluster: Cluster = "tf_config",
    tpu: str = "",
    timeout: float = 600.0,
    tell: Callable[[str], None] = lambda text: None,
) -> Distribution:
    """Joins a training on several devices.

    With several workers, this must come before all other work with TensorFlow.

    Args:
        kind: "none": this process on one device; "mirrored": on all of its GPUs; "multiworker":
            with the other processes of the cluster; "tpu".
        cluster: Where the addresses of the workers come from: the variable TF_CONFIG, or Slurm's
            variables.
        tpu: Name or address of the TPU; "" on a TPU machine itself.
        timeout: Seconds to wait for the other workers; 0: they must be there already.
        tell: Called from time to time with the workers that are still missing, and then with
            the devices.

    Raises:
        RequestError: An argument is wrong, the backend does not fit, or the addresses are missing.
        StoppedError: Other workers did not answer in time.
    """
    for value, known in ((kind, get_args(Kind)), (cluster, get_args(Cluster))):
        if value not in known:
            raise RequestError(unknown("distribution or cluster", value, list(known)))
    if not 0 <= timeout < math.inf:  # Refuses NaN too.
        raise RequestError(f"--worker_timeout must be seconds from 0 up, not {timeout}")
    joined = ALONE if kind == "none" else _join(kind, cluster, tpu, timeout, tell)
    if kind != "none":
        tell(joined.text)
    import_keras()  # This finds the devices; a distribution has to be set before.
    return joined


def _join(
    kind: Kind, cluster: Cluster, tpu: str, timeout: float, tell: Callable[[str], None]
) -> Distribution:
    backend = keras.backend.backend()
    if backend == "jax" and kind == "mirrored":
        from zoo.training.distribution.sharded import WholeBatches

        devices = WholeBatches(auto_shard_dataset=False)
        keras.distribution.set_distribution(devices)
        return Distribution(devices=devices)
    if backend != "tensorflow":
        raise RequestError(
            f"--distribution={kind} is TensorFlow's; with KERAS_BACKEND={backend} leave it out"
        )
    import tensorflow as tf

    # TensorFlow would warn that the few collectives outside of a step are slow.
    tf.get_logger().setLevel("ERROR")
    if kind == "mirrored":
        return Distribution(tf.distribute.MirroredStrategy())
    if kind == "tpu":
        return Distribution(_tpu_strategy(tpu))
    addresses, worker = _addresses(cluster)
    await_workers(addresses, worker, timeout, tell)
    joined = Distribution(worker=worker, workers=len(addresses))
    with joined.lost_workers_named():
        return replace(joined, strategy=tf.distribute.MultiWorkerMirroredStrategy())


def _addresses(cluster: str) -> tuple[list[str], int]:
    """Returns "host:port" of each worker, and which of them this is; sets TF_CONFIG for Slurm."""
    if cluster == "slurm":
        os.environ["TF_CONFIG"] = _slurm_config()
    text = os.environ.get("TF_CONFIG", "")
    example = '{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}'
    try:
        config = json.loads(text)
        workers, task = config["cluster"]["worker"], config["task"]
        index = int(task["index"])
        if not 0 <= index < len(workers):
            raise ValueError(f"its index {index} is none of {len(workers)} workers")
        if task["type"] != "worker" or set(config["cluster"]) != {"worker"}:
            raise ValueError("all tasks have to be of type worker")
    except (ValueError, KeyError, TypeError) as error:
        reason = f"it is {text!r}: {error}" if text else "it is not set"
        raise RequestError(
            f"--distribution=multiworker reads the variable TF_CONFIG, as in {example}; {reason}"
        ) from error
    return workers, index


def _slurm_config() -> str:
    """Returns the TF_CONFIG of this task of a Slurm step, in which each task is a worker."""
    import tensorflow as tf

    try:
        tasks = int(os.environ.get("SLURM_STEP_NUM_TASKS", "1"))
        # Slurm decides which GPUs a task sees: `srun --gpus-per-task`. Their numbers are ignored.
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=_SLURM_PORT, gpus_per_node=tasks, gpus_per_task=1, auto_set_gpu=False
        )
        workers = resolver.cluster_spec().as_dict()["worker"]
        # Not SLURM_PROCID, since the addresses are sorted as text: node10 comes before node9.
        port = _SLURM_PORT + int(os.environ["SLURM_LOCALID"])
        index = workers.index(f"{os.environ['SLURMD_NODENAME']}:{port}")
    except (RuntimeError, KeyError, ValueError) as error:
        raise RequestError(f"--cluster=slurm: {error}; start it with srun") from error
    return json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}})


def _tpu_strategy(name: str) -> tf.distribute.Strategy:
    import tensorflow as tf

    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise RequestError(f"--distribution=tpu: there is no TPU {name!r}: {error}") from error
    return tf.distribute.TPUStrategy(resolver)
