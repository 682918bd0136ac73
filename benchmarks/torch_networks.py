"""Networks of the zoo in plain PyTorch: what `benchmarks.throughput` runs beside."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

CHANNELS = 6  # Of a recording.


def network(name: str, classes: int, size: int) -> nn.Module:
    """Returns the network that `zoo.models.build` makes under a name.

    Args:
        name: "resnet18", "resnet50" or "residual_encoder".
        classes: Width of the logits.
        size: Pixels of a side, or steps of a recording of six channels.
    """
    if name == "residual_encoder":
        return Encoder(classes, size)
    unit, depths = {"resnet18": (Basic, (2, 2, 2, 2)), "resnet50": (Bottleneck, (3, 4, 6, 3))}[name]
    return ResNet(unit, depths, classes)


class ResNet(nn.Module):
    """Four stages of blocks as torchvision has them, with the stem for large pictures.

    Args:
        unit: `Basic` or `Bottleneck`.
        depths: Blocks of the stages.
        classes: Width of the logits.
    """

    def __init__(
        self, unit: type[Basic] | type[Bottleneck], depths: tuple[int, ...], classes: int
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(*_conv_bn(3, 64, 7, 2), nn.ReLU(inplace=True))
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        blocks, width = [], 64
        for stage, depth in enumerate(depths):
            for index in range(depth):
                blocks.append(unit(width, 64 << stage, 2 if stage and not index else 1))
                width = (64 << stage) * unit.expansion
        self.stages = nn.Sequential(*blocks)
        self.head = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gives logits (batch, classes) of normalised pictures (batch, 3, height, width)."""
        return self.head(self.stages(self.pool(self.stem(x))).mean((2, 3)))


class _Block(nn.Module):
    expansion = 1

    def __init__(self, before: int, width: int, stride: int, *branch: nn.Module) -> None:
        super().__init__()
        self.branch = nn.Sequential(*branch)
        after = width * self.expansion
        changed = stride != 1 or before != after
        self.shortcut = nn.Sequential(*(_conv_bn(before, after, 1, stride) if changed else ()))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gives ReLU(f(x) + x)."""
        return self.relu(self.branch(x) + self.shortcut(x))


class Basic(_Block):
    """Two 3×3 convolutions and a shortcut, projected where the shape changes (He et al. 2015)."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__(
            *(before, width, stride),
            *_conv_bn(before, width, 3, stride),
            nn.ReLU(inplace=True),
            *_conv_bn(width, width, 3, 1),
        )


class Bottleneck(_Block):
    """A 1×1, a 3×3 and a 1×1 convolution; the second has the stride."""

    expansion = 4

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__(
            *(before, width, stride),
            *_conv_bn(before, width, 1, 1),
            nn.ReLU(inplace=True),
            *_conv_bn(width, width, 3, stride),
            nn.ReLU(inplace=True),
            *_conv_bn(width, width * self.expansion, 1, 1),
        )


class Encoder(nn.Module):
    """Two pre-norm Transformer blocks of 64 features and four heads over a recording.

    Args:
        classes: Width of the logits.
        steps: Of a recording.
    """

    def __init__(self, classes: int, steps: int, width: int = 64) -> None:
        super().__init__()
        self.stem = nn.Linear(CHANNELS, width)
        place, feature = torch.arange(steps)[:, None], torch.arange(width)
        rates = 1e4 ** (-2 * (feature // 2) / width)
        self.register_buffer("places", torch.sin(place * rates + torch.pi / 2 * (feature % 2)))
        self.units = nn.Sequential(
            *(unit for _ in range(2) for unit in (Unit(width, Attention), Unit(width, _dense)))
        )
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gives logits (batch, classes) of recordings (batch, steps, channels)."""
        return self.head(self.norm(self.units(self.stem(x) + self.places)).mean(1))


class Unit(nn.Module):
    """x + dropout(f(norm(x)))."""

    def __init__(self, width: int, branch: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.branch = nn.Sequential(nn.LayerNorm(width), branch(width), nn.Dropout(0.1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gives (batch, steps, width)."""
        return x + self.branch(x)


class Attention(nn.Module):
    """Self-attention of four heads, by PyTorch's fused operator."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inside, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gives (batch, steps, width)."""
        query, key, value = self.inside(x).unflatten(2, (3, 4, -1)).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value)
        return self.output(mixed.transpose(1, 2).flatten(2))


def _dense(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))


def _conv_bn(before: int, width: int, kernel: int, stride: int) -> tuple[nn.Module, nn.Module]:
    conv = nn.Conv2d(before, width, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv, nn.BatchNorm2d(width)
