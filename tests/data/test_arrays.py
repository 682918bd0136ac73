import numpy as np
import pytest

from zoo.data.dataset import channel_statistics
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.forms import Picture, Sequence, Vector
from zoo.tasks.regression import REGRESSION

RANDOM = np.random.default_rng(0)
Y = np.arange(40) % 4
X = RANDOM.normal(size=(40, 5))
LENGTHS = RANDOM.integers(2, 7, 40)
STEPS = RANDOM.normal(3, 1, size=(40, 6, 5))


def save(folder, **arrays):
    path = folder / "a.npz"
    np.savez(path, **arrays)
    return str(path)


@pytest.mark.parametrize(
    ("y", "labels", "expected"),
    [
        (Y, None, ("0", "1", "2", "3")),
        (Y.astype(float), None, ("0", "1", "2", "3")),
        (Y, ["n", "e", "s", "w"], ("n", "e", "s", "w")),
        (np.array(["n", "e", "s", "w"])[Y], None, ("e", "n", "s", "w")),
    ],
)
def test_classes(tmp_path, y, labels, expected):
    more = {} if labels is None else {"labels": np.array(labels)}
    data = load_dataset(save(tmp_path, x=X, y=y, **more), Vector)
    assert data.labels == expected
    assert [len(s) for s in (data.train, data.validation, data.test)] == [28, 4, 8]
    assert data.train.x.dtype == np.float32


def test_splits_of_its_own(tmp_path):
    path = save(tmp_path, x=X, y=Y, x_test=X[:9], y_test=Y[:9])
    data = load_dataset(path, Vector)
    assert [len(s) for s in (data.train, data.validation, data.test)] == [36, 4, 9]
    assert (data.test.x == X[:9].astype(np.float32)).all()


def test_sequences_of_varied_length(tmp_path):
    data = load_dataset(save(tmp_path, x=STEPS, y=Y, lengths=LENGTHS), Sequence)
    assert data.example_shape == (None, 5)
    for split in (data.train, data.validation, data.test):
        real = np.arange(6) < split.lengths[:, None]
        assert (split.x[~real] == 0).all()
        assert (split.x[real] != 0).all()
    real = data.train.x[np.arange(6) < data.train.lengths[:, None]]
    mean, std = channel_statistics(data.train)
    assert mean == pytest.approx(real.mean(axis=0), rel=1e-4)
    assert std == pytest.approx(real.std(axis=0), rel=1e-4)


def test_sequences_of_one_length(tmp_path):
    data = load_dataset(save(tmp_path, x=STEPS, y=Y), Sequence)
    assert data.example_shape == (6, 5)
    assert data.train.lengths is None


def test_images(tmp_path):
    pixels = RANDOM.integers(0, 256, (40, 32, 32, 1), np.uint8)
    data = load_dataset(save(tmp_path, x=pixels, y=Y), Picture)
    assert data.example_shape == (32, 32, 3)
    grey = load_dataset(save(tmp_path, x=pixels[..., 0], y=Y), Picture)
    assert grey.fingerprint() == data.fingerprint()
    # The same numbers for a model of sequences are sequences.
    steps = load_dataset(save(tmp_path, x=pixels[..., 0] + 1.0, y=Y), Sequence)
    assert steps.example_shape[-1] == 32


def test_values(tmp_path):
    path = save(tmp_path, x=X, y=X[:, 0])
    data = load_dataset(path, Vector, reading=Reading(task=REGRESSION))
    assert (data.labels, data.train.y.dtype) == (("y",), np.float32)


def test_what_stands_after_the_last_step_does_not_matter(tmp_path):
    padding = np.arange(6) >= LENGTHS[:, None]
    clean = load_dataset(save(tmp_path, x=STEPS, y=Y, lengths=LENGTHS), Sequence)
    x = np.where(padding[..., None], np.nan, STEPS)
    data = load_dataset(save(tmp_path, x=x, y=Y, lengths=LENGTHS), Sequence)
    assert data.fingerprint() == clean.fingerprint()


def test_a_class_of_one_example_is_kept_and_said(tmp_path):
    data = load_dataset(save(tmp_path, x=X, y=changed(Y, 7, 9)), Vector)
    assert data.labels == ("0", "1", "2", "3", "9")
    assert (data.train.y == 4).sum() == 1
    assert "no example in the test split of class 9" in data.notes


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


