"""Programs send sounds, recordings, rows, and pictures of any task: answers as of `zoo predict`."""

import base64
import csv
import gzip
import http.client
import io
import json
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import soundfile

import zoo
from tests.artifacts.families import FAMILIES, ROWS, Family, family, features, predicted, without
from zoo.artifacts.serving import answering
from zoo.artifacts.serving.serve import serve

JSON, CSV = "application/json", "text/csv"
FAST = ("sounds", "rows")  # The others run the same code.


@dataclass(frozen=True)
class Served:
    """An export that is served.

    Attributes:
        family: The export, and files for it.
        ask: Sends a body of a type; returns status and document.
        about: Asks what it takes.
    """

    family: Family
    ask: Callable[[bytes | str, str], tuple[int, dict]]
    about: Callable[[], dict]

    def predicted(self):
        """Returns what `zoo predict` says of the files."""
        return predicted(self.family.files, self.family.folder / "cpu.tflite")

    def first(self):
        """Sends the first file."""
        return self.ask(self.family.files[0].read_bytes(), self.family.media)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in FAMILIES
    ],
)
def served(request, tmp_path_factory):
    made = family(request.param, tmp_path_factory.mktemp("family"))
    with serve(artifact=made.folder, api=True, port=0) as server:
        place = urllib.parse.urlsplit(server.address)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)

        def ask(body, media, method="POST", path="/predict"):
            connection.request(method, path, body, {"Content-Type": media})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

        yield Served(made, ask, lambda: ask(None, "", "GET", "/")[1])
        connection.close()


def test_answers_are_those_of_zoo_predict(served):
    wanted = served.predicted()
    assert len({json.dumps(row) for own in wanted for row in own}) > 2
    for file, rows in zip(served.family.files, wanted, strict=True):
        status, document = served.ask(file.read_bytes(), served.family.media)
        assert status == 200
        instance = {} if "line" in rows[0] else {"instance": 0}
        assert document["predictions"] == [{**instance, **row} for row in rows]


def test_several_at_a_time(served):
    parts = served.predicted()
    if "line" in parts[0][0]:
        names, *rows = csv.reader(io.StringIO(ROWS))
        instances = [dict(zip(names, row, strict=True)) for row in rows]
        parts = [[without(row, "line")] for row in parts[0]]
    else:
        instances = [{"b64": encoded(file.read_bytes())} for file in served.family.files]
    status, document = served.ask(json.dumps({"instances": instances}), JSON)
    assert status == 200
    assert document["predictions"] == [
        {"instance": number, **row} for number, rows in enumerate(parts) for row in rows
    ]


def wave(samples, subtype="FLOAT"):
    file = io.BytesIO()
    soundfile.write(file, np.asarray(samples), 8000, subtype, format="WAV")
    return file.getvalue()


def encoded(content):
    return base64.b64encode(content).decode()


def rows_of(*instances):
    return json.dumps({"instances": instances})


def log(clock, names="t,ax,ay,gz"):
    return "\n".join([names, *(f"{t},1,2,{number % 7}" for number, t in enumerate(clock))])


