"""Which device trains, for a person."""

from __future__ import annotations

import os

import keras


def device_in_words(*, several: bool = False) -> str:
    """Returns the device that a training uses, such as "the CPU (2 cores)" or "NVIDIA H200".

    Args:
        several: Whether it uses all accelerators, not only the first.
    """
    names = _accelerators()
    if not names:
        affinity = getattr(os, "sched_getaffinity", None)  # Linux only.
        cores = len(affinity(0)) if affinity else os.cpu_count() or 1
        return f"the CPU ({cores} core{'s' if cores > 1 else ''})"
    if several and len(names) > 1:
        return f"{len(names)} devices ({names[0]})"
    return names[0]


def _accelerators() -> list[str]:
    """Returns the names of GPUs and TPUs that the backend sees."""
    if keras.backend.backend() == "jax":
        import jax

        return [device.device_kind for device in jax.devices() if device.platform != "cpu"]
    import tensorflow as tf

    gpus = tf.config.get_visible_devices("GPU")
    details = map(tf.config.experimental.get_device_details, gpus)
    names = [str(facts.get("device_name", "a GPU")) for facts in details]
    return names + ["TPU" for _ in tf.config.list_logical_devices("TPU")]
