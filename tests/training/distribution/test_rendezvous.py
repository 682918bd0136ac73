import socket
import threading

import pytest

from tests.training.workers import free_ports
from zoo.errors import RequestError, StoppedError
from zoo.training.distribution.rendezvous import await_workers


def test_workers_that_start_one_after_the_other_meet():
    ports = free_ports(3)
    servers = []

    def join(worker):
        await_workers([f"127.0.0.1:{port}" for port in ports], worker, 20)
        # As TensorFlow's server does, which the slower ones meet in its place.
        servers.append(socket.create_server(("", ports[worker])))

    threads = [threading.Timer(0.3 * worker, join, [worker]) for worker in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(server.getsockname()[1] for server in servers) == sorted(ports)
    for server in servers:
        server.close()


def test_who_did_not_come_is_named(monkeypatch):
    monkeypatch.setattr("zoo.training.distribution.rendezvous._TOLD_EVERY", 0.1)
    ports = free_ports(2)
    lines = []
    with pytest.raises(StoppedError, match=f"waited 0.7 s for worker 0 at 127.0.0.1:{ports[0]},"):
        await_workers([f"127.0.0.1:{port}" for port in ports], 1, 0.7, lines.append)
    assert lines[0] == f"worker 1 waits for worker 0 at 127.0.0.1:{ports[0]}"


def test_a_taken_port_is_named():
    with socket.create_server(("", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(RequestError, match=r"of 127\.0\.0\.1:\d+, cannot be listened at: Addr"):
            await_workers([address], 0, 1)
