"""Real processes on loopback that train together."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def free_ports(count: int) -> list[int]:
    """Finds ports that nothing listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def tf_config(ports: Sequence[int], worker: int) -> str:
    """Describes a cluster of workers on loopback to one of them."""
    addresses = [f"127.0.0.1:{port}" for port in ports]
    return json.dumps(
        {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": worker}}
    )


def start_workers(count: int, *arguments: str) -> list[subprocess.Popen]:
    """Starts `python ARGUMENTS` as each worker of a cluster."""
    ports = free_ports(count)
    return [
        subprocess.Popen(
            [sys.executable, *arguments],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "CUDA_VISIBLE_DEVICES": "",
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "TF_CONFIG": tf_config(ports, worker),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for worker in range(count)
    ]


def ended(processes: Sequence[subprocess.Popen]) -> list[tuple[int, str, str]]:
    """Waits for processes; returns exit code, standard output and standard error of each."""
    return [
        (process.wait(), out, err) for process in processes for out, err in [process.communicate()]
    ]
