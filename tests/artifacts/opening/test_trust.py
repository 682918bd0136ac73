"""A SavedModel that does more than calculate is not opened, wherever it hides the operator."""

from __future__ import annotations

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from zoo.artifacts.opening.operators import PURE
from zoo.artifacts.opening.trust import check_only_calculates
from zoo.errors import RequestError

ROW = tf.TensorSpec([None, 4], tf.float32)


def save(folder, serve, module=None):
    """Saves a function of rows of four numbers as a SavedModel."""
    module = module or tf.Module()
    module.serve = tf.function(serve, input_signature=[ROW])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    return folder


def reads(x):
    secret = tf.io.read_file("/etc/hostname")
    return {"y": x + tf.cast(tf.strings.length(secret), tf.float32)}


def writes(x):
    with tf.control_dependencies([tf.io.write_file("/tmp/taken", tf.io.serialize_tensor(x))]):
        return {"y": tf.identity(x)}


def lists_files(x):
    return {"y": x + tf.cast(tf.size(tf.io.matching_files("/home/*")), tf.float32)}


def prints_to_a_file(x):
    tf.print("taken", output_stream="file:///tmp/taken")
    return {"y": x}


def calls_python(x):
    return {"y": tf.ensure_shape(tf.numpy_function(lambda a: a, [x], tf.float32), [None, 4])}


def reads_lines(x):
    count = tf.data.TextLineDataset("/etc/hostname").reduce(0.0, lambda total, _: total + 1.0)
    return {"y": x + count}


def saves_elsewhere(x):
    with tf.control_dependencies([tf.raw_ops.SaveV2(
        prefix="/tmp/taken", tensor_names=["x"], shape_and_slices=[""], tensors=[x]
    )]):  # fmt: skip
        return {"y": tf.identity(x)}


def restores_elsewhere(x):
    (taken,) = tf.raw_ops.RestoreV2(
        prefix="/tmp/taken", tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32]
    )
    return {"y": x + taken}


def in_a_branch(x):
    return {"y": tf.cond(tf.reduce_sum(x) > 1e9, lambda: reads(x)["y"], lambda: x)}


def in_a_loop_of_a_branch(x):
    return {"y": tf.while_loop(lambda y: True, lambda y: (in_a_branch(y)["y"],), [x])[0]}


def in_a_nested_function(x):
    inner = tf.function(tf.function(reads))
    return {"y": tf.map_fn(lambda row: inner(row)["y"], x)}


