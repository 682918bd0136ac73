import json

import numpy as np
import pytest

import zoo

SMALL = ("--seeds=2", "--lines=2", "--data=digits")
DEEP = ("--model=residual_mlp", "--config=depth=12,width=32,zero_init=false", *SMALL)


def read(folder):
    figures = json.loads((folder / "gradients.json").read_text())
    return figures, {
        (network["name"], network["state"]): network for network in figures["networks"]
    }


@pytest.mark.slow
def test_a_model_beside_its_plain_twin(zoo_command, tmp_path):
    code, out, _ = zoo_command("gradients", *DEEP, f"--output={tmp_path}")
    assert code == 0
    figures, networks = read(tmp_path)
    assert figures["command"].startswith("zoo gradients --config=depth=12")
    residual, plain = networks["residual", "initial"], networks["plain", "initial"]
    assert plain["config"] == {**residual["config"], "shortcut": "none"}
    assert f"{residual['correlation']['mean']:.3f}" in out
    assert residual["correlation"]["mean"] > plain["correlation"]["mean"] + 0.3
    assert "starts its branches at zero" not in out
    assert {path.name for path in tmp_path.iterdir()} == {
        "gradients.json", "shattering.png", "depth.png", "stream.png"
    }  # fmt: skip


@pytest.mark.slow
def test_before_and_after_a_training(zoo_command, tmp_path):
    arguments = ("gradients", "--model=residual_mlp", "--config=depth=1,width=8", *SMALL,
                 "--epochs=1", f"--output={tmp_path}")  # fmt: skip
    code, out, _ = zoo_command(*arguments)
    assert code == 0
    _, networks = read(tmp_path)
    assert set(networks) == {
        (name, state) for name in ("residual", "plain") for state in ("initial", "trained")
    }
    assert "plain, seed 1: top1 " in out
    assert "starts its branches at zero" in out
    weights = tmp_path / "plain/seed1/model.safetensors"
    written = weights.stat().st_mtime_ns
    assert zoo_command(*arguments)[0] == 0
    assert weights.stat().st_mtime_ns == written  # It was trained already.
    assert read(tmp_path)[1] == networks
    again = zoo.gradients(
        "residual_mlp", "digits", config={"depth": 1, "width": 8}, seeds=2, lines=2, epochs=1,
        output=tmp_path,
    )  # fmt: skip
    assert {(one.name, one.state): one.to_json() for one in again.networks} == networks
    assert again.lines[0] in out
    assert again.lines[-1] == f"pictures and figures: {tmp_path}"
    assert "alt='shattering'" in again._repr_html_()


@pytest.mark.slow
def test_a_checkpoint_beside_fresh_weights(zoo_command, tmp_path):
    code, out, _ = zoo_command(
        "gradients", "--checkpoint=resnet8.digits", *SMALL, f"--output={tmp_path}"
    )
    assert code == 0
    _, networks = read(tmp_path)
    assert set(networks) == {
        ("residual", "initial"), ("residual", "trained"), ("plain", "initial")
    }  # fmt: skip
    assert networks["residual", "trained"]["intervals_over"] == "2 lines"
    assert "2 lines" in out
    assert (tmp_path / "shattering.png").is_file()


@pytest.mark.slow
def test_from_python_without_an_output_nothing_is_written(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    done = zoo.gradients(
        "residual_mlp", config={"depth": 1, "width": 4, "zero_init": False}, seeds=1, lines=2
    )
    assert [one.title for one in done.networks] == [
        "residual, at initialisation", "plain, at initialisation"
    ]  # fmt: skip
    assert np.isfinite(done.networks[0].correlation.half)
    assert (done.folder, list(tmp_path.iterdir())) == (None, [])


@pytest.mark.parametrize(
    "command",
    [
        ("gradients", "--model=resnet8"),
        ("compare", "--model=resnet8"),
        ("landscape", "--checkpoint=resnet8.digits"),
        ("units", "--checkpoint=resnet8.digits"),
    ],
)
def test_another_backend_is_refused(zoo_command, monkeypatch, tmp_path, command):
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    code, _, err = zoo_command(*command, f"--output={tmp_path / 'out'}")
    assert code == 2
    assert "this takes Keras on TensorFlow; unset KERAS_BACKEND, now 'jax'" in err
    assert not (tmp_path / "out").exists()
