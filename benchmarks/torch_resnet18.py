"""ResNet-18 as torchvision has it, in plain PyTorch: what `benchmarks.throughput` runs beside."""

from __future__ import annotations

import torch
from torch import nn


class ResNet18(nn.Module):
    """Four stages of two basic blocks (He et al. 2015), with the stem for large pictures.

    Args:
        classes: Width of the logits.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(*_conv_bn(3, 64, 7, 2), nn.ReLU(inplace=True))
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        blocks, width = [], 64
        for stage in range(4):
            for stride in (1 if stage == 0 else 2, 1):
                blocks.append(Basic(width, 64 << stage, stride))
                width = 64 << stage
        self.stages = nn.Sequential(*blocks)
        self.head = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gives logits (batch, classes) of normalised pictures (batch, 3, height, width)."""
        return self.head(self.stages(self.pool(self.stem(x))).mean((2, 3)))


class Basic(nn.Module):
    """Two 3×3 convolutions and a shortcut, projected where the shape changes."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            *_conv_bn(before, width, 3, stride),
            nn.ReLU(inplace=True),
            *_conv_bn(width, width, 3, 1),
        )
        changed = stride != 1 or before != width
        self.shortcut = nn.Sequential(*(_conv_bn(before, width, 1, stride) if changed else ()))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gives ReLU(f(x) + x)."""
        return self.relu(self.branch(x) + self.shortcut(x))


def _conv_bn(before: int, width: int, kernel: int, stride: int) -> tuple[nn.Module, nn.Module]:
    conv = nn.Conv2d(before, width, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv, nn.BatchNorm2d(width)