@pytest.mark.parametrize(
    ("serve", "operator"),
    [
        (reads, "ReadFile"),
        (writes, "WriteFile"),
        (lists_files, "MatchingFiles"),
        (prints_to_a_file, "PrintV2"),
        (calls_python, "PyFunc"),
        (reads_lines, "TextLineDataset"),
        (saves_elsewhere, "SaveV2"),
        (restores_elsewhere, "RestoreV2"),
        (in_a_branch, "ReadFile"),
        (in_a_loop_of_a_branch, "ReadFile"),
        (in_a_nested_function, "ReadFile"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_what_does_more_than_calculate_is_refused(tmp_path, serve, operator):
    with pytest.raises(RequestError, match=f"operators .*{operator}.*; say --trust") as error:
        check_only_calculates(save(tmp_path, serve))
    assert len(str(error.value).splitlines()) == 1


def test_a_function_that_is_never_called_counts_too(tmp_path):
    module = tf.Module()
    module.other = tf.function(reads, input_signature=[ROW])
    with pytest.raises(RequestError, match="ReadFile"):
        check_only_calculates(save(tmp_path, lambda x: {"y": x}, module))


def test_a_table_from_a_file_is_refused(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("cat\ndog\n")
    module = tf.Module()
    module.table = tf.lookup.StaticVocabularyTable(
        tf.lookup.TextFileInitializer(
            str(words), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
        ), 1,
    )  # fmt: skip
    folder = save(
        tmp_path / "model",
        lambda x: {"y": x + tf.cast(module.table.lookup(tf.constant("cat")), tf.float32)},
        module,
    )
    with pytest.raises(RequestError, match="InitializeTableFromTextFileV2"):
        check_only_calculates(folder)


def changed(folder, change):
    """Applies a change to a SavedModel's graph, as an attacker would."""
    path = folder / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    change(saved.meta_graphs[0])
    path.write_bytes(saved.SerializeToString())
    return folder


def served(graph):
    """The function that is called when the model is served."""
    (name,) = (n for n in graph.object_graph_def.concrete_functions if "signature_wrapper" in n)
    return next(f for f in graph.graph_def.library.function if f.signature.name == name)


def saver_of(graph):
    name = graph.saver_def.restore_op_name
    node = next(node for node in graph.graph_def.node if node.name == name)
    return node.attr["f"].func.name


def serving_calls_the_saver(graph):
    node = served(graph).node_def.add(name="hidden", op="StatefulPartitionedCall")
    node.attr["f"].func.name = saver_of(graph)


def the_saver_is_an_object(graph):
    graph.object_graph_def.nodes.add().bare_concrete_function.concrete_function_name = saver_of(
        graph
    )


def the_saver_stands_in(graph):
    for function in graph.graph_def.library.function:
        if function.signature.name == saver_of(graph):
            function.attr["api_implements"].s = b"something served"


def the_saver_reads(graph):
    for function in graph.graph_def.library.function:
        if function.signature.name == saver_of(graph):
            function.node_def.add(name="hidden", op="ReadFile")


def it_is_of_tensorflow_1(graph):
    graph.ClearField("object_graph_def")


def an_operator_of_their_own(graph):
    served(graph).node_def.add(name="hidden", op="MyOwn")


@pytest.mark.parametrize(
    ("change", "operator"),
    [
        (serving_calls_the_saver, "RestoreV2"),
        (the_saver_is_an_object, "RestoreV2"),
        (the_saver_stands_in, "RestoreV2"),
        (the_saver_reads, "ReadFile"),
        (it_is_of_tensorflow_1, "RestoreV2"),
        (an_operator_of_their_own, "MyOwn"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_the_saver_hides_nothing(tmp_path, change, operator):
    module = tf.Module()
    module.v = tf.Variable(1.0)
    folder = save(tmp_path, lambda x: {"y": module.v * x}, module)
    check_only_calculates(folder)
    with pytest.raises(RequestError, match=operator):
        check_only_calculates(changed(folder, change))


def test_what_keras_exports_is_opened(tmp_path):
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 3))
    x = layers.RandomFlip()(layers.Rescaling(1 / 255)(inputs))
    x = layers.Conv2DTranspose(4, 3)(layers.BatchNormalization()(layers.Conv2D(4, 3)(x)))
    x = layers.Reshape((64, 4))(layers.Resizing(8, 8)(x))
    x = layers.MultiHeadAttention(2, 2)(x, x)
    x = layers.Dropout(0.5)(layers.LSTM(4)(layers.LayerNormalization()(x)))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
    model.export(str(tmp_path), verbose=False)
    check_only_calculates(tmp_path)


def test_our_own_export_is_opened(exported_digits):
    check_only_calculates(exported_digits / "saved_model" / "1")


def test_pictures_in_memory_are_opened(tmp_path):
    def serve(x):
        picture = tf.io.decode_png(tf.io.encode_png(tf.zeros((2, 2, 3), tf.uint8)))
        return {"y": x + tf.reduce_sum(tf.cast(picture, tf.float32))}

    check_only_calculates(save(tmp_path, serve))


def test_the_list_holds_operators_of_tensorflow_and_none_that_reaches_out():
    from tensorflow.python.framework import op_def_registry

    assert all(op_def_registry.get(name) is not None for name in PURE)
    reaching = "File Py Dataset Iterator Summary Print Save Restore Send Recv Remote Debug Reader"
    parts = [*reaching.split(), "Sql", "Proto", "Rpc", "Xla", "TPU"]
    assert not [name for name in PURE for part in parts if part in name]


@pytest.mark.parametrize(
    "command", ["predict", "evaluate", pytest.param("benchmark", marks=pytest.mark.slow)]
)
def test_commands_open_it_with_trust_alone(zoo_command, tmp_path, command):
    taken, picture = tmp_path / "taken", tmp_path / "picture.png"
    tf.io.write_file(str(picture), tf.io.encode_png(tf.zeros((32, 32, 3), tf.uint8)))

    def take(x):
        with tf.control_dependencies([tf.io.write_file(str(taken), tf.io.read_file(str(picture)))]):
            return {"y": tf.reduce_mean(x, axis=[1, 2])[:, :1] * tf.ones((1, 10))}

    module = tf.Module()
    pictures = tf.TensorSpec([None, 32, 32, 3], tf.float32)
    module.serve = tf.function(take, input_signature=[pictures])
    folder = tmp_path / "model"
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    rest = {
        "predict": [str(picture)],
        "benchmark": ["--runs=1"],
        "evaluate": ["--data=digits"],
    }.get(command, [])
    code, out, err = zoo_command(command, f"--artifact={folder}", *rest)
    assert (code, out) == (2, "")
    assert "its operators ReadFile, WriteFile may read, write or send files" in err
    assert len(err.splitlines()) == 1
    assert not taken.exists()
    assert zoo_command(command, f"--artifact={folder}", "--trust", *rest)[0] == 0
    assert taken.exists()
