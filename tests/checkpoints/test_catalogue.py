import pytest

import zoo
from zoo.checkpoints.catalogue import checkpoint_card


def test_what_ships_is_listed():
    assert "resnet8.digits" in zoo.list_checkpoints()
    assert zoo.list_checkpoints("RESNET8.D*") == ["resnet8.digits"]
    assert zoo.list_checkpoints("nothing*") == []


def test_shipped_cards_are_whole():
    for name in zoo.list_checkpoints():
        card = checkpoint_card(name)
        assert name.startswith(f"{card.model}.")
        assert card.licence != "unknown"
        assert card.metrics
        assert card.parameters
        assert card.macs


# As torchvision and timm publish them: accuracies, (shorter side, interpolation), licence.
FACTS = {
    "resnet18.tv_in1k": ((0.6976,), (256, "bilinear"), "BSD-3-Clause"),
    "resnet34.tv_in1k": ((0.7331,), (256, "bilinear"), "BSD-3-Clause"),
    "resnet50.tv_in1k": ((0.7613,), (256, "bilinear"), "BSD-3-Clause"),
    "resnet50.tv2_in1k": ((0.8086,), (232, "bilinear"), "BSD-3-Clause"),
    "resnet18.a1_in1k": ((0.7150, 0.7316), (235, "bicubic"), "Apache-2.0"),
    "resnet34.a1_in1k": ((0.7642, 0.7793), (235, "bicubic"), "Apache-2.0"),
    "resnet50.a1_in1k": ((0.8038, 0.8124), (235, "bicubic"), "Apache-2.0"),
    "resnet101.tv_in1k": ((0.77374,), (256, "bilinear"), "BSD-3-Clause"),
    "resnet101.tv2_in1k": ((0.81886,), (232, "bilinear"), "BSD-3-Clause"),
    "resnet152.tv_in1k": ((0.78312,), (256, "bilinear"), "BSD-3-Clause"),
    "resnet152.tv2_in1k": ((0.82284,), (232, "bilinear"), "BSD-3-Clause"),
    "wide_resnet50_2.tv_in1k": ((0.78468,), (256, "bilinear"), "BSD-3-Clause"),
    "wide_resnet50_2.tv2_in1k": ((0.81602,), (232, "bilinear"), "BSD-3-Clause"),
    "wide_resnet101_2.tv_in1k": ((0.78848,), (256, "bilinear"), "BSD-3-Clause"),
    "wide_resnet101_2.tv2_in1k": ((0.8251,), (232, "bilinear"), "BSD-3-Clause"),
    "resnext50_32x4d.tv_in1k": ((0.77618,), (256, "bilinear"), "BSD-3-Clause"),
    "resnext50_32x4d.tv2_in1k": ((0.81198,), (232, "bilinear"), "BSD-3-Clause"),
    "resnext101_32x8d.tv_in1k": ((0.79312,), (256, "bilinear"), "BSD-3-Clause"),
    "resnext101_32x8d.tv2_in1k": ((0.82834,), (232, "bilinear"), "BSD-3-Clause"),
    "resnext101_64x4d.tv_in1k": ((0.83246,), (232, "bilinear"), "BSD-3-Clause"),
    "resnet18d.ra2_in1k": ((0.73794,), (256, "bicubic"), "Apache-2.0"),
    "resnet26d.bt_in1k": ((0.77408,), (256, "bicubic"), "Apache-2.0"),
    "resnet34d.ra2_in1k": ((0.78436,), (256, "bicubic"), "Apache-2.0"),
    "resnet50d.ra2_in1k": ((0.81356,), (256, "bicubic"), "Apache-2.0"),
    "seresnet50.ra2_in1k": ((0.81284,), (256, "bicubic"), "Apache-2.0"),
    "resnetv2_18d.ra4_e3600_r224_in1k": ((0.74412,), (248, "bicubic"), "Apache-2.0"),
    "resnetv2_34.ra4_e3600_r224_in1k": ((0.77636,), (248, "bicubic"), "Apache-2.0"),
    "resnetv2_34d.ra4_e3600_r224_in1k": ((0.78268,), (248, "bicubic"), "Apache-2.0"),
    "resnetv2_50.a1h_in1k": ((0.81398,), (235, "bicubic"), "Apache-2.0"),
    "resnetv2_101.a1h_in1k": ((0.83002,), (235, "bicubic"), "Apache-2.0"),
}


def test_all_that_are_known_are_listed():
    assert zoo.list_checkpoints("*_in1k") == sorted(FACTS)


@pytest.mark.parametrize("name", FACTS)
def test_what_is_published(name, monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    accuracies, preparation, licence = FACTS[name]
    card = checkpoint_card(name)
    assert tuple(metric.value for metric in card.metrics) == accuracies
    assert (card.input.resize, card.input.interpolation) == preparation
    assert card.input.antialias
    assert card.input.shape == (224, 224, 3)
    v2 = name.startswith("resnetv2")  # timm's read pixels from -1 to 1.
    mean, std = ([0.5] * 3, [0.5] * 3) if v2 else ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    assert [round(value / 255, 3) for value in card.input.mean] == mean
    assert [round(value / 255, 3) for value in card.input.std] == std
    assert card.licence == licence
    assert card.origin["hub_id"] == f"timm/{name}"
    hashed = ("resnet18.tv", "resnet34.tv", "resnet50.tv")  # Others are pinned at the first fetch.
    assert ("made_from_sha256" in card.origin) == name.startswith(hashed)
    assert "ImageNet" in card.notes
