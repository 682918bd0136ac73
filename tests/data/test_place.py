"""A run remembers where its data lie, and a checkpoint is measured on them again."""

import json

import pytest

from zoo.checkpoints.card import Card
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.data.place import Place, place_by_name, place_of, trained_on
from zoo.data.reading import Reading
from zoo.errors import RequestError
from zoo.forms import Picture


def card_of(name):
    learnt = Learnt(name, "1") if name else None
    form = Picture((8, 8, 3), (), ())
    return Card("resnet8", ("a", "b"), form, training=Provenance(data=learnt))


def run_on(folder, source, reading=None):
    folder.mkdir(exist_ok=True)
    record = {"source": place_of(source, reading or Reading())}
    (folder / "run.json").write_text(json.dumps(record))
    return str(folder)


def test_a_folder_is_found_from_everywhere(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    run = run_on(tmp_path / "run", "photos/")
    monkeypatch.chdir("/")
    place = trained_on(run, card_of("photos"))
    assert place.data == str(tmp_path / "photos")
    assert place.note == f"data: {tmp_path / 'photos'}, which {run} was trained on"


@pytest.mark.parametrize(
    "source", ["digits", "tfds:beans", "https://example.org/photos.zip", "hf:me/photos"]
)
def test_what_is_no_path_stays_as_it_was(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    assert trained_on(run_on(tmp_path / "run", source), card_of("x")).data == source


def test_it_is_read_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.csv").write_text("path,age\n")
    asked = Reading(label_column="age", folder="pictures", group="person", rate=3.0)
    place = trained_on(run_on(tmp_path / "run", "list.csv", asked), card_of("list"))
    read = place.read_by(Reading(group="house"))
    assert (read.label_column, read.group) == ("age", "house")
    assert read.folder == str(tmp_path / "pictures")
    assert read.rate is None  # The card holds it.
    assert Place("x").read_by(asked) == asked


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("photos", "photos", "was trained on 'photos', and .*photos is no longer there"),
        ("photos", None, "was trained on 'photos', and where that lies is not known here"),
        ("", None, "does not say what it learnt"),
    ],
)
def test_data_that_are_gone(tmp_path, name, source, message):
    checkpoint = str(tmp_path / "run")
    if source:
        (tmp_path / source).mkdir()
        run_on(tmp_path / "run", str(tmp_path / source))
        (tmp_path / source).rmdir()
    with pytest.raises(RequestError, match=f"say which data: --data=….*{message}"):
        trained_on(checkpoint, card_of(name))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"source": 3}', '{"source": {}}', '{"source": {"data": 3}}', "\0"]
)
def test_a_record_that_says_nothing(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RequestError, match="is not known here"):
        trained_on(str(tmp_path), card_of("photos"))


def test_digits_are_everywhere(tmp_path):
    assert trained_on("resnet8.digits", card_of("digits")).data == "digits"
    assert place_by_name("digits", "cpu.tflite").data == "digits"


@pytest.mark.parametrize("name", ["photos", ""])
def test_a_file_alone_does_not_say_where_its_data_lie(name):
    with pytest.raises(RequestError, match="--data=…, or --checkpoint=RUN"):
        place_by_name(name, "cpu.tflite")
