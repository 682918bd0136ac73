import numpy as np
import pytest

from zoo.checkpoints.store import load
from zoo.checkpoints.trajectory import FOLDER, read_trajectory
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.training.recipe import Recipe
from zoo.training.run import train
from zoo.training.trajectory import KeepTrajectory


def test_the_weights_of_every_epoch_are_kept(tmp_path):
    dataset = load_dataset("digits", "features")
    recipe = Recipe(epochs=2, batch_size=256)
    train("residual_mlp", dataset, recipe, tmp_path, callbacks=[KeepTrajectory(tmp_path)])
    kept = read_trajectory(tmp_path)
    assert len(kept) == 3  # One before the first epoch.
    for variable in load(tmp_path).model.weights:
        assert (kept[-1][variable.path] == np.asarray(variable.value)).all()
    moved = kept[1]["stem_dense/kernel"] != kept[0]["stem_dense/kernel"]
    assert moved.any()


def test_what_is_missing_or_damaged_is_said(tmp_path):
    with pytest.raises(RequestError, match="--trajectory"):
        read_trajectory(tmp_path)
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "epoch_0000.safetensors").write_bytes(b"none")
    with pytest.raises(RequestError, match="damaged"):
        read_trajectory(tmp_path)
