"""A window that slides: a file remembers it bit for bit, and one that does not fails its checks."""

from __future__ import annotations

from dataclasses import asdict

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from keras import layers

import export
from export.checks.run import follow
from export.checks.stream import judge_stream, long_stream, measure
from export.forms.form import SIGNATURE, prepare
from export.forms.saved_model import save_for_conversion
from export.samples import Samples
from export.tflite.convert import Arithmetic, Source, _convert_here
from export.tflite.runtime import LiteModel, LiteStream
from export.tflite.sharing import packed
from export.tflite.sliding import slid
from tests.export.checks.test_gates import evidence

WINDOW, FEATURES, HOP = 12, 3, 5
NOISE = np.random.default_rng(3)
X = NOISE.normal(size=(40, WINDOW, FEATURES)).astype(np.float32)
LABELS = NOISE.integers(0, 4, 40)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((WINDOW, FEATURES))
    return keras.Model(inputs, layers.Dense(4)(layers.Flatten()(inputs)))


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    """Files over whole windows, in floats and in integers."""
    folder = tmp_path_factory.mktemp("whole")
    save_for_conversion(prepare(model), folder / "saved_model")
    np.savez(folder / "x.npz", sequence=X)
    source = Source(str(folder / "saved_model"), (SIGNATURE,), str(folder / "x.npz"))
    files = {kind: folder / f"{kind}.tflite" for kind in ("float32", "int8")}
    jobs = [(str(path), asdict(Arithmetic(kind, "int8"))) for kind, path in files.items()]
    _convert_here({"source": asdict(source), "files": jobs})
    return {kind: path.read_bytes() for kind, path in files.items()}


def placed(folder, content):
    path = folder / "cpu.tflite"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("hop", [1, 5, 6, 11])
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_along_a_stream_answers_are_bit_for_bit_those_of_whole_windows(
    whole, tmp_path, precision, hop
):
    over_windows = LiteModel(placed(tmp_path, whole[precision]))
    row = np.concatenate(list(X))
    windows = [row[end - WINDOW : end] for end in range(hop, len(row) + 1, hop) if end >= WINDOW]
    wanted = over_windows(np.stack(windows))
    stream = LiteStream(placed(tmp_path, slid(whole[precision], hop)))
    assert (stream.hop, stream.window) == (hop, WINDOW)
    assert np.array_equal(stream.follow(row)[-len(wanted) :], wanted)
    # Each example by itself: its end is the end of a hop, whatever the hop.
    assert np.array_equal(stream(X[:3], np.array([1, 2, 3])), over_windows(X[:3]))


def begin_at(model, graph, step):
    place = graph.tensors[graph.operators[-1].inputs[1]].buffer
    begin = np.array([0, step, 0], np.int32)
    model.buffers[place].data = np.frombuffer(begin.tobytes(), np.uint8)


def the_newest_is_forgotten(model, graph):
    begin_at(model, graph, HOP - 1)


def shifted_by_a_hop(model, graph):
    begin_at(model, graph, 0)


def never_updated(model, graph):
    shifted_by_a_hop(model, graph)
    graph.operators[-1].inputs = [graph.inputs[1], *graph.operators[-1].inputs[1:]]


def reset_by_accident(model, graph):
    shifted_by_a_hop(model, graph)
    zeros, buffer = schema.TensorT(), schema.BufferT()
    like = graph.tensors[graph.inputs[1]]
    zeros.name, zeros.shape, zeros.type = b"zeros", like.shape, like.type
    zeros.quantization, zeros.buffer = like.quantization, len(model.buffers)
    size = {schema.TensorType.FLOAT32: 4, schema.TensorType.INT8: 1}[like.type]
    buffer.data = np.zeros(size * int(np.prod(like.shape)), np.uint8)
    model.buffers.append(buffer)
    graph.tensors.append(zeros)
    graph.operators[-1].inputs = [len(graph.tensors) - 1, *graph.operators[-1].inputs[1:]]


def joined_the_wrong_way_round(model, graph):
    graph.operators[0].inputs = list(graph.operators[0].inputs)[::-1]


WRONG = [
    the_newest_is_forgotten,
    shifted_by_a_hop,
    never_updated,
    reset_by_accident,
    joined_the_wrong_way_round,
]


def judged(model, path, target):
    """Runs a file along a stream and judges it, as an export does."""
    form = prepare(model, streaming=export.Slide(HOP))
    samples = Samples(X, X, LABELS)
    reference = form.activate(tf.constant(model(X))).numpy()
    stream = long_stream(form, samples, reference)
    file = LiteStream(path)
    values, kept = follow(file, stream.x, stream.ends)
    figures = measure(stream, values, classified=True)
    run = {"input": file.input, "stream_values": values, "window_kept": kept}
    facts = evidence(target, file(X), reference=reference, run=run, labels=())
    return judge_stream(facts, stream, figures), figures


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize("fault", [None, *WRONG])
def test_a_stream_that_does_not_remember_its_window_fails(model, whole, tmp_path, fault, precision):
    content = slid(whole[precision], HOP)
    if fault is not None:
        broken = schema.ModelT.InitFromPackedBuf(content, 0)
        fault(broken, broken.subgraphs[0])
        content = packed(broken)
    target = {"float32": "cpu", "int8": "edge"}[precision]
    checks, figures = judged(model, placed(tmp_path, content), target)
    failed = {check.name for check in checks if check.status == "fail"}
    if fault is None:
        assert not failed, checks
        # Every hop that a whole window lies before, of 40 examples in a row.
        assert figures.answers == (40 * WINDOW) // HOP - 2
        # Every fifth window ends where an example ends.
        assert figures.top1 == pytest.approx(figures.reference_top1, abs=0.13)
    else:
        assert {"stream_window"} < failed
        answers = {"float32": "stream_max_abs_error", "int8": "stream_between"}[precision]
        assert answers in failed


@pytest.mark.parametrize(
    ("shape", "hop", "says"),
    [
        ((12, 3), 13, "a hop of 13 does not fit a window of 12; pass 1 to 12"),
        ((12, 3), 0, "a hop of 0 does not fit a window of 12"),
        ((8, 8, 1), 2, "takes pictures, over which no window slides"),
    ],
)
def test_a_window_that_cannot_slide_is_refused(shape, hop, says):
    flat = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(2)])
    with pytest.raises(export.ExportError, match=says):
        prepare(flat, streaming=export.Slide(hop))


def test_a_hop_of_the_whole_window_leaves_nothing_to_remember(model):
    form = prepare(model, streaming=export.Slide(WINDOW))
    assert form.slide is None
    assert form.states == ()
