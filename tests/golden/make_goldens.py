"""Makes the golden outputs of tests/checkpoints/test_golden.py from torchvision and timm.

    pip install -e ".[golden]"
    python tests/golden/make_goldens.py

The libraries' ResNets get the same seeded weights and the same parts of two
photographs; their logits are written to goldens.npz, with the sha256 of each picture, and with the
pixels' sha256 after torchvision's evaluation transforms. The weights themselves are not kept: the
test draws them from the same seed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision
from PIL import Image
from seeded import LARGE, MODELS, TIMMS, crops, seeded_tensors
from sklearn.datasets import load_sample_image
from torchvision import transforms

HERE = Path(__file__).parent
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# (resize, interpolation) of the published checkpoints, each followed by a crop to 224.
TRANSFORMS = (
    (256, "bilinear"), (232, "bilinear"), (235, "bicubic"), (248, "bicubic"), (256, "bicubic"),
)  # fmt: skip


def main() -> None:
    """Writes goldens.npz."""
    torch.manual_seed(0)
    goldens: dict[str, np.ndarray] = {}
    for index, image in enumerate(crops()):
        goldens[f"sha256/{index}"] = _digest(image)
        for name in (*MODELS, *LARGE, *TIMMS):
            libraries = {"timm": lambda name=name: timm.create_model(name)}
            if name not in TIMMS:
                libraries["torchvision"] = getattr(torchvision.models, name)
            for library, build in libraries.items():
                goldens[f"{library}/{name}/{index}"] = _logits(build(), image)
    for picture in ("china.jpg", "flower.jpg"):
        for resize, interpolation in TRANSFORMS:
            goldens[f"pixels/{picture}/{resize}/{interpolation}"] = _digest(
                _transformed(load_sample_image(picture), resize, interpolation)
            )
    goldens["versions"] = np.array(
        f"torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}"
    )
    np.savez_compressed(HERE / "goldens.npz", **goldens)
    print(goldens["versions"])


def _logits(model: torch.nn.Module, image: np.ndarray) -> np.ndarray:
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    tensors = {name: torch.tensor(v) for name, v in seeded_tensors(shapes).items()}
    model.load_state_dict(tensors, strict=True)
    model.eval()
    pixels = torch.tensor(image).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        return model(transforms.functional.normalize(pixels, MEAN, STD))[0].numpy()


def _transformed(image: np.ndarray, resize: int, interpolation: str) -> np.ndarray:
    steps = transforms.Compose(
        [
            transforms.Resize(resize, transforms.InterpolationMode(interpolation)),
            transforms.CenterCrop(224),
        ]
    )
    return np.asarray(steps(Image.fromarray(image)))


def _digest(image: np.ndarray) -> np.ndarray:
    return np.array(hashlib.sha256(np.ascontiguousarray(image)).hexdigest())


if __name__ == "__main__":
    main()
