"""A table of the checkpoints that others published. Each is downloaded at its first use."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from zoo.checkpoints.card import Card, Metric
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.forms import Picture
from zoo.models import MODELS
from zoo.models.imagenet import IMAGENET_MEAN, IMAGENET_STD, imagenet_labels

WEIGHTS_ON_HUB = "model.safetensors"

_NOTES = (
    "Trained on ImageNet, whose own terms (research, no commercial use) may reach the weights; "
    "their licence is what their publisher states."
)


@dataclass(frozen=True)
class Pretraining:
    """What the checkpoints of one tag have in common.

    Attributes:
        trained_by: Who trained them, and how.
        licence: SPDX name, as stated on the Hub.
        publisher: Who published the accuracies.
        interpolation: Method of the scaling in evaluation.
        resize: The shorter side before the crop to 224 pixels.
    """

    trained_by: str
    licence: str
    publisher: str
    interpolation: str
    resize: int


# timm scales the shorter side to floor(size / crop).
_PRETRAININGS = {
    "tv_in1k": Pretraining(
        "torchvision, IMAGENET1K_V1", "BSD-3-Clause", "torchvision", "bilinear", 256
    ),
    "tv2_in1k": Pretraining(
        "torchvision, IMAGENET1K_V2", "BSD-3-Clause", "torchvision", "bilinear", 232
    ),
    "a1_in1k": Pretraining(
        "timm, ResNet Strikes Back A1 (Wightman et al. 2021)",
        "Apache-2.0",
        "timm",
        "bicubic",
        floor(224 / 0.95),
    ),
    "a1h_in1k": Pretraining(
        "timm, ResNet Strikes Back A1 with more regularisation (Wightman et al. 2021)",
        "Apache-2.0",
        "timm",
        "bicubic",
        floor(224 / 0.95),
    ),
    "ra4_e3600_r224_in1k": Pretraining(
        "timm, RandAugment, 3,600 epochs", "Apache-2.0", "timm", "bicubic", floor(224 / 0.9)
    ),
    "ra2_in1k": Pretraining("timm, RandAugment", "Apache-2.0", "timm", "bicubic", 256),
    "bt_in1k": Pretraining("timm, Bag of Tricks", "Apache-2.0", "timm", "bicubic", 256),
}


@dataclass(frozen=True)
class Published:
    """A row of the table.

    Attributes:
        model: A name of `zoo.list_models()`.
        tag: A key of `_PRETRAININGS`.
        top1: On ImageNet's validation images at 224 pixels; None: not published.
        top1_288: The same at 288 pixels, of `a1_in1k` and `a1h_in1k` without a margin (crop 1.0),
            of others with timm's usual one (crop 0.95); None: not published.
        original: The PyTorch file that the Hub's was made from.
        original_sha256: SHA-256 of that file; "": not known.
        sha256: SHA-256 of the Hub's file; "": not known, and pinned when it is first fetched.
        revision: The commit of the Hub's repository that holds it; "": the newest.
        resize: The shorter side before the crop; None: as of the tag.
    """

    model: str
    tag: str
    top1: float | None
    top1_288: float | None
    original: str
    original_sha256: str = ""
    sha256: str = ""
    revision: str = ""
    resize: int | None = None

    @property
    def name(self) -> str:
        """As in `zoo.list_checkpoints()`."""
        return f"{self.model}.{self.tag}"

    @property
    def hub_id(self) -> str:
        """Repository on the Hugging Face Hub."""
        return f"timm/{self.name}"


# torchvision and timm publish the accuracies; none was measured here. timm's `fb_ssl` and `fb_swsl`
# weights are CC-BY-NC, so they are not listed. The hash of a Hub file is here only if at least two
# independent projects publish it.
_ROWS = (
    Published(
        "resnet18", "tv_in1k", 0.6976, None, "resnet18-f37072fd.pth",
        "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
        "694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81",
        "bbd144b3e5565108aad885f145491d11bc6ce807",
    ),
    Published(
        "resnet34", "tv_in1k", 0.7331, None, "resnet34-b627a593.pth",
        "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f",
    ),
    Published(
        "resnet50", "tv_in1k", 0.7613, None, "resnet50-0676ba61.pth",
        "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
        "5d061a3c593d795bfe682d9b152bafbcf550579873492def3515b46db1189888",
    ),
    Published(
        "resnet50", "tv2_in1k", 0.8086, None, "resnet50-11ad3fa6.pth",
        "11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca",
    ),
    Published(
        "resnet18", "a1_in1k", 0.7150, 0.7316, "resnet18_a1_0-d63eafa0.pth", "",
        "80c49dee3da4822c009c5a7fe591e9223c5a2cfcf95a4067ca4dfb5a7b89c612",
        "491b427b45c94c7fb0e78b5474cc919aff584bbf",
    ),
    Published("resnet34", "a1_in1k", 0.7642, 0.7793, "resnet34_a1_0-46f8f793.pth"),
    Published(
        "resnet50", "a1_in1k", 0.8038, 0.8124, "resnet50_a1_0-14fe96d1.pth", "",
        "773525d5821de224f8f30c33377b7a795d7863e08522698200d3217d3f2a41bb",
        "767268603ca0cb0bfe326fa87277f19c419566ef",
    ),
    Published("resnet101", "tv_in1k", 0.77374, None, "resnet101-63fe2227.pth"),
    Published("resnet101", "tv2_in1k", 0.81886, None, "resnet101-cd907fc2.pth"),
    Published("resnet152", "tv_in1k", 0.78312, None, "resnet152-394f9c45.pth"),
    Published("resnet152", "tv2_in1k", 0.82284, None, "resnet152-f82ba261.pth"),
    Published("wide_resnet50_2", "tv_in1k", 0.78468, None, "wide_resnet50_2-95faca4d.pth"),
    Published("wide_resnet50_2", "tv2_in1k", 0.81602, None, "wide_resnet50_2-9ba9bcbe.pth"),
    Published("wide_resnet101_2", "tv_in1k", 0.78848, None, "wide_resnet101_2-32ee1156.pth"),
    Published("wide_resnet101_2", "tv2_in1k", 0.8251, None, "wide_resnet101_2-d733dc28.pth"),
    Published("resnext50_32x4d", "tv_in1k", 0.77618, None, "resnext50_32x4d-7cdf4587.pth"),
    Published("resnext50_32x4d", "tv2_in1k", 0.81198, None, "resnext50_32x4d-1a0047aa.pth"),
    Published("resnext101_32x8d", "tv_in1k", 0.79312, None, "resnext101_32x8d-8ba56ff5.pth"),
    Published("resnext101_32x8d", "tv2_in1k", 0.82834, None, "resnext101_32x8d-110c445d.pth"),
    Published(
        "resnext101_64x4d", "tv_in1k", 0.83246, None, "resnext101_64x4d-173b62eb.pth", resize=232
    ),
    Published("resnet18d", "ra2_in1k", None, 0.73794, "resnet18d_ra2-48a79e06.pth"),
    Published("resnet26d", "bt_in1k", None, 0.77408, "resnet26d-69e92c46.pth"),
    Published("resnet34d", "ra2_in1k", None, 0.78436, "resnet34d_ra2-f8dcfcaf.pth"),
    Published("resnet50d", "ra2_in1k", None, 0.81356, "resnet50d_ra2-464e36ba.pth"),
    Published("seresnet50", "ra2_in1k", None, 0.81284, "seresnet50_ra_224-8efdb4bb.pth"),
    Published("resnetv2_18d", "ra4_e3600_r224_in1k", 0.74412, None, "pytorch_model.bin"),
    Published("resnetv2_34", "ra4_e3600_r224_in1k", 0.77636, None, "pytorch_model.bin"),
    Published("resnetv2_34d", "ra4_e3600_r224_in1k", 0.78268, None, "pytorch_model.bin"),
    Published("resnetv2_50", "a1h_in1k", None, 0.81398, "resnetv2_50_a1h-000cdf49.pth"),
    Published("resnetv2_101", "a1h_in1k", None, 0.83002, "resnetv2_101_a1h-5d01f016.pth"),
)  # fmt: skip
PUBLISHED = {row.name: row for row in _ROWS}


def published_form(row: Published) -> Picture:
    """Returns how pictures are prepared for a published checkpoint."""
    pretraining = _PRETRAININGS[row.tag]
    architecture = MODELS.get(row.model)
    height, width, channels = architecture.input_shape
    # timm trains ResNet-V2 on pixels from -1 to 1.
    halves = (127.5,) * 3 if architecture.config.get("norm_first") else None
    return Picture(
        (height, width, channels),
        halves or IMAGENET_MEAN,
        halves or IMAGENET_STD,
        resize=row.resize or pretraining.resize,
        interpolation=pretraining.interpolation,
    )


def published_card(row: Published) -> Card:
    """Returns the card of a published checkpoint. Its files are known after the download."""
    pretraining = _PRETRAININGS[row.tag]
    architecture = MODELS.get(row.model)
    measured = {"ImageNet-1k": row.top1, "ImageNet-1k at 288 px": row.top1_288}
    return Card(
        model=row.model,
        labels=imagenet_labels(),
        input=published_form(row),
        metrics=tuple(
            Metric("top1", value, dataset, "validation", 50_000, source=pretraining.publisher)
            for dataset, value in measured.items()
            if value is not None
        ),
        training=Provenance(data=Learnt("ImageNet-1k"), recipe={"name": pretraining.trained_by}),
        parameters=architecture.parameters,
        macs=architecture.macs,
        licence=pretraining.licence,
        source=f"https://huggingface.co/{row.hub_id}",
        origin={
            "hub_id": row.hub_id,
            "file": WEIGHTS_ON_HUB,
            "made_from": row.original,
            **({"made_from_sha256": row.original_sha256} if row.original_sha256 else {}),
        },
        notes=_NOTES,
    )
