"""The form in which a model is exported: checked, named, softmax last, recurrence unrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import keras
import tensorflow as tf

from export.errors import ExportError
from export.forms.front import Front, front_functions, front_of
from export.forms.one_step import OneStep, one_step, step_module
from export.forms.outputs import EMBEDDING, Outputs
from export.forms.rewriting import changed, recurrent_layers, rewritable, rewritten, unseeded
from export.forms.slide import WINDOW, Slide, check_slide

Kind = Literal["image", "features", "sequence"]

SIGNATURE = "serving_default"
_KINDS: dict[int, Kind] = {2: "features", 3: "sequence", 4: "image"}


@dataclass(frozen=True)
class Form:
    """A model that can be exported, and what is known about it.

    Attributes:
        model: As the caller gave it. It is the reference, the SavedModel serves it, and it is
            converted for the targets while it is `rewritten`.
        step: One step of the same function, converted in its place for a stream; None: no stream.
        outputs: What the model gives; a softmax is appended to "logits", a sigmoid to
            "independent_logits".
        decided: Why `outputs` is that, for a person.
        kind: What one input is; also its name in every signature.
        input_shape: One input, without the batch: (H, W, C), (F,) or (T, F).
        classes: Number of outputs.
        recurrent: Whether the model has recurrent layers.
        front: The first layers, in float32 in every file; None: there are none apart.
        slide: How a window moves over a stream; None: a file takes the whole input at once.
    """

    model: keras.Model
    step: OneStep | None
    outputs: Outputs
    kind: Kind
    input_shape: tuple[int, ...]
    classes: int
    recurrent: bool
    decided: str = ""
    front: Front | None = None
    slide: Slide | None = None

    @property
    def output_name(self) -> str:
        """Name of the output in every signature."""
        return self.outputs if self.outputs in ("values", EMBEDDING) else "probabilities"

    @property
    def classified(self) -> bool:
        """Whether outputs are scores of classes."""
        return self.output_name == "probabilities"

    @property
    def states(self) -> tuple[str, ...]:
        """Names of a stream's states in every signature."""
        if self.slide is not None:
            return (WINDOW,)
        return () if self.step is None else tuple(self.step.states)

    @property
    def taken(self) -> tuple[int, ...]:
        """What a call of a file takes, without the batch: of a stream what is new."""
        if self.slide is not None:
            return self.slide.hop, *self.input_shape[1:]
        return self.input_shape if self.step is None else (1, *self.input_shape[1:])

    @property
    def front_names(self) -> tuple[str, ...]:
        """Names of the front's layers."""
        return () if self.front is None else self.front.names

    def activate(self, result: tf.Tensor) -> tf.Tensor:
        """Turns the model's output into that of the exported files."""
        if self.outputs == "independent_logits":
            return tf.nn.sigmoid(result)
        return tf.nn.softmax(result) if self.outputs == "logits" else result


def check_model(model: keras.Model) -> None:
    """Checks that a model can be exported.

    Args:
        model: One float32 input, (batch, ...), with static sizes; one output (batch, classes).

    Raises:
        ExportError: It cannot; the message says why.
    """
    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            f"export needs Keras on TensorFlow, not on {keras.backend.backend()!r}; "
            "set KERAS_BACKEND=tensorflow"
        )
    if not isinstance(model, keras.Model):
        raise ExportError(f"export takes a keras.Model, not {type(model).__name__}")
    if not model.built:
        raise ExportError(f"model {model.name!r} is not built; call it on a batch first")
    _check_one("input", getattr(model, "inputs", None), model)
    _check_one("output", getattr(model, "outputs", None), model)
    _check_input(model)
    _check_precision(model)
    _check_output(model)


