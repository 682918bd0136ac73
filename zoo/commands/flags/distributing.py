"""The flags for the devices and machines of a training."""

from __future__ import annotations

from absl import flags


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
