import dataclasses
import shutil

import numpy as np
import pytest
import safetensors.numpy

import zoo
from zoo.checkpoints.card import Card
from zoo.checkpoints.store import build_from_card
from zoo.errors import RequestError
from zoo.forms import Picture

CARD = Card(
    model="resnet8",
    labels=("a", "b", "c"),
    input=Picture(shape=(32, 32, 3), mean=(100.0, 110.0, 120.0), std=(50.0, 60.0, 70.0)),
    config={"shortcut": "pad", "order": "relu_output"},
)
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)


@pytest.fixture
def saved(tmp_path):
    """A checkpoint with every weight random, norms included."""
    random = np.random.default_rng(0)
    model = build_from_card(CARD)
    for variable in model.variables:
        variable.assign(random.uniform(0.1, 0.5, variable.shape))
    zoo.save(model, tmp_path / "mine", CARD)
    return model, tmp_path / "mine"


def test_round_trip_is_exact(saved):
    model, folder = saved
    loaded = zoo.load(folder)
    assert loaded.labels == CARD.labels
    for before, after in zip(model.variables, loaded.model.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(before), np.asarray(after))
    np.testing.assert_array_equal(np.asarray(model(IMAGES)), np.asarray(loaded.model(IMAGES)))
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "model.safetensors"]


def test_the_card_tells_size_and_hash(saved):
    model, folder = saved
    card = zoo.load(folder).card
    file = card.files["model.safetensors"]
    assert file.bytes == (folder / "model.safetensors").stat().st_size
    assert card.parameters == sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert card.macs > 0


def test_float16_halves_the_file(saved, tmp_path):
    model, folder = saved
    zoo.save(model, tmp_path / "half", CARD, dtype="float16")
    sizes = [(f / "model.safetensors").stat().st_size for f in (tmp_path / "half", folder)]
    assert sizes[0] < 0.6 * sizes[1]
    np.testing.assert_allclose(
        np.asarray(zoo.load(tmp_path / "half").model(IMAGES)),
        np.asarray(model(IMAGES)),
        rtol=0.02,
    )


@pytest.mark.parametrize("offset", [3e6, 6e4], ids=["beyond float16", "within its range"])
def test_float16_leaves_the_values_of_a_regression_as_they_are(tmp_path, offset):
    card = dataclasses.replace(CARD, task="regression", labels=("price",))
    model = build_from_card(card)
    model.get_layer("logits").bias.assign([offset])
    model.get_layer("logits").kernel.assign(np.full((64, 1), 1e-9, np.float32))
    zoo.save(model, tmp_path / "half", card, dtype="float16")
    stored = safetensors.numpy.load_file(tmp_path / "half/model.safetensors")
    assert stored["logits/bias"].dtype == stored["logits/kernel"].dtype == np.float32
    assert stored["stem_conv/kernel"].dtype == np.float16
    loaded = zoo.load(tmp_path / "half").model.get_layer("logits")
    assert loaded.bias.numpy() == [np.float32(offset)]
    assert loaded.kernel.numpy()[0, 0] == np.float32(1e-9)


def test_float16_leaves_numbers_that_it_cannot_hold(saved, tmp_path):
    model, _ = saved
    model.get_layer("stem_bn").moving_variance.assign(np.full(16, 7e4, np.float32))
    zoo.save(model, tmp_path / "half", CARD, dtype="float16")
    stored = safetensors.numpy.load_file(tmp_path / "half/model.safetensors")
    assert [name for name, value in stored.items() if value.dtype == np.float32] == [
        "stem_bn/moving_variance"
    ]


def test_weights_that_are_not_finite_are_refused(saved, tmp_path):
    model, _ = saved
    model.get_layer("logits").bias.assign([0, np.inf, 0])
    with pytest.raises(RequestError, match="weight 'logits/bias' is not finite"):
        zoo.save(model, tmp_path / "none", CARD, dtype="float16")
    assert not (tmp_path / "none/card.json").exists()


