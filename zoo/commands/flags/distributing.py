"""The flags that tell on which devices and machines a training runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags
from rich.console import Console

from zoo.quiet import check_backend, quiet

if TYPE_CHECKING:
    from zoo.training.distribution.distribution import Distribution


def define_distribution(values: flags.FlagValues) -> None:
    """Adds the flags to those of a command."""
    flags.DEFINE_enum(
        "distribution", "none", ["none", "mirrored", "multiworker", "tpu"],
        "none: one device; mirrored: all GPUs of this machine, under JAX too; multiworker: "
        "with the other processes of a cluster; tpu", flag_values=values,
    )  # fmt: skip
    flags.DEFINE_enum(
        "cluster", "tf_config", ["tf_config", "slurm"],
        "multiworker: who tells the workers' addresses", flag_values=values,
    )  # fmt: skip
    flags.DEFINE_float(
        "worker_timeout", 600.0, "multiworker: seconds to wait for the others at the start",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "tpu", "", "tpu: its name or address; default the one of this machine", flag_values=values
    )


def join(values: flags.FlagValues, terminal: Console) -> Distribution:
    """Joins the training that those flags describe. Nothing may have used TensorFlow before."""
    check_backend()
    with quiet():
        from zoo.training.distribution.cluster import open_distribution
    distribution = open_distribution(
        values.distribution,
        cluster=values.cluster,
        tpu=values.tpu,
        timeout=values.worker_timeout,
        tell=terminal.print,
    )
    if values.distribution != "none":
        terminal.print(distribution.text)
    return distribution
