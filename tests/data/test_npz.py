"""Files of arrays as other programs and attackers write them."""

import io
import zipfile

import numpy as np
import pytest

from tests.data.joined import joined
from zoo.data import npz
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.forms import Picture, Vector

Y = np.arange(40) % 2
X = np.random.default_rng(0).normal(size=(40, 3))


def save(folder, arrays, **more):
    path = folder / "a.npz"
    np.savez(path, **arrays, **more)
    return str(path)


NAMES = {
    "Keras": ("x_train", "y_train", "x_test", "y_test", None, None),
    "scikit-learn": ("X_train", "y_train", "X_test", "y_test", None, None),
    "valid": ("x", "y", None, None, "x_valid", "y_valid"),
    "validation": ("X", "Y", None, None, "X-validation", "Y-validation"),
    "dev": ("trainX", "trainY", "testX", "testY", "devX", "devY"),
    "MedMNIST": (
        "train_images", "train_labels", "test_images", "test_labels", "val_images", "val_labels",
    ),
    "words": ("data", "target", "data_test", "target_test", None, None),
    "images and labels": ("images", "labels", None, None, None, None),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMES)
def test_the_names_of_others(tmp_path, case):
    x, y, x_test, y_test, x_val, y_val = NAMES[case]
    arrays = {x: X, y: Y}
    if x_test:
        arrays |= {x_test: X[:9], y_test: Y[:9]}
    if x_val:
        arrays |= {x_val: X[:7], y_val: Y[:7]}
    data = load_dataset(save(tmp_path, arrays), Vector)
    assert len(data.test) == (9 if x_test else 7 if x_val else 8)
    assert len(data.validation) == (7 if x_val and x_test else 4)
    assert data.divided == (x_test is None and x_val is None)
    assert data.validation_is_test == (x_val is not None and x_test is None)
    assert data.labels == ("0", "1")
    assert not any("left out" in note for note in data.notes)


NAMED = np.array(["cat", "dog"])


@pytest.mark.parametrize(
    ("arrays", "labels", "left_out"),
    [
        ({"images": X, "labels": Y, "label_names": NAMED}, ("cat", "dog"), None),
        ({"x": X, "labels": Y, "class_names": NAMED}, ("cat", "dog"), None),
        ({"x": X, "labels": Y}, ("0", "1"), None),
        ({"x": X, "y": Y, "labels": NAMED}, ("cat", "dog"), None),
        ({"x": X, "y": Y, "labels": NAMED, "class_names": NAMED[::-1]}, ("cat", "dog"), "class_na"),
        ({"X": X, "Labels": NAMED[Y], "Label_Names": NAMED[::-1]}, ("dog", "cat"), None),
        ({"x_train": X, "y_train": Y, "label_names": NAMED}, ("cat", "dog"), None),
    ],
)
def test_names_of_classes_beside_labels(tmp_path, arrays, labels, left_out):
    data = load_dataset(save(tmp_path, arrays), Vector)
    assert data.labels == labels
    whole = joined(data)
    order = np.argsort(whole.x[:, 0])
    truth = NAMED[Y] if "cat" in labels else Y.astype(str)
    assert (np.array(labels)[whole.y][order] == truth[np.argsort(X[:, 0])]).all()
    assert (
        any(left_out in note for note in data.notes)
        if left_out
        else not any("left out" in note for note in data.notes)
    )


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X, "label_names": NAMED}, "unknown array 'y'"),
        ({"x": X, "labels": Y, "label_names": NAMED, "class_names": NAMED}, "mean the same"),
        ({"x": X, "labels": Y, "label_names": NAMED[:1]}, "must hold 0 to 0"),
    ],
)
def test_names_of_classes_that_do_not_fit(tmp_path, arrays, message):
    with pytest.raises(RequestError, match=message):
        load_dataset(save(tmp_path, arrays), Vector)


def test_what_is_none_of_them_is_said(tmp_path):
    data = load_dataset(save(tmp_path, {"x": X, "y": Y, "data": X, "xs_val": X}), Vector)
    assert "left out, arrays of other names: xs_val, data" in data.notes


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"x_train": X}, "holds x and x_train, which mean the same; keep one"),
        ({"x_val": X, "y_val": Y, "x_valid": X}, "holds x_val and x_valid, which mean the same"),
        ({"lengths_valid": Y}, "holds lengths_valid and no x_validation; save both or neither"),
    ],
)
def test_names_that_leave_it_open(tmp_path, more, message):
    with pytest.raises(RequestError, match=message):
        load_dataset(save(tmp_path, {"x": X, "y": Y}, **more), Vector)


@pytest.mark.parametrize("name", ["labels", "class_names"])
@pytest.mark.parametrize("names", [[b"cat", b"dog"], ["cat", "dog"], [b"cat", "hündin".encode()]])
def test_names_of_classes_are_text(tmp_path, name, names):
    data = load_dataset(save(tmp_path, {"x": X, "y": Y}, **{name: np.array(names)}), Vector)
    assert data.labels == tuple(n.decode() if isinstance(n, bytes) else n for n in names)