def test_a_fresh_head_over_the_loaded_backbone(saved):
    model, folder = saved
    other = zoo.create_model("resnet8", checkpoint=str(folder), num_classes=7)
    assert other.output_shape == (None, 7)
    loaded = {v.path: np.asarray(v) for v in other.variables}
    for variable in model.variables:
        if not variable.path.startswith("logits/"):
            np.testing.assert_array_equal(loaded[variable.path], np.asarray(variable))


@pytest.mark.parametrize("tag", ["digits", "resnet8.digits"])
def test_a_shipped_tag_is_found_by_its_model(tag):
    model = zoo.create_model("resnet8", checkpoint=tag)
    assert model.output_shape == (None, 10)


def rewrite(folder, change):
    """Changes the tensors of a checkpoint and makes the card fit the new file."""
    path = folder / "model.safetensors"
    tensors = safetensors.numpy.load_file(path)
    change(tensors)
    safetensors.numpy.save_file(tensors, path)
    card = zoo.checkpoints.card.read_card(folder)
    from dataclasses import replace

    from zoo.checkpoints.card import File
    from zoo.files import sha256

    card = replace(card, files={path.name: File(path.stat().st_size, sha256(path))})
    (folder / "card.json").write_text(card.to_json())


BROKEN = [
    (lambda t: t.pop("logits/bias"), "lacks 1 tensors: logits/bias"),
    (lambda t: t.update(extra=np.zeros(1)), "has in excess 1 tensors: extra"),
    (lambda t: t.update({"logits/bias": np.zeros(4)}), r"'logits/bias' has shape \(4,\)"),
    (lambda t: t["logits/bias"].fill(np.nan), "'logits/bias' is not finite"),
]


@pytest.mark.parametrize(("change", "message"), BROKEN)
def test_tensors_that_do_not_fit_are_named(saved, change, message):
    _, folder = saved
    rewrite(folder, change)
    with pytest.raises(RequestError, match=message):
        zoo.load(folder)


def test_a_changed_file_is_refused(saved):
    _, folder = saved
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RequestError, match=r"has sha256 .*, its card says"):
        zoo.load(folder)


def test_missing_weights_are_said(saved):
    _, folder = saved
    (folder / "model.safetensors").unlink()
    with pytest.raises(RequestError, match=r"holds no model\.safetensors"):
        zoo.load(folder)


def test_a_model_that_is_not_finite_is_not_saved(saved, tmp_path):
    model, _ = saved
    model.get_layer("logits").bias.assign([np.inf, 0, 0])
    with pytest.raises(RequestError, match="'logits/bias' is not finite"):
        zoo.save(model, tmp_path / "bad", CARD)
    assert not (tmp_path / "bad" / "card.json").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet8.digit", "unknown checkpoint 'resnet8.digit'; did you mean 'resnet8.digits'"),
        ("no/such/folder", "unknown checkpoint 'no/such/folder'"),
    ],
)
def test_unknown_checkpoint(name, message):
    with pytest.raises(RequestError, match=message):
        zoo.load(name)


def test_a_checkpoint_of_another_model_is_refused(saved):
    _, folder = saved
    with pytest.raises(RequestError, match="is of a resnet8, not of a resnet20"):
        zoo.create_model("resnet20", checkpoint=str(folder))


def test_a_moved_folder_loads(saved, tmp_path):
    model, folder = saved
    shutil.move(folder, tmp_path / "elsewhere")
    moved = zoo.load(tmp_path / "elsewhere").model
    np.testing.assert_array_equal(np.asarray(moved(IMAGES)), np.asarray(model(IMAGES)))


def test_a_card_that_would_not_build_the_model_is_refused(saved, tmp_path):
    model, _ = saved
    other = dataclasses.replace(CARD, config={"shortcut": "auto"})
    with pytest.raises(RequestError, match="the card does not describe this model"):
        zoo.save(model, tmp_path / "other", other)
    assert not (tmp_path / "other").exists()


def test_a_folder_of_another_kind_does_not_hide_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    (tmp_path / "resnet8.digits").mkdir()
    assert zoo.create_model("resnet8", checkpoint="digits").output_shape == (None, 10)
    assert zoo.load("resnet8.digits").labels[0] == "0"
