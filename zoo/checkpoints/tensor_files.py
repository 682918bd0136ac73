"""Tensors from the files that PyTorch's users have: `.safetensors`, and pickles at arm's length."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors

from zoo.errors import RequestError

_PICKLES = (".pth", ".pt", ".bin")
# Under which the trainings of timm, of torchvision's references and of many others keep them.
_STATES = ("state_dict", "model", "model_state_dict")


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Reads all tensors of a `.safetensors` file, or of a PyTorch pickle where PyTorch is there.

    Args:
        path: A pickle (`.pth`, `.pt`, `.bin`) is read by `torch.load(weights_only=True)`, which
            runs no code of the file.

    Returns:
        By name; float16 and bfloat16 as float32, which holds them exactly.

    Raises:
        RequestError: The file is of another kind, or broken, or PyTorch is missing.
    """
    if not path.is_file():
        raise RequestError(f"there is no file {path}")
    if path.suffix in _PICKLES:
        return _read_pickle(path)
    if path.suffix != ".safetensors":
        raise RequestError(f"{path} is neither .safetensors nor {', '.join(_PICKLES)}")
    import ml_dtypes  # noqa: F401  Its import tells numpy, and so safetensors, of bfloat16.

    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return {name: _widen(file.get_tensor(name)) for name in file.offset_keys()}
    except (safetensors.SafetensorError, TypeError, ValueError) as error:
        raise RequestError(f"{path} is not a safetensors file for numpy: {error}") from error


def _read_pickle(path: Path) -> dict[str, np.ndarray]:
    try:
        import torch
    except ImportError as error:
        raise RequestError(
            f"{path} is a pickle, which can run code; reading it safely needs PyTorch: "
            "pip install 'zoo-residual[torch]', or use a .safetensors file"
        ) from error
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # The unpickler has no error class of its own.
        raise RequestError(
            f"{path} is not a file of weights alone: {_reason(error)}; save the weights by "
            "torch.save(model.state_dict(), FILE)"
        ) from error
    for key in _STATES:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(map(torch.is_tensor, content.values())):
        raise RequestError(f"{path} holds no tensors by name; save model.state_dict()")
    return {name: _to_numpy(tensor) for name, tensor in content.items()}


def _reason(error: Exception) -> str:
    """Returns what is in the file, out of PyTorch's page on how to run it all the same."""
    if found := re.search(r"Unsupported global: GLOBAL (\S+)", str(error)):
        return f"it holds {found[1]}"
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _to_numpy(tensor: Any) -> np.ndarray:
    half = tensor.is_floating_point() and tensor.itemsize == 2
    return (tensor.float() if half else tensor).numpy()


def _widen(value: np.ndarray) -> np.ndarray:
    half = value.dtype.kind in "fV" and value.dtype.itemsize == 2  # numpy calls bfloat16 a "V".
    return value.astype(np.float32) if half else value