def prepare(
    model: keras.Model,
    outputs: Outputs = "logits",
    streaming: keras.Model | Slide | None = None,
    front: Sequence[str] = (),
) -> Form:
    """Makes the form of a model for an export.

    Args:
        model: As `check_model` takes it.
        outputs: Kind of its outputs: see `export.forms.outputs.decide`.
        streaming: A model with the same weights, for the one-step form; or how a window slides;
            None: the targets get the whole model.
        front: Names of the layers that stay in float32: see `export.forms.front.front_of`.

    Raises:
        ExportError: The model cannot be exported; the message says why.
    """
    check_model(model)
    rewritable(model)  # Raises where a layer keeps its state.
    slide = streaming if isinstance(streaming, Slide) else None
    if slide is not None:
        check_slide(slide, model)
    elif front and streaming is not None:
        raise ExportError(
            "one step of a stream has no front: give it what the front calculates, or let a "
            "window slide, streaming=export.Slide(hop)"
        )
    return Form(
        model=model,
        step=one_step(streaming) if isinstance(streaming, keras.Model) else None,
        outputs=outputs,
        kind=_KINDS[len(model.inputs[0].shape)],
        input_shape=tuple(model.inputs[0].shape[1:]),
        classes=int(model.outputs[0].shape[1]),
        recurrent=bool(recurrent_layers(model)),
        front=front_of(model, front),
        # A hop of the whole window leaves nothing to remember.
        slide=slide if slide and slide.hop < model.inputs[0].shape[1] else None,
    )


def conversion_module(form: Form) -> tuple[tf.Module, Any]:
    """Wraps a form for the targets, with batch 1: see `serving_module` and `step_module`."""
    if form.step is None:
        return serving_module(form, batch=1)
    return step_module(form.step, form.activate, form.kind, form.output_name)


def conversion_parts(form: Form, front: Front) -> tuple[tf.Module, Any, Any]:
    """Wraps a form that has a front: the module, and both functions of `front_functions`."""
    first, behind = front_functions(front, form.model, form.activate, form.kind, form.output_name)
    return _module(form.model), first, behind


def serving_module(form: Form, batch: int | None) -> tuple[tf.Module, Any]:
    """Wraps a form for `tf.saved_model.save`.

    The module holds the raw `tf.Variable`s and nothing else: a module that holds the Keras model
    would store every weight twice.

    Args:
        form: What to serve.
        batch: 1 for the conversion of the rewritten model; None for serving any batch, unchanged.

    Returns:
        The module, and its `tf.function` from a tensor named after the form's kind to a dictionary
        with the form's output name.
    """
    model = form.model
    spec = tf.TensorSpec((batch, *form.input_shape), tf.float32, name=form.kind)

    @tf.function(input_signature=[spec])
    def serve(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        with changed(unseeded(model)) if batch is None else rewritten(model):
            return {form.output_name: _outputs(form, model, inputs)}

    return _module(model), serve


def _module(model: keras.Model) -> tf.Module:
    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    return module


def _outputs(form: Form, model: keras.Model, inputs: tf.Tensor) -> tf.Tensor:
    return form.activate(model(inputs, training=False))


def _check_one(what: str, tensors: list[Any] | None, model: keras.Model) -> None:
    if tensors is None:
        raise ExportError(
            f"model {model.name!r} has no fixed graph; make it a functional or sequential model"
        )
    if len(tensors) != 1:
        names = ", ".join(tensor.name for tensor in tensors)
        advice = {
            "input": "concatenate them before the model and split them in it",
            "output": "choose one, as in keras.Model(model.inputs, model.outputs[0])",
        }
        raise ExportError(
            f"model {model.name!r} has {len(tensors)} {what}s ({names}); export takes one: "
            f"{advice[what]}"
        )


def _check_input(model: keras.Model) -> None:
    tensor = model.inputs[0]
    shape = tuple(tensor.shape)
    if len(shape) not in _KINDS:
        raise ExportError(
            f"the input has shape {shape}; export takes images (batch, height, width, channels), "
            "sequences (batch, steps, features) and features (batch, features)"
        )
    if None in shape[1:]:
        fixed = "a fixed length" if len(shape) == 3 else "a fixed size"
        raise ExportError(f"the input has shape {shape}; build the model with {fixed} to export it")
    if tensor.dtype != "float32":
        raise ExportError(
            f"the input is {tensor.dtype}; build the model with a float32 input (pixels 0 to 255 "
            "included: the edge file takes bytes all the same)"
        )


def _check_precision(model: keras.Model) -> None:
    for layer in model._flatten_layers(include_self=False, recursive=True):
        if layer.compute_dtype not in ("float32", None):
            raise ExportError(
                f"layer {layer.name!r} computes in {layer.compute_dtype}; build the model with "
                "the float32 policy and load the weights into it"
            )


def _check_output(model: keras.Model) -> None:
    shape = tuple(model.outputs[0].shape)
    if len(shape) != 2 or not shape[1]:
        raise ExportError(
            f"the output has shape {shape}; export takes (batch, classes): end the model in a "
            "Flatten or a pooling, and a Dense"
        )