SOUND, LOG, TABLE = "audio/wav", CSV, CSV
TWENTY = [number / 25 for number in range(30)]
HEAD = "colour,weight,size,kind\n"
MALFORMED = {
    "sounds": [
        (b"no sound", SOUND, 400, "no WAV, FLAC, Ogg, AIFF or MP3 sound"),
        (wave(np.zeros(800))[:2000], SOUND, 400, "it is cut off: it has 2,000 of 3,280 bytes"),
        (wave([0.0, np.nan]), SOUND, 400, "it holds NaN or infinity"),
        (wave([0.0, 99.0]), SOUND, 400, "its samples go up to 99"),
        (wave([]), SOUND, 400, "it holds no samples"),
        (wave(np.zeros(80)), "image/png", 415, "the Content-Type is image/png; say one of audio/*"),
        (rows_of({"seconds": 1}), JSON, 400, 'instance 0 has to be {"b64": "…"}'),
        (rows_of({"b64": encoded(b"no sound")}, {}), JSON, 400, "instance 1 has to be"),
        (rows_of({"b64": encoded(b"no sound")}, {"b64": ""}), JSON, 400, "instance 0: no WAV"),
    ],
    "recordings": [
        (b"\0\1\2", LOG, 400, "it is not a CSV: it holds zero bytes"),
        (gzip.compress(log(TWENTY).encode()), LOG, 415, "the table is packed; send it as text"),
        (rows_of({"b64": encoded(gzip.compress(b"t"))}), JSON, 415, "the table is packed"),
        ("t,ax,ay,gz", LOG, 400, "it has a header and no rows"),
        (log(TWENTY, "t,light,dark,warm"), LOG, 400, "it has no column 'ax' of numbers"),
        (log(TWENTY[::-1]), LOG, 400, "its clock goes backwards after row 1: 1.16, then 1.12"),
        (log([1000 * t for t in TWENTY]), LOG, 400, "it has 0.025 rows a second"),
        (log([0, 1e300]), LOG, 400, "it has 1e-300 rows a second"),
        (log(TWENTY), "audio/wav", 415, "the Content-Type is audio/wav; say one of text/csv"),
        (rows_of({"t": 1, "ax": 2}), JSON, 400, "instance 0 has to be"),
        (b"x" * (answering.LARGEST_TEXT + 1), LOG, 413, "send 1,048,576 at most"),
    ],
    "rows": [
        (b"\0\1\2", TABLE, 400, "the table is not a CSV: it holds zero bytes"),
        (gzip.compress(ROWS.encode()), TABLE, 415, "the table is packed; send it as text"),
        ("weight,size\n1,2\n", TABLE, 400, "the table: missing column"),
        (HEAD, TABLE, 400, "the table has a header and no rows"),
        (f"{HEAD}red,heavy,1,a\n", TABLE, 400, "column 'weight' holds numbers, but 1 of 1"),
        (f"{HEAD}red,1,1,a,9,9\n", TABLE, 400, "the table, line 2: 6 cells, the first line has 4"),
        ("colour,weight,weight\nred,1,2\n", TABLE, 400, "the table has two columns 'weight'"),
        (rows_of({"weight": [1]}), JSON, 400, "instance 0: 'weight' has to be a text"),
        (rows_of({"weight": 1}, {"weight": True}), JSON, 400, "instance 1: 'weight' has to be"),
        (rows_of({"weight": None}), JSON, 400, "instance 0 holds no value"),
        (rows_of({"weight": "heavy", "colour": "", "size": 1, "kind": "a"}), JSON, 400, "'heavy'"),
        (rows_of({"weight": float("nan")}), JSON, 400, "NaN is no number"),
        (rows_of(*[{"weight": 1}] * 257), JSON, 413, "there are 257 instances; send at most 256"),
        (b"x" * (answering.LARGEST_TEXT + 1), TABLE, 413, "send 1,048,576 at most"),
    ],
    "pictures": [
        (b"no picture", "image/png", 400, "not a JPEG, PNG"),
        (wave(np.zeros(80)), "application/octet-stream", 400, "not a JPEG, PNG"),
        (wave(np.zeros(80)), SOUND, 415, "the Content-Type is audio/wav; say one of image/*"),
        (ROWS, CSV, 415, "the Content-Type is text/csv; say one of image/*"),
        (rows_of({"weight": 1}), JSON, 400, "instance 0 has to be"),
    ],
}  # fmt: skip


def test_what_is_wrong_is_said_in_one_line(served):
    for body, media, status, message in MALFORMED[served.about()["takes"]]:
        answered, document = served.ask(body, media)
        assert (answered, [*document]) == (status, ["error"]), message
        assert message in document["error"]
        assert "\n" not in document["error"]
        assert str(served.family.folder) not in document["error"]
    assert served.first()[0] == 200


def test_what_unpacks_to_too_much_is_refused(served, monkeypatch):
    monkeypatch.setattr(answering, "_UNPACKED", 2)
    status, document = served.first()
    takes = served.about()["takes"]
    assert status == (413 if takes in ("sounds", "recordings") else 200)
    assert status == 200 or f"the {takes[:-1]} is too long; send 0 " in document["error"]


@pytest.mark.slow
def test_features_are_refused_before_anything_is_served(tmp_path):
    with (
        pytest.raises(zoo.RequestError, match="gives features, no labels or values; zoo embed"),
        serve(artifact=features(tmp_path), api=True, port=0),
    ):
        pass
