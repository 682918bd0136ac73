"""Projects of each family around a file of a few bytes, for the tests of what they hold."""

from export.clients import phones, project, rows
from export.clients.app import App, facts
from export.tflite.tensor import TensorInfo

COLUMNS = {
    "columns": [
        {"name": "age $", "kind": "number", "empty": -100.0, "low": 17.0, "high": 90.0,
         "decimal": ",", "unit": "€"},
        {"name": "job", "kind": "category", "unseen": 3, "vocabulary": ["cook", "", 'a "b"']},
    ],
    "gaps": ["", "?"],
}  # fmt: skip
FORMS = {
    "picture": {"kind": "picture", "shape": (18, 16, 3), "resize": 21, "interpolation": "bicubic"},
    "sound": {"kind": "sound", "shape": (100,), "rate": 1000, "step": 50},
    "recording": {
        "kind": "recording", "shape": (8, 2), "rate": 10.0, "step": 4, "channels": ("ax", "gy")
    },
    "table": {"kind": "table", **COLUMNS},
}  # fmt: skip
TITLE = 'Anna\'s "first" <app> & more'


def written(folder, platform, kind):
    """Writes the project of a platform and a family."""
    model = folder / "some.tflite"
    model.write_bytes(b"model")
    form = FORMS[kind]
    code = rows.render(COLUMNS) if kind == "table" else {}
    labels = ("cat", "dog", 'a "$b"\\')
    app = App(TITLE, "Tells.", form, "classes", labels, code, threshold=0.4)
    states = [TensorInfo("window", "float32", (1, 7, 2))] if kind == "recording" else []
    given = TensorInfo("input", "float32", (1, *form.get("shape", (2,))))
    if states:
        given = TensorInfo("sequence", "float32", (1, 1, 2))
    result = TensorInfo("probabilities", "float32", (1, 3))
    described = {
        "file": "some.tflite",
        "bytes": 5,
        "inputs": [vars(info) for info in (given, *states)],
        "outputs": [vars(info) for info in (result, *states)],
    }
    phones.check(described, platform)
    project.write(folder / kind, platform, app, facts(app, described), model)
    return folder / kind
