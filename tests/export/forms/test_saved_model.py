"""The SavedModel serves in a process without this project."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imsave

SERVE = """
import json, sys
import numpy as np, tensorflow as tf
folder, x, *pictures = sys.argv[1:]
model = tf.saved_model.load(folder)
serve, classify = model.signatures["serving_default"], model.signatures["classify_bytes"]
encoded = [open(path, "rb").read() for path in pictures]
many = classify(image_bytes=tf.constant(encoded))
one = classify(image_bytes=tf.constant(encoded[0]))
alone = serve(image=tf.constant(np.load(x)[:1]))["probabilities"].numpy()
print(json.dumps({
    "signatures": sorted(model.signatures),
    "ours": any(name.split(".")[0] in ("export", "zoo") for name in sys.modules),
    "alone": alone.tolist(),
    "probabilities": serve(image=tf.constant(np.load(x)))["probabilities"].numpy().tolist(),
    "scores": many["scores"].numpy().tolist(),
    "labels": [[label.decode() for label in row] for row in many["labels"].numpy()],
    "one": [label.decode() for label in one["labels"].numpy()[0]],
}))
"""


@pytest.mark.slow
def test_a_stranger_can_serve_it(exported, tmp_path):
    x = exported.samples.test_x[:6]
    np.save(tmp_path / "x.npy", x.astype(np.float32))
    pictures = []
    for index, kind in enumerate(("png", "jpeg", "png")):
        # Larger than the model's input, so that it has to be resized.
        large = x[index].repeat(4, axis=0).repeat(4, axis=1)
        buffer = io.BytesIO()
        imsave(buffer, large, format=kind)
        pictures.append(tmp_path / f"{index}.{kind}")
        pictures[-1].write_bytes(buffer.getvalue())
    done = subprocess.run(
        [sys.executable, "-c", SERVE, exported.folder / "saved_model" / "1", "x.npy", *pictures],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["signatures"] == ["classify_bytes", "serving_default"]
    assert not answer["ours"]
    logits = exported.model.predict(x, verbose=0)
    best = logits.argmax(axis=1)
    probabilities = np.array(answer["probabilities"])
    assert np.allclose(answer["alone"], probabilities[:1], atol=1e-6)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert probabilities.argmax(axis=1).tolist() == best.tolist()
    assert [row[0] for row in answer["labels"]] == [str(label) for label in best[:3]]
    assert answer["one"] == answer["labels"][0]
    assert all(sorted(row, reverse=True) == row for row in answer["scores"])
    assert all(sorted(row) == list("0123456789") for row in answer["labels"])


def test_a_full_disk_is_reported_as_one(untrained, tmp_path, monkeypatch):
    import tensorflow as tf

    from export.forms.form import prepare
    from export.forms.saved_model import save_for_serving

    def full(*args, **options):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device [Op:SaveV2]")

    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(OSError, match="No space left on device"):
        save_for_serving(prepare(untrained), tmp_path, ("a", "b", "c"), pixels=False)


def test_pixels_only_are_served_as_pictures(tmp_path):
    import keras
    import tensorflow as tf

    from export.forms.form import prepare
    from export.forms.saved_model import save_for_serving

    image = keras.Input((4, 4, 3))
    form = prepare(keras.Model(image, keras.layers.GlobalAveragePooling2D()(image)))
    for pixels, expected in ((True, 2), (False, 1)):
        folder = tmp_path / str(pixels)
        save_for_serving(form, folder, ("r", "g", "b"), pixels=pixels)
        assert len(tf.saved_model.load(str(folder / "1")).signatures) == expected
