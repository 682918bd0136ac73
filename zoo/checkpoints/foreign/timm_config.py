"""The `config.json` that timm writes beside its weights, as parts of a card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.checkpoints.foreign.preprocessing import Preprocessing
from zoo.checkpoints.typed_json import parse_json
from zoo.errors import RequestError

# Arguments of timm that the tensors show too, or that matter only in training.
_HARMLESS = ("num_classes", "in_chans", "drop_rate", "drop_path_rate", "drop_block_rate",
             "zero_init_last")  # fmt: skip
_STANDARD = {"global_pool": "avg", "output_stride": 32}


def read_config(path: Path) -> dict[str, Any]:
    """Reads a `config.json`, as timm's `save_for_hf` and `push_to_hf_hub` write it.

    Raises:
        RequestError: It is no JSON object.
    """
    try:
        config = parse_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RequestError(f"{path} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise RequestError(f"{path} is not timm's config.json: it holds no names")
    return config


def labels_of(config: dict[str, Any]) -> tuple[str, ...] | None:
    """Returns the labels of a configuration; None: it has none.

    Raises:
        RequestError: They are an object whose keys are not 0, 1, 2 and so on.
    """
    names = config.get("label_names")
    if isinstance(names, dict):
        if set(names) != set(map(str, range(len(names)))):
            raise RequestError("timm's config.json has label_names that do not count from 0")
        names = [names[str(index)] for index in range(len(names))]
    return tuple(map(str, names)) if isinstance(names, list) and names else None


def check_network(config: dict[str, Any], model: str) -> None:
    """Refuses a network whose weights would fit `model` but that computes something else.

    Args:
        config: timm's.
        model: The model that is to get the weights.

    Raises:
        RequestError: It has another architecture, or arguments that change what is computed.
    """
    architecture = config.get("architecture", model)
    if architecture != model:
        raise RequestError(
            f"its config.json says {architecture!r}, not {model}; where you know that the networks "
            "are the same, import the weights file itself, without its config.json"
        )
    arguments = config.get("model_args") or {}
    if not isinstance(arguments, dict):
        raise RequestError(f"timm's config.json has wrong model_args: {arguments!r}")
    for name, value in {"global_pool": config.get("global_pool", "avg"), **arguments}.items():
        if name not in _HARMLESS and value != _STANDARD.get(name):
            raise RequestError(
                f"its config.json says {name}={value!r}: the same weights, but another network "
                f"than {model}"
            )


def problem_of(config: dict[str, Any]) -> str:
    """Returns "multilabel", "regression" or "" for one class of several."""
    said = str(config.get("problem_type", "")).lower()
    return {"multi_label_classification": "multilabel", "regression": "regression"}.get(said, "")


def preprocessing_of(config: dict[str, Any]) -> tuple[Preprocessing, str | None]:
    """Returns the preparation of pictures and the licence that timm's configuration states.

    Raises:
        RequestError: A value does not have the form that timm writes.
    """
    stated = config.get("pretrained_cfg") or {}
    try:
        size = stated.get("input_size")
        mode = stated.get("crop_mode", "center")
        if mode not in ("center", "squash"):
            raise ValueError(f"crop_mode {mode!r} is neither 'center' nor 'squash'")
        squash = mode == "squash"
        preprocessing = Preprocessing(
            image_size=None if size is None else (int(size[1]), int(size[2])),
            resize="squash" if squash else None,
            crop_pct=None if squash or "crop_pct" not in stated else float(stated["crop_pct"]),
            mean=_numbers(stated.get("mean")),
            std=_numbers(stated.get("std")),
            interpolation=stated.get("interpolation"),
        )
        licence = stated.get("license")
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise RequestError(f"timm's config.json has a wrong pretrained_cfg: {error}") from error
    return preprocessing, None if licence is None else str(licence)


def _numbers(values: Any) -> tuple[float, ...] | None:
    return None if values is None else tuple(float(value) for value in values)