SEQUENCES = {"x": STEPS, "y": Y}
WRONG = {
    "no y": (Vector, {"x": X}, "unknown array 'y'"),
    "no x": (Vector, {"xs": X, "y": Y}, "unknown array 'x'; did you mean 'xs'"),
    "kind": (Vector, SEQUENCES, r"x has shape \(40, 6, 5\), which is no vector data"),
    "nothing": (Vector, {}, "holds no arrays; save x and y"),
    "half a split": (Vector, {"x": X, "y": Y, "y_test": Y}, "holds y_test and no x_test"),
    "other half": (Vector, {"x": X, "y": Y, "x_test": X}, "holds x_test and no y_test"),
    "nan in test": (
        Vector,
        {"x": X, "y": Y, "x_test": changed(X, 2, np.nan), "y_test": Y},
        "x_test has NaN or infinity in 1 of 40 examples, first in number 2",
    ),
    "counts": (Vector, {"x": X, "y": Y[:-1]}, "x has 40 examples, y 39"),
    "nan": (Vector, {"x": changed(X, 7, np.nan), "y": Y}, "in 1 of 40 .* first in number 7"),
    "infinity": (Vector, {"x": changed(X, 7, np.inf), "y": Y}, "NaN or infinity"),
    "overflow": (Vector, {"x": changed(X, 7, 1e300), "y": Y}, "NaN or infinity"),
    "text": (Vector, {"x": X.astype(str), "y": Y}, "save numbers"),
    "objects": (Vector, {"x": X.astype(object), "y": Y}, "array of objects"),
    "no examples": (Vector, {"x": X[:0], "y": Y[:0]}, "x is empty"),
    "fractions": (Vector, {"x": X, "y": Y + 0.5}, "--task=regression"),
    "huge class": (Vector, {"x": X, "y": changed(Y * 1.0, 3, 1e300)}, "fractions or NaN"),
    "names twice": (Vector, {"x": X, "y": Y, "labels": np.array(list("aacd"))}, "'a' twice"),
    "one name": (
        Vector,
        {"x": X, "y": Y, "labels": np.array("abcd")},
        r"labels has shape \(\)",
    ),
    "one class": (Vector, {"x": X, "y": Y * 0}, "'0' in every row"),
    "labels": (Vector, {"x": X, "y": Y, "labels": np.array(["a"])}, "must hold 0 to 0"),
    "y shape": (Vector, {"x": X, "y": np.eye(4)[Y]}, "one label for each example"),
    "zero length": (
        Sequence,
        {**SEQUENCES, "lengths": changed(LENGTHS, 3, 0)},
        r"sequence 3 has length 0; lengths go from 1 to 6 \(1 do not\)",
    ),
    "long": (Sequence, {**SEQUENCES, "lengths": LENGTHS + 9}, "lengths go from 1 to 6"),
    "lengths": (Sequence, {**SEQUENCES, "lengths": LENGTHS[:3]}, "a whole number for each"),
    "nan in a step": (
        Sequence,
        {**SEQUENCES, "x": changed(STEPS, (5, 0), np.nan), "lengths": LENGTHS},
        "NaN or infinity in 1 of 40 examples, first in number 5",
    ),
    "no steps": (Sequence, {"x": STEPS[:, :0], "y": Y}, "x is empty"),
    "lengths of one split": (
        Sequence,
        {**SEQUENCES, "lengths": LENGTHS, "x_test": STEPS, "y_test": Y},
        "shapes .*give lengths for all splits or for none",
    ),
    "silence": (Sequence, {"x": changed(STEPS, 3, 0), "y": Y}, "sequence 3 holds only zeros"),
    "grey floats": (Picture, {"x": np.zeros((40, 32, 32)), "y": Y}, "which is no picture data"),
    "narrow": (Picture, {"x": np.zeros((40, 32, 3), np.uint8), "y": Y}, "which is no picture data"),
    "float image": (Picture, {"x": np.zeros((40, 32, 32, 3)), "y": Y}, "images are uint8"),
    "split shapes": (
        Vector,
        {"x": X, "y": Y, "x_test": X[:, :3], "y_test": Y},
        "examples of shapes",
    ),
    "other class": (
        Vector,
        {"x": X, "y": Y, "x_test": X, "y_test": Y + 1},
        r"y_test\[3\]: class '4' is not one of",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arrays(tmp_path, case):
    kind, arrays, message = WRONG[case]
    with pytest.raises(RequestError, match=message):
        load_dataset(save(tmp_path, **arrays), kind)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04broken"])
def test_other_files(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(RequestError, match=r"is not an \.npz file") as error:
        load_dataset(str(path), Vector)
    assert "pickle" not in str(error.value)  # No advice to open it all the same.


@pytest.mark.parametrize("value", [np.nan, -np.inf, 1e39])
def test_wrong_values(tmp_path, value):
    path = save(tmp_path, x=X, y=changed(X[:, 0], 3, value))
    with pytest.raises(RequestError, match=r"y\[3\] is .*; a regression needs finite numbers"):
        load_dataset(path, Vector, reading=Reading(task=REGRESSION))


def test_one_array(tmp_path):
    path = tmp_path / "a.npz"
    with path.open("wb") as file:
        np.save(file, X)
    with pytest.raises(RequestError, match="holds one array"):
        load_dataset(str(path), Vector)


def test_a_name_in_upper_case_and_few_of_many_classes(tmp_path):
    names = np.array([f"breed {letter}" for letter in "abcdefghijklmnopqrstuvwxyz"])
    y = np.arange(26 * 6) % 26
    with (tmp_path / "A.NPZ").open("wb") as file:
        np.savez(file, x=RANDOM.normal(size=(len(y), 5)), y=names[y])
    data = load_dataset(str(tmp_path / "A.NPZ"), Vector)
    assert data.labels == tuple(names)
    with pytest.raises(RequestError, match=r"26 classes in 156 rows.*names that are no numbers"):
        load_dataset(save(tmp_path, x=RANDOM.normal(size=(len(y), 5)), y=y), Vector)
