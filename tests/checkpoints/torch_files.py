"""Files as `torch.save` lays them out, written without PyTorch."""

from __future__ import annotations

import contextlib
import io
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path

import ml_dtypes
import numpy as np

STORAGES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "int64": "LongStorage",
    "bool": "BoolStorage",
}


class Parameter:
    """Stands for a `torch.nn.Parameter`."""

    def __init__(self, value):
        self.value = value


class Strided:
    """Stands for a tensor that is a view of a storage."""

    def __init__(self, storage, offset, shape, strides):
        self.parts = (storage, offset, shape, strides)


class _Storage:
    def __init__(self, values):
        self.values = values


def torch_save(content, path, *, stream=False):
    """Writes what `torch.save(content, path)` does; arrays stand for tensors.

    Args:
        content: To write.
        path: Path of the file.
        stream: Whether in the layout from before PyTorch 1.6.
    """
    data = io.BytesIO()
    with _torch_modules() as names:
        pickler = _Pickler(data, names)
        if stream:
            for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
                data.write(pickle.dumps(value, protocol=2))
        pickler.dump(content)
    blocks = {str(key): values.tobytes() for key, values in enumerate(pickler.storages)}
    if stream:
        data.write(pickle.dumps(list(blocks), protocol=2))
        for key, block in blocks.items():
            data.write(struct.pack("<q", pickler.storages[int(key)].size) + block)
        Path(path).write_bytes(data.getvalue())
        return
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", data.getvalue())
        archive.writestr("archive/byteorder", "little")
        for key, block in blocks.items():
            archive.writestr(f"archive/data/{key}", block)
        archive.writestr("archive/version", "3\n")


class _Pickler(pickle.Pickler):
    def __init__(self, file, names):
        super().__init__(file, protocol=2)
        self.names = names
        self.storages: list[np.ndarray] = []
        self._kept: list[object] = []  # So that no identity is used twice.

    def persistent_id(self, value):
        if not isinstance(value, _Storage):
            return None
        places = [place for place, kept in enumerate(self.storages) if kept is value.values]
        if not places:
            self.storages.append(value.values)
            places = [len(self.storages) - 1]
        kind = self.names[STORAGES[value.values.dtype.name]]
        return ("storage", kind, str(places[0]), "cpu", value.values.size)

    def reducer_override(self, value):
        self._kept.append(value)
        if isinstance(value, Parameter):
            return self.names["_rebuild_parameter"], (value.value, True, OrderedDict())
        if isinstance(value, np.ndarray):
            steps = tuple(step // value.itemsize for step in value.strides)
            return self._tensor(value.ravel(), 0, value.shape, steps)
        if isinstance(value, Strided):
            return self._tensor(*value.parts)
        return NotImplemented

    def _tensor(self, values, offset, shape, strides):
        parts = (_Storage(values), offset, shape, strides, False, OrderedDict())
        return self.names["_rebuild_tensor_v2"], parts


@contextlib.contextmanager
def _torch_modules():
    """Gives the names of PyTorch that a pickle holds, in modules that are there meanwhile."""
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    names = {}
    for module, members in (
        ("torch", STORAGES.values()),
        ("torch._utils", ("_rebuild_tensor_v2", "_rebuild_parameter")),
    ):
        sys.modules[module] = types.ModuleType(module)
        for name in members:
            names[name] = type(name, (), {"__module__": module, "__qualname__": name})
            setattr(sys.modules[module], name, names[name])
    try:
        yield names
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


BFLOAT16 = ml_dtypes.bfloat16
