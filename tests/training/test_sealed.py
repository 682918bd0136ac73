import json
import struct

import numpy as np
import pytest

from zoo.errors import DamagedError
from zoo.training.sealed import seal, unseal

TENSORS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b/c": np.array(7, np.int64),
    "half": np.ones(3, np.float16),
    "none": np.zeros((0, 4)),
}
NOTES = {"history": '[{"loss": NaN}]', "step": "3"}


def container(header):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


def test_what_goes_in_comes_out():
    tensors, notes = unseal(seal(TENSORS, NOTES))
    assert notes == NOTES
    assert tensors.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert tensors[name].dtype == value.dtype
        np.testing.assert_array_equal(tensors[name], value)


def test_any_flipped_bit_and_any_cut_are_noticed():
    content = seal(TENSORS, NOTES)
    for place in range(len(content)):
        spoiled = bytearray(content)
        spoiled[place] ^= 1 << place % 8
        with pytest.raises(DamagedError):
            unseal(bytes(spoiled))
        with pytest.raises(DamagedError):
            unseal(content[:place])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        container({}),
        container({"__metadata__": {"step": "1"}}),
        container({"__metadata__": {"sha256": "0"}}),
        container({"__metadata__": []}),
        container(b"[]"),
        container(b"[" * 99_999),
        container(b"\xff\xfe"),
        struct.pack("<Q", 2**63),
    ],
)
def test_other_files_have_no_seal(content):
    with pytest.raises(DamagedError):
        unseal(content)
