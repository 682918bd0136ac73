import numpy as np
import pytest

from zoo.data.labels import class_indices, class_names, joined, target_values
from zoo.data.numbers import Spelling
from zoo.errors import RequestError

BREEDS = [f"breed {letter}" for letter in "abcdefghijklmnopqrstuvwxyzßäöü"]
NUMBERS = [str(number) for number in range(30)]
CLASSES = {
    "text": (["b", "a", "b"], ("a", "b")),
    "numbers by size": (["10", "9", "10"], ("9", "10")),
    "floats": (["0", "0.0", "1.0", "1"], ("0", "1")),
    "only floats": (["1.0", "0.0", "1.0"], ("0.0", "1.0")),
    "powers": (["1e1", "10", "2"], ("2", "10")),
    "zeros in front": (["01", "1", "2"], ("1", "2")),
    "numbers and text": (["1", "1.0", "one"], ("1", "one")),
    "words": (["None", "yes", "None"], ("None", "yes")),
    "Chinese": (["猫", "狗"], ("狗", "猫")),
    "few of each": (BREEDS * 6, tuple(BREEDS)),
    "a third with one": ([*BREEDS, *BREEDS[:21]], tuple(BREEDS)),
    "few classes": (BREEDS[:20], tuple(BREEDS[:20])),
    "many of a number": (NUMBERS * 10, tuple(NUMBERS)),
    "few numbers": (NUMBERS[:20], tuple(NUMBERS[:20])),
    "numbers in words": (
        [f"class {n}" for n in NUMBERS] * 2,
        tuple(sorted(f"class {n}" for n in NUMBERS)),
    ),
}


@pytest.mark.parametrize("case", CLASSES)
def test_classes(case):
    cells, labels = CLASSES[case]
    assert class_names(cells, "y") == labels
    indices = class_indices(cells, labels, str)
    if len(labels) > 9:
        assert [labels[index] for index in indices] == cells
        return
    assert {float(c) if c[0].isdigit() else c for c in cells} == {
        float(labels[i]) if labels[i][0].isdigit() else labels[i] for i in indices
    }


@pytest.mark.parametrize("labels", [("caf\u00e9", "x"), ("cafe\u0301", "x")])
def test_a_label_is_the_same_composed_or_not(labels):
    assert class_indices(["caf\u00e9", "cafe\u0301", "x"], labels, str).tolist() == [0, 0, 1]
    for other in ("cafe", "Caf\u00e9"):
        with pytest.raises(RequestError, match="is not one of"):
            class_indices([other], labels, str)


def test_labels_in_two_spellings_are_said():
    assert joined(["0", "0.0", "1"], ("0", "1")) == [
        "labels that are one number are one class: '0.0' as '0'"
    ]
    assert joined(["a", "b"], ("a", "b")) == []


WRONG = {
    "case": (["yes", "Yes", "no"], "the classes '[yY]es' and '[yY]es', the same but for case"),
    "spaces": (["New York", "New  York", "x"], "the same but for case or spaces"),
    "composed letters": (["caf\u00e9", "cafe\u0301", "x"], "the same but for case or spaces"),
    "German": (["Straße", "STRASSE", "x"], "the same but for case or spaces"),
    "one": (["1", "1.0"], "is '1' in every row"),
    "lines": (["a\nb", "c"], "cannot be printed; rename it"),
    "terminal": (["\x1b]52;c;x", "c"], "cannot be printed"),
    "numbers": (
        NUMBERS * 9,
        "30 classes in 270 rows, fewer than 10.*--task=regression; if they are",
    ),
    "prices": ([f"${n}.50" for n in NUMBERS] * 9, "30 classes in 270 rows.*--task=regression"),
    "decimal commas": ([f"{n},5" for n in NUMBERS] * 9, "30 classes in 270 rows.*regression"),
    "numbers and a word": (["much", *NUMBERS] * 9, "31 classes in 279 rows.*--task=regression"),
    "names of rows": (BREEDS, "30 classes in 30 rows, and 30 of them have one example; give more"),
    "most have one": ([*BREEDS, *BREEDS[:14] * 6], "30 classes in 114 rows, and 16 of them have"),
    "half a letter": (["\ud800", "c"], "cannot be printed"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_classes(case):
    cells, message = WRONG[case]
    with pytest.raises(RequestError, match=message) as error:
        class_names(cells, "y")
    str(error.value).encode()


def test_a_label_of_another_case_is_refused_with_the_one_that_it_is_like():
    with pytest.raises(RequestError, match=r"y 1: class 'Yes' is not .*; spell it 'yes'"):
        class_indices(["no", "Yes"], ("no", "yes"), "y {}".format)


@pytest.mark.parametrize(
    ("cells", "spelling"),
    [(["1,5", "2"], Spelling(",")), (["$1.5", "$2.00"], Spelling(".", "$"))],
)
def test_values_in_a_spelling(cells, spelling):
    assert target_values(cells, spelling, str).tolist() == [1.5, 2]


@pytest.mark.parametrize("cell", ["1,5", "x", "", "inf", "9" * 400])
def test_wrong_values(cell):
    with pytest.raises(RequestError, match=r"row 1: .* is not a number"):
        target_values(["1", cell], Spelling(), "row {}".format)
    assert np.isfinite(target_values(["1"], Spelling(), str)).all()
