"""The digits as a tensorflow-datasets builder: import this, then `tfds.load("digits")`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow_datasets as tfds

from zoo.data.dataset import Split
from zoo.data.digits import LABELS, load_digits


class Digits(tfds.core.GeneratorBasedBuilder):
    """Handwritten digits, 8×8 grey, in the splits of `zoo.data.digits`."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description="Optical recognition of handwritten digits, as in scikit-learn.",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(8, 8, 1)),
                    "label": tfds.features.ClassLabel(names=list(LABELS)),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="https://doi.org/10.24432/C50P49",
            citation="Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[tuple[int, dict[str, Any]]]]:
        data = load_digits()
        return {
            "train": self._generate_examples(data.train),
            "validation": self._generate_examples(data.validation),
            "test": self._generate_examples(data.test),
        }

    def _generate_examples(self, split: Split) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, (image, label) in enumerate(zip(split.x[:], split.y, strict=True)):
            yield index, {"image": image, "label": int(label)}
