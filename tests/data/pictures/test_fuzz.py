"""Pictures and shards with bytes changed at random: a right result, or one sentence."""

import hashlib
import io
import json
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.data.written_photos import write_photos
from zoo.data.pictures.decode import BrokenPictureError, decode_picture, picture_size
from zoo.data.pictures.folder import find_photos
from zoo.data.pictures.manifest import parse_manifest, read_packing
from zoo.data.pictures.pack import pack
from zoo.data.sources import load_dataset
from zoo.errors import DamagedError, RequestError
from zoo.forms import Picture

FORM = Picture(shape=(8, 8, 3), mean=(), std=())
SHORT = 40
LONG = pytest.param(4000, marks=pytest.mark.slow)


def mutated(content, random):
    """Some bytes changed, a piece cut out, doubled, or filled with one value."""
    content = bytearray(content)
    for _ in range(random.integers(1, 4)):
        start, end = sorted(random.integers(0, len(content) + 1, 2))
        match random.integers(5):
            case 0 | 1 if content:
                content[start % len(content)] = random.integers(256)
            case 2:
                del content[start : min(end, start + 50)]
            case 3:
                content[start:start] = content[start : min(end, start + 50)]
            case 4:
                end = min(end, start + 20)
                content[start:end] = bytes([random.choice([0, 127, 255])]) * (end - start)
    return bytes(content)


def pictures():
    noise = Image.effect_noise((24, 20), 90)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a picture"
    for kind, picture, options in [
        ("JPEG", noise.convert("RGB"), {"exif": exif}),
        ("JPEG", noise.convert("CMYK"), {"progressive": True}),
        ("PNG", noise.convert("RGBA"), {"exif": exif}),
        ("PNG", Image.fromarray(np.asarray(noise).astype(np.uint16) * 257), {}),
        ("PNG", noise.convert("P"), {"transparency": 3}),
        ("GIF", noise.convert("P"), {"save_all": True, "append_images": [noise.convert("P")]}),
        ("BMP", noise.convert("RGB"), {}),
        ("WEBP", noise.convert("RGB"), {"exif": exif}),
    ]:
        content = io.BytesIO()
        picture.save(content, kind, **options)
        yield content.getvalue()


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.parametrize("turns", [SHORT, LONG])
def test_pictures(turns):
    random = np.random.default_rng(turns)
    whole, sentences = 0, []
    for content in pictures():
        for _ in range(turns):
            broken = mutated(content, random)
            picture_size(broken)
            try:
                assert decode_picture(broken, FORM).shape == (8, 8, 3)
                whole += 1
            except BrokenPictureError as error:
                sentences.append(str(error))
    assert all(sentences)
    assert 0.1 < whole / (8 * turns) < 0.9


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    photos = write_photos(folder / "photos", {"red": 12, "blue": 12})
    pack(find_photos(photos), folder / "shards", 1)
    return folder / "shards"


@pytest.mark.parametrize("turns", [SHORT, LONG])
def test_manifests(packed, turns):
    random = np.random.default_rng(turns)
    content = (packed / "manifest.json").read_bytes()
    odd = [
        1, -1, 10**400, 1.5, "x", "../x", "/etc/passwd", "a/b", None, True, [], {}, ["x"],
        {"file": 1}, "\ud800",
    ]  # fmt: skip
    index = (packed / "index.npz").read_bytes()
    sentences = []
    for turn in range(turns):
        if turn % 2:
            broken = mutated(content, random)
        else:
            broken = json.dumps(replaced(json.loads(content), odd, random)).encode()
        files = {"manifest.json": broken, "index.npz": index}
        try:
            packing = read_packing(files.__getitem__, "shards")
        except RequestError as error:
            sentences.append(str(error))
            continue
        assert all("/" not in name and name not in ("", "..") for name in packing.files)
    assert sentences
    assert not [sentence for sentence in sentences if "\n" in sentence]


def replaced(node, values, random):
    """A JSON tree with one of its nodes replaced."""
    if random.random() < 0.2 or not node or not isinstance(node, dict | list):
        return values[random.integers(len(values))]
    key = random.choice([*node]) if isinstance(node, dict) else random.integers(len(node))
    node[key] = replaced(node[key], values, random)
    return node


@pytest.mark.parametrize(
    "text", ["[" * 10**5, "{" * 10**5, '{"schema": ' + "9" * 400 + "}", '{"schema": NaN}', "[]", ""]
)
def test_odd_manifests(text):
    with pytest.raises(RequestError, match=r"manifest|version"):
        parse_manifest(text.encode(), "shards")


def of_index(packed, change):
    """The packing with another index, of which the manifest says that it is right."""
    manifest = json.loads((packed / "manifest.json").read_text())
    content = change((packed / "index.npz").read_bytes())
    manifest["index"]["sha256"] = hashlib.sha256(content).hexdigest()
    files = {"manifest.json": json.dumps(manifest).encode(), "index.npz": content}
    return read_packing(files.__getitem__, "shards")


@pytest.mark.parametrize("turns", [SHORT, LONG])
def test_indices(packed, turns):
    random = np.random.default_rng(turns)
    sentences = []
    for _ in range(turns):
        try:
            packing = of_index(packed, lambda content: mutated(content, random))
        except DamagedError as error:
            sentences.append(str(error))
            continue
        for arrays in packing.index.values():
            assert {array.shape for array in arrays.values()} == {(len(arrays["y"]),)}
    assert sentences
    assert not [sentence for sentence in sentences if "\n" in sentence]


def test_an_index_is_no_larger_than_its_shards_allow(packed):
    def bomb(_):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("train/y.npy", bytes(10**7))
        return content.getvalue()

    with pytest.raises(DamagedError, match="it is larger than its shards allow"):
        of_index(packed, bomb)


@pytest.mark.parametrize(
    ("name", "value"), [("shard", 9), ("shard", -1), ("y", 2), ("offsets", 0), ("sizes", 10**12)]
)
def test_an_index_names_only_what_there_is(packed, name, value):
    def change(content):
        with np.load(io.BytesIO(content)) as file:
            arrays = {key: file[key] for key in file.files}
        arrays[f"train/{name}"][3] = value
        changed = io.BytesIO()
        np.savez(changed, **arrays)
        return changed.getvalue()

    with pytest.raises(DamagedError, match="it names a"):
        of_index(packed, change)


@pytest.mark.parametrize("turns", [SHORT, pytest.param(600, marks=pytest.mark.slow)])
def test_a_changed_bit_in_a_shard_is_found(packed, tmp_path, turns):
    """All pixels are those that were packed, or the damage is told."""
    shutil.copytree(packed, tmp_path / "shards")
    data = load_dataset(str(tmp_path / "shards"), image_size=32)
    before = data.train.x[:]
    (shard,) = (tmp_path / "shards").glob("train-*")
    content = shard.read_bytes()
    random = np.random.default_rng(turns)
    for _ in range(turns):
        place, bit = random.integers(len(content)), random.integers(8)
        shard.write_bytes(
            content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]
        )
        with pytest.raises(DamagedError, match="a record is damaged; pack it anew"):
            data.train.x[:]
    shard.write_bytes(content)
    np.testing.assert_array_equal(data.train.x[:], before)
