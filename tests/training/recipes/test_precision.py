import pytest

from zoo.training.recipes.precision import choose_precision, fastest
from zoo.training.recipes.recipe import PRECISIONS


@pytest.mark.parametrize(
    ("capability", "flags", "expected", "reason"),
    [
        ((9, 0), set(), "bfloat16", "compute capability 9.0"),
        ((8, 0), {"amx_bf16"}, "bfloat16", "compute capability 8.0"),
        ((7, 5), {"amx_bf16"}, "float16", "loss scaling"),
        ((6, 1), {"amx_bf16"}, "float32", "no fast half precision"),
        (None, {"avx2", "amx_bf16"}, "bfloat16", "AMX"),
        (None, {"avx2", "avx512_bf16"}, "bfloat16", "AVX512-BF16"),
        (None, {"avx2", "avx512f"}, "float32", "no instructions"),
        (None, set(), "float32", "no instructions"),
    ],
)
def test_the_fastest_precision(capability, flags, expected, reason):
    name, why = fastest(capability, flags)
    assert name == expected
    assert reason in why


def test_float16_needs_its_loss_scaled():
    assert fastest((7, 5), set(), scaled=False)[0] == "float32"
    assert fastest((8, 0), set(), scaled=False)[0] == "bfloat16"


def test_this_machine_has_one():
    assert choose_precision()[0] in PRECISIONS
