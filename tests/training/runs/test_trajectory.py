import keras
import numpy as np
import pytest

import zoo
from zoo.checkpoints.load import load
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.forms import Vector
from zoo.training.recipes.recipe import Recipe
from zoo.training.runs.run_folder import TRAJECTORY
from zoo.training.runs.trajectory import KeepTrajectory, read_trajectory
from zoo.training.train import train_model


@pytest.mark.slow
@pytest.mark.parametrize("ema", [None, 0.9])
def test_the_weights_of_every_epoch_are_kept(tmp_path, ema):
    dataset = load_dataset("digits", Vector)
    recipe = Recipe(epochs=2, batch_size=256, ema=ema)
    train_model("residual_mlp", dataset, recipe, tmp_path, callbacks=[KeepTrajectory(tmp_path)])
    kept = read_trajectory(tmp_path)
    assert len(kept) == 3  # One before the first epoch.
    checkpoint = load(tmp_path)
    for variable in checkpoint.model.weights:
        value = np.asarray(variable.value)
        if variable.path.startswith("logits/"):  # The checkpoint's are divided by its temperature.
            value = value * checkpoint.card.training.temperature
        np.testing.assert_allclose(kept[-1][variable.path], value, rtol=1e-6, err_msg=variable.path)
    moved = kept[1]["stem_dense/kernel"] != kept[0]["stem_dense/kernel"]
    assert moved.any()


@pytest.mark.slow
def test_it_cannot_begin_in_the_middle(tmp_path):
    """The training is stopped after its first epoch, and goes on."""
    dataset = load_dataset("digits", Vector)
    recipe = Recipe(epochs=3, batch_size=256)

    def stop(epoch, logs):
        if epoch == 1:
            raise KeyboardInterrupt

    stopper = keras.callbacks.LambdaCallback(on_epoch_begin=stop)
    for kept in ([], [KeepTrajectory(tmp_path / "kept")]):
        output = tmp_path / ("kept" if kept else "not")
        with pytest.raises(KeyboardInterrupt):
            train_model("residual_mlp", dataset, recipe, output, callbacks=[*kept, stopper])
        watch = [KeepTrajectory(output)]
        if kept:
            train_model("residual_mlp", dataset, recipe, output, callbacks=watch)
            assert len(read_trajectory(output)) == 4
            continue
        with pytest.raises(RequestError, match="without the weights after epoch 0, which were not"):
            train_model("residual_mlp", dataset, recipe, output, callbacks=watch)
        assert not (output / TRAJECTORY).exists()


@pytest.mark.slow
def test_more_epochs_leave_the_first_weights(tmp_path):
    small = {"config": {"depth": 2, "width": 8}, "trajectory": True}
    for epochs in (1, 2):
        zoo.train("residual_mlp", epochs=epochs, output=tmp_path, **small)
        kept = read_trajectory(tmp_path)
        assert len(kept) == epochs + 1
        if epochs == 1:
            first = kept[0]
    for path, value in first.items():
        np.testing.assert_array_equal(kept[0][path], value, err_msg=path)


def test_what_is_missing_or_damaged_is_said(tmp_path):
    with pytest.raises(RequestError, match="--trajectory"):
        read_trajectory(tmp_path)
    (tmp_path / TRAJECTORY).mkdir()
    (tmp_path / TRAJECTORY / "epoch_0000.safetensors").write_bytes(b"none")
    with pytest.raises(RequestError, match="damaged"):
        read_trajectory(tmp_path)
