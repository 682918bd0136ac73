"""The models of the zoo, as rows of a table. TensorFlow is imported only when one is built."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from zoo.errors import RequestError
from zoo.forms import Form, Picture, Sequence, Vector
from zoo.models.sizes import check_parameters
from zoo.registry import Registry, unknown

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Architecture:
    """A row of the table of models.

    Attributes:
        builder: "module:function" that builds it.
        input: The form of what goes in.
        config: The builder's arguments that make this row.
        input_shape: Input shape of the paper, without the batch.
        num_classes: Width of the paper's logits.
        parameters: Trainable parameters at that shape and width.
        macs: Multiply-accumulates for one example, at that shape and width.
        paper: Where it comes from.
        recipe: How it is trained by default: fields of `zoo.training.recipes.recipe.Recipe` that
            differ from that class's defaults.
        of_windows: Arguments of the builder for sounds and recordings, unless others are given. A
            window is short, and what is known may lie anywhere in it.
        training_config: The builder's arguments that `zoo train` gives by default. The card of a
            checkpoint holds them, so they may change without harm to older checkpoints.
    """

    builder: str
    input: type[Form]
    config: Mapping[str, Any]
    input_shape: tuple[int, ...]
    num_classes: int
    parameters: int
    macs: int
    paper: str
    recipe: Mapping[str, Any] = field(default_factory=dict)
    of_windows: Mapping[str, Any] = field(default_factory=dict)
    training_config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """The module that builds it: "resnet"."""
        return self.builder.partition(":")[0].rpartition(".")[2]


MODELS: Registry[Architecture] = Registry("model")


def _resnet(
    name: str,
    block: str,
    depths: tuple[int, ...],
    parameters: int,
    macs: int,
    paper: str = "He et al. 2015",
    **config: Any,
) -> None:
    """Registers a ResNet for ImageNet, or with `stem="small"` for CIFAR."""
    small = config.get("stem") == "small"
    widths = (16, 32, 64) if small else (64, 128, 256, 512)
    MODELS.register(name)(
        Architecture(
            builder="zoo.models.resnet:resnet",
            input=Picture,
            config={"block": block, "depths": depths, "widths": widths, **config},
            input_shape=(32, 32, 3) if small else (224, 224, 3),
            num_classes=10 if small else 1000,
            parameters=parameters,
            macs=macs,
            paper=paper,
        )
    )


_WIDE, _GROUPED = "Zagoruyko and Komodakis 2016", "Xie et al. 2017"
_TRICKS, _SQUEEZED, _V2 = "He et al. 2018, ResNet-D", "Hu et al. 2017", "He et al. 2016"
_D = {"stem": "deep", "pooled_shortcut": True}
_PRE = {"order": "linear_output", "norm_first": True}
# tests/models/test_models.py builds every row and checks its figures.
_resnet("resnet18", "basic", (2, 2, 2, 2), 11_689_512, 1_814_073_344)
_resnet("resnet34", "basic", (3, 4, 6, 3), 21_797_672, 3_663_761_408)
_resnet("resnet50", "bottleneck", (3, 4, 6, 3), 25_557_032, 4_089_184_256)
_resnet("resnet101", "bottleneck", (3, 4, 23, 3), 44_549_160, 7_801_405_440)
_resnet("resnet152", "bottleneck", (3, 8, 36, 3), 60_192_808, 11_513_626_624)
_resnet(
    "wide_resnet50_2", "bottleneck", (3, 4, 6, 3), 68_883_240, 11_398_021_120, _WIDE,
    width_per_group=128,
)  # fmt: skip
_resnet(
    "wide_resnet101_2", "bottleneck", (3, 4, 23, 3), 126_886_696, 22_753_050_624, _WIDE,
    width_per_group=128,
)  # fmt: skip
_resnet(
    "resnext50_32x4d", "bottleneck", (3, 4, 6, 3), 25_028_904, 4_230_479_872, _GROUPED,
    groups=32, width_per_group=4,
)  # fmt: skip
_resnet(
    "resnext101_32x8d", "bottleneck", (3, 4, 23, 3), 88_791_336, 16_414_015_488, _GROUPED,
    groups=32, width_per_group=8,
)  # fmt: skip
_resnet(
    "resnext101_64x4d", "bottleneck", (3, 4, 23, 3), 83_455_272, 15_460_270_080, _GROUPED,
    groups=64, width_per_group=4,
)  # fmt: skip
_resnet("resnet18d", "basic", (2, 2, 2, 2), 11_708_744, 2_053_713_920, _TRICKS, **_D)
_resnet("resnet26d", "bottleneck", (2, 2, 2, 2), 16_014_408, 2_581_897_216, _TRICKS, **_D)
_resnet("resnet34d", "basic", (3, 4, 6, 3), 21_816_904, 3_903_401_984, _TRICKS, **_D)
_resnet("resnet50d", "bottleneck", (3, 4, 6, 3), 25_576_264, 4_328_824_832, _TRICKS, **_D)
_resnet("seresnet50", "bottleneck", (3, 4, 6, 3), 28_088_024, 4_091_699_200, _SQUEEZED, squeeze=16)
_resnet("resnetv2_18", "basic", (2, 2, 2, 2), 11_687_720, 1_814_073_344, _V2, **_PRE)
_resnet("resnetv2_18d", "basic", (2, 2, 2, 2), 11_706_952, 2_053_713_920, _V2, **_PRE, **_D)
_resnet("resnetv2_34", "basic", (3, 4, 6, 3), 21_795_880, 3_663_761_408, _V2, **_PRE)
_resnet("resnetv2_34d", "basic", (3, 4, 6, 3), 21_815_112, 3_903_401_984, _V2, **_PRE, **_D)
_resnet("resnetv2_50", "bottleneck", (3, 4, 6, 3), 25_549_352, 4_089_184_256, _V2, **_PRE)
_resnet("resnetv2_50d", "bottleneck", (3, 4, 6, 3), 25_568_584, 4_328_824_832, _V2, **_PRE, **_D)
_resnet("resnetv2_101", "bottleneck", (3, 4, 23, 3), 44_541_480, 7_801_405_440, _V2, **_PRE)
_resnet(
    "resnet8", "basic", (1, 1, 1), 78_042, 12_501_632, "MLPerf Tiny (Banbury et al. 2021)",
    stem="small",
)  # fmt: skip
_resnet("resnet20", "basic", (3, 3, 3), 269_722, 40_551_040, stem="small", shortcut="pad")
_resnet("resnet56", "basic", (9, 9, 9), 853_018, 125_485_696, stem="small", shortcut="pad")

MODELS.register("residual_mlp")(
    Architecture(
        builder="zoo.models.mlp:residual_mlp",
        input=Vector,
        config={},
        input_shape=(64,),
        num_classes=10,
        parameters=142_858,
        macs=140_544,
        paper="He et al. 2015, of dense layers",
        # Chosen by the validation splits of UCI Adult and California housing.
        recipe={
            "epochs": 40,
            "batch_size": 256,
            "learning_rate": 3e-3,
            "label_smoothing": 0.0,
            "patience": 10,
        },
        training_config={"members": 8, "depth": 2, "frequencies": 64, "norm": "none"},
    )
)
MODELS.register("residual_lstm")(
    Architecture(
        builder="zoo.models.lstm:residual_lstm",
        input=Sequence,
        config={},
        input_shape=(8, 8),
        num_classes=10,
        parameters=53_130,
        macs=414_336,
        paper="Wu et al. 2016, section 3.1",
        recipe={"learning_rate": 5e-3, "epochs": 60},
        of_windows={"pool": "mean"},
    )
)

MODELS.register("residual_encoder")(
    Architecture(
        builder="zoo.models.encoder:residual_encoder",
        input=Sequence,
        config={},
        input_shape=(8, 8),
        num_classes=10,
        parameters=68_298,
        macs=545_408,
        paper="Vaswani et al. 2017",
        recipe={"learning_rate": 3e-3, "epochs": 60},
    )
)
MODELS.register("residual_vit")(
    Architecture(
        builder="zoo.models.encoder:residual_encoder",
        input=Picture,
        config={"patch": 4, "depth": 4, "input_shape": (32, 32, 3)},
        input_shape=(32, 32, 3),
        num_classes=10,
        parameters=137_802,
        macs=10_683_008,
        paper="Dosovitskiy et al. 2020",
        recipe={"learning_rate": 2e-3, "epochs": 60},
    )
)


def build(name: str, **config: Any) -> keras.Model:
    """Builds a model of the zoo with fresh weights.

    Args:
        name: A row of the table, such as "resnet18".
        **config: Arguments of the row's builder, such as `num_classes` and `input_shape`. They
            replace those of the row.

    Returns:
        A functional `keras.Model` that gives logits.

    Raises:
        RequestError: Unknown model or argument, or a value that the builder refuses.
    """
    row = MODELS.get(name)
    module, function = row.builder.split(":")
    builder = getattr(importlib.import_module(module), function)
    parameters = inspect.signature(builder).parameters
    known = [key for key in parameters if key != "name"]
    for key, value in config.items():
        if key not in known:
            raise RequestError(unknown(f"configuration of {name}:", key, known))
        truth = str(parameters[key].annotation).startswith("bool")
        # Python takes any text for true, even "no".
        if truth and not isinstance(value, bool) and value is not parameters[key].default:
            raise RequestError(f"{key} must be true or false, not {value!r}")
    defaults = {key: parameters[key].default for key in known}
    try:
        arguments = {"name": name, **row.config, **config}
        construct = partial(builder, **arguments)
        check_parameters(name, {**defaults, **arguments}, construct)
        return construct()
    except RequestError:
        raise
    except Exception as error:  # Others wrote the configuration: anything may be wrong.
        values = ", ".join(f"{key}={value!r}" for key, value in config.items())
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise RequestError(f"{name} cannot be built with {values[:200]}: {reason}") from error
