"""Whether a SavedModel only calculates.

A SavedModel is a program: its operators may read, write and send files of the user who runs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from zoo.artifacts.opening.operators import PURE
from zoo.errors import RequestError

# Every SavedModel writes and reads its own variables with these. Serving never calls them.
_SAVER = frozenset(["MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename"])
_MOST_NAMED = 5


def check_only_calculates(folder: Path) -> None:
    """Checks every operator of a SavedModel, without running any.

    Raises:
        RequestError: One of them could do more than calculate; the message names it.
        OSError: The SavedModel cannot be read.
    """
    import tensorflow as tf

    # TensorFlow loads the same content, whichever of the three file formats is there.
    saved = tf.__internal__.saved_model.parse_saved_model(str(folder))
    dangerous = sorted({name for graph in saved.meta_graphs for name in _dangerous(graph, saved)})
    if dangerous:
        more = ", …" if len(dangerous) > _MOST_NAMED else ""
        names = ", ".join(name[:40] for name in dangerous[:_MOST_NAMED])
        raise RequestError(
            f"--artifact {folder} does more than calculate: its operators {names}{more} may read, "
            "write or send files, or run code; say --trust if you trust who made it"
        )


def _dangerous(meta_graph: Any, saved: Any) -> Iterator[str]:
    functions = {f.signature.name: f for f in meta_graph.graph_def.library.function}
    saving = _only_for_saving(meta_graph, functions) if _saves_by_objects(saved) else set()
    for name, function in functions.items():
        allowed = PURE | _SAVER if name in saving else PURE
        yield from (n.op for n in function.node_def if n.op not in allowed | functions.keys())
    nodes = meta_graph.graph_def.node
    yield from (node.op for node in nodes if node.op not in PURE | functions.keys())


def _saves_by_objects(saved: Any) -> bool:
    """Returns whether TensorFlow 2 saved the model; loading it then never runs the saver."""
    graphs = saved.meta_graphs
    return len(graphs) == 1 and graphs[0].HasField("object_graph_def")


def _only_for_saving(meta_graph: Any, functions: Mapping[str, Any]) -> set[str]:
    """Returns the functions that only the saver can call."""
    saver = meta_graph.saver_def
    tensors = (saver.save_tensor_name, saver.restore_op_name)
    called_by_saver, called = set[str](), set[str]()
    for node in meta_graph.graph_def.node:
        is_saver = node.name in {name.partition(":")[0] for name in tensors}
        (called_by_saver if is_saver else called).update(_called([node]))
    saving = _reachable(called_by_saver, functions)
    objects = meta_graph.object_graph_def
    called.update(functions.keys() - saving, objects.concrete_functions)
    for item in objects.nodes:
        called.update(item.function.concrete_functions)
        called.add(item.bare_concrete_function.concrete_function_name)
    # TensorFlow may run such a function in place of another one that claims to do the same.
    called.update(name for name in saving if "api_implements" in functions[name].attr)
    return saving - _reachable(called, functions)


def _reachable(names: Iterable[str], functions: Mapping[str, Any]) -> set[str]:
    reached, waiting = set[str](), [name for name in names if name in functions]
    while waiting:
        if (name := waiting.pop()) not in reached:
            reached.add(name)
            waiting += [n for n in _called(functions[name].node_def) if n in functions]
    return reached


def _called(nodes: Iterable[Any]) -> Iterator[str]:
    """Yields the functions that nodes may call: their operator, or one of their attributes."""
    for node in nodes:
        yield node.op
        for value in node.attr.values():
            yield value.func.name
            yield from (function.name for function in value.list.func)