@pytest.mark.parametrize("y", [np.array([b"cat", b"dog"])[Y], Y[:, None], Y.astype(bool), Y > 0])
def test_labels_of_other_types(tmp_path, y):
    data = load_dataset(save(tmp_path, {"x": X, "y": y}), Vector)
    assert data.labels in (("cat", "dog"), ("0", "1"), ("False", "True"))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (np.array([b"\xff", b"a"]), "is not in UTF-8"),
        (np.array(["a\nb", "c"]), "cannot be printed"),
        (np.array(["a", "\ud800"]), "cannot be printed"),
        (np.array([["a", "b"]]), r"shape \(1, 2\)"),
        (np.zeros(0), "holds none"),
    ],
)
def test_wrong_names_of_classes(tmp_path, names, message):
    with pytest.raises(RequestError, match=message):
        load_dataset(save(tmp_path, {"x": X, "y": Y, "labels": names}), Vector)


def npy(header, data=b"\0" * 960):
    text = header.encode("latin-1").ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def described(descr="'<f8'", shape="(40, 3)", order="False"):
    return npy(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}")


def archive(folder, content, **how):
    path = folder / "bad.npz"
    with zipfile.ZipFile(path, "w", **how) as file:
        file.writestr("x.npy", content)
        file.writestr("y.npy", as_npy(Y))
    return path


def as_npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


DAMAGED = {
    "an open header": npy("{'descr': '<f8', 'shape': (40, 3"),
    "no header": npy(""),
    "a list": npy("[1, 2]"),
    "an open string": npy("{'descr': '<f8"),
    "brackets": npy("(" * 100),
    "a shape of truths": described(shape="(True, True)"),
    "a shape below zero": described(shape="(-40, 3)"),
    "a number for a shape": described(shape="120"),
    "fractions for a shape": described(shape="(40.0, 3)"),
    "another shape": described(shape="(40, 4)"),
    "a huge shape": described(shape=f"({10**12}, {10**12})"),
    "a shape of 400 digits": described(shape=f"({'9' * 60}, 3)"),
    "no such type": described(descr="'<q9'"),
    "a type of types": described(descr="[('a', [('b', '<f8'), ('c', '<f9')])]"),
    "a list for a type": described(descr="[[], 3]"),
    "a number for a type": described(descr="8"),
    "a wide type": described(descr="'<U999999999'"),
    "no width": described(descr="'|S0'", shape="(99999999999,)"),
    "objects": described(descr="'|O'"),
    "a version to come": b"\x93NUMPY\x09\x00" + npy("")[8:],
    "nothing": b"",
    "a few letters": b"\x93NUM",
    "text": b"hello",
    "half": as_npy(X)[:500],
    "more": as_npy(X) + b"more",
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_arrays(tmp_path, case):
    with pytest.raises(RequestError, match=r"x\.npy") as error:
        load_dataset(str(archive(tmp_path, DAMAGED[case])), Vector)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def changed(path, find, offset, value):
    """Sets two bytes in each header of the archive's members."""
    content = bytearray(path.read_bytes())
    place = content.find(find)
    while place >= 0:
        content[place + offset : place + offset + 2] = value.to_bytes(2, "little")
        place = content.find(find, place + 1)
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("what", "value", "message"),
    [
        ("encrypted", 1, "is encrypted; save it without a password"),
        ("packed by 99", 99, "damaged"),
        ("packed by lzma", 14, "damaged"),
    ],
)
def test_archives_of_other_kinds(tmp_path, what, value, message):
    path = archive(tmp_path, as_npy(X))
    local, central = (6, 8) if what == "encrypted" else (8, 10)
    changed(path, b"PK\x03\x04", local, value)
    with pytest.raises(RequestError, match=message):
        load_dataset(changed(path, b"PK\x01\x02", central, value), Vector)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_files_are_read(tmp_path, compression):
    path = archive(tmp_path, as_npy(X), compression=compression)
    assert len(joined(load_dataset(str(path), Vector))) == 40


BOMBS = {
    "zeros": np.zeros((2000, 500)),
    "many labels": np.zeros((20_000, 1), np.uint8),
    "small pictures": np.zeros((2000, 1, 1, 1), np.uint8),
    "small grey pictures": np.zeros((2000, 8, 8), np.uint8),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_small_file_may_not_unpack_to_a_large_one(tmp_path, monkeypatch, case):
    x = BOMBS[case]
    arrays = {"x": x, "y": np.arange(len(x), dtype=np.uint8) % 2}
    kind = Picture if x.ndim > 2 else Vector
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    monkeypatch.setattr(npz, "UNPACKED", 1_000_000)
    with pytest.raises(RequestError, match=r"bytes, and its arrays would take .*uncompressed"):
        load_dataset(str(tmp_path / "a.npz"), kind)


def test_the_remedy_that_it_names(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "UNPACKED", 1_000)
    path = save(tmp_path, {"x": BOMBS["zeros"], "y": np.arange(2000) % 2})
    assert len(joined(load_dataset(path, Vector))) == 2000


def test_the_real_bound_is_over_a_gigabyte():
    assert npz.UNPACKED == 1 << 30
