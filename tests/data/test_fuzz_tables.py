"""Damaged tables and arrays end in a data set or in one line, never in a traceback."""

import gzip
import io

import numpy as np
import pytest

from tests.data.joined import joined
from zoo.data.sources import Reading, load_dataset
from zoo.errors import RequestError
from zoo.forms import Vector
from zoo.tasks.classification import CLASSIFICATION
from zoo.tasks.regression import REGRESSION

TABLE = "".join(
    f'{i},{i % 7}.5,{("red", "blue")[i % 3 == 0]},"{i * 999:,}",{"ab"[i % 2]}\n' for i in range(60)
)
TABLES = {
    "t.csv": ("n,size,colour,sum,kind\n" + TABLE).encode(),
    "t.csv.gz": gzip.compress(("n,size,colour,sum,kind\n" + TABLE).encode()),
}
# What tables are made of: marks that mean something to a reader.
PIECES = [
    *(
        b",",
        b";",
        b"\t",
        b'"',
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"9" * 400,
        b"-",
        b"_",
    ),
    *(b"1e999", b"nan", b"None", b"1,5", b"$", b"%", b"_", b"\xc2\xa0", "−".encode(), b""),
]


def arrays():
    file = io.BytesIO()
    random = np.random.default_rng(0)
    np.savez(
        file,
        x=random.normal(size=(40, 3)),
        y=np.arange(40) % 2,
        labels=np.array([b"cat", b"dog"]),
        x_valid=random.normal(size=(9, 3)).astype(np.float16),
        y_valid=np.arange(9) % 2,
    )
    return file.getvalue()


def damage(content, random):
    """Changes some bytes, puts in or takes out a piece, or cuts the end off."""
    content = bytearray(content)
    for _ in range(random.integers(1, 5)):
        place = int(random.integers(len(content) + 1))
        match random.integers(4):
            case 0:
                content[place : place + 1] = bytes([random.integers(256)])
            case 1:
                content[place:place] = PIECES[random.integers(len(PIECES))]
            case 2:
                del content[place : place + int(random.integers(1, 40))]
            case 3:
                del content[max(place, 20) :]
    return bytes(content)


def read(path, content, reading):
    path.write_bytes(content)
    message = ""
    try:
        data = load_dataset(str(path), Vector, reading=reading)
        assert np.isfinite(joined(data).x).all()
    except RequestError as error:
        message = str(error)
    assert "\n" not in message
    message.encode()


ROUNDS = [60, pytest.param(4000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("name", TABLES)
def test_tables(tmp_path, name, rounds):
    random = np.random.default_rng(19)
    for number in range(rounds):
        task = (CLASSIFICATION, REGRESSION)[number % 2]
        reading = Reading(label_column=("kind", "size", "-1")[number % 3], task=task)
        read(tmp_path / name, damage(TABLES[name], random), reading)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_arrays(tmp_path, rounds):
    random = np.random.default_rng(19)
    whole = arrays()
    for number in range(rounds):
        task = (CLASSIFICATION, REGRESSION)[number % 2]
        read(tmp_path / "a.npz", damage(whole, random), Reading(task=task))
