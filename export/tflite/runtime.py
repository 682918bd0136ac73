"""Runs a `.tflite` on numpy arrays, in the model's own units."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from export.errors import ExportError
from export.forms.slide import WINDOW
from export.tflite.tensor import Latency, dequantise, quantise, tensor_info, timed


class LiteModel:
    """A loaded `.tflite` with one input and one output.

    Attributes:
        input: Its input.
        output: Its output.
        threads: Number of threads.
    """

    def __init__(
        self, path: str | Path, threads: int = 1, *, reference_kernels: bool = False
    ) -> None:
        """Loads a file.

        Args:
            path: The file.
            threads: Number of threads.
            reference_kernels: Whether to use the slow kernels that define the operators, and not
                the fast ones of this CPU (XNNPACK), which round integers differently.

        Raises:
            ExportError: It is missing, not a `.tflite` file, or does not have one input and one
                output.
        """
        self._interpreter = open_interpreter(path, threads, reference_kernels)
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ExportError(
                f"{str(path)!r} has {len(inputs)} inputs and {len(outputs)} outputs; "
                "pass a file with one of each"
            )
        self._in, self._out = inputs[0], outputs[0]
        names = _signature_names(self._interpreter)
        self.input = tensor_info(names[0], self._in)
        self.output = tensor_info(names[1], self._out)
        self.threads = threads

    def __call__(self, x: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Runs one sample after the other, through the same interpreter.

        Args:
            x: (N, ...) inputs in the units of the Keras model.
            lengths: True lengths of sequences; ignored, since the model recognises padding.

        Returns:
            (N, classes) float32 outputs in the units of the Keras model.
        """
        outputs = []
        for sample in x:
            self._interpreter.set_tensor(self._in["index"], quantise(sample[None], self.input))
            self._interpreter.invoke()
            outputs.append(self._interpreter.get_tensor(self._out["index"])[0])
        return dequantise(np.stack(outputs), self.output)

    def latency(self, sample: np.ndarray) -> Latency:
        """Times single calls, after a warm-up, for two seconds or fifty calls.

        Args:
            sample: One input, without the batch.
        """
        return timed(self.prepared(sample), self.threads)

    def prepared(self, sample: np.ndarray) -> Callable[[], None]:
        """Sets one input, without the batch, and returns a function that runs it, for timing."""
        self._interpreter.set_tensor(self._in["index"], quantise(sample[None], self.input))
        return self._interpreter.invoke


class LiteStream:
    """A loaded `.tflite` of a stream, at the start of it.

    Attributes:
        input: What a call takes: the features of a step, or the new samples of a sliding window.
        output: The answer so far.
        hop: Number of new samples of a call; 1 for a step.
        states: What it remembers, by name; all starts as zeros.
        next_states: The same as they come out; integers may have another scale then.
        remembered: The numbers of the states, as the file stores them.
        window: Length of the window, of a file with a sliding window; None: the file takes a step.
        threads: Number of threads.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        """Loads a file.

        Args:
            path: The file.
            threads: Number of threads.

        Raises:
            ExportError: It is missing, not a `.tflite` file, or its outputs do not have the names
                of the states.
        """
        interpreter = open_interpreter(path, threads)
        runners = [interpreter.get_signature_runner(n) for n in interpreter.get_signature_list()]
        if len(runners) != 1:
            raise ExportError(f"{str(path)!r} has {len(runners)} signatures; pass a file with one")
        self._run = runners[0]
        inputs = {n: tensor_info(n, d) for n, d in self._run.get_input_details().items()}
        outputs = {n: tensor_info(n, d) for n, d in self._run.get_output_details().items()}
        features, given = inputs.keys() - outputs.keys(), outputs.keys() - inputs.keys()
        if len(features) != 1 or len(given) != 1 or len(inputs) == 1:
            raise ExportError(
                f"{str(path)!r} takes {', '.join(inputs)} and gives {', '.join(outputs)}; of a "
                "stream all but one of each are states of the same names"
            )
        self.input, self.output = inputs[features.pop()], outputs[given.pop()]
        self.states = {name: inputs[name] for name in sorted(inputs.keys() & outputs.keys())}
        self.next_states = {name: outputs[name] for name in self.states}
        self.hop = self.input.shape[1]
        self.window = None
        if list(self.states) == [WINDOW]:
            self.window = self.hop + self.states[WINDOW].shape[1]
        self.threads = threads
        self.reset()

    def reset(self) -> None:
        """Goes back to the start of a sequence."""
        self.remembered = {
            name: quantise(np.zeros(info.shape, np.float32), info)
            for name, info in self.states.items()
        }

    def step(self, features: np.ndarray) -> np.ndarray:
        """Takes what comes next.

        Args:
            features: (features,) of a step, or (hop, ...) of a sliding window, in the units of the
                Keras model.

        Returns:
            (classes,) float32, in the units of the Keras model: the answer so far.
        """
        given = quantise(np.reshape(features, self.input.shape), self.input)
        results = self._run(**{self.input.name: given}, **self.remembered)
        for name, info in self.states.items():
            # The scale of a state may differ between output and input.
            self.remembered[name] = quantise(
                dequantise(results[name], self.next_states[name]), info
            )
        return dequantise(results[self.output.name], self.output)[0]

    def __call__(self, x: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Runs whole sequences, each from its start.

        Args:
            x: (N, steps, ...); of a sliding window, whole windows.
            lengths: (N,) number of steps of each sequence; None: all. A sliding window ignores
                them, since the model recognises padding.

        Returns:
            (N, classes) float32: the answers after the last steps.
        """
        if self.window is not None:
            return np.stack([self._answer(window) for window in x])
        lengths = np.full(len(x), x.shape[1]) if lengths is None else lengths
        outputs = []
        for sequence, length in zip(x, lengths, strict=True):
            self.reset()
            outputs.append(self.follow(sequence[:length])[-1])
        return np.stack(outputs)

    def _answer(self, window: np.ndarray) -> np.ndarray:
        """Answers one window, as if a stream had come to its last hop."""
        before = quantise(window[None, : -self.hop], self.states[WINDOW])
        self.remembered = {WINDOW: before}
        return self.step(window[-self.hop :])

    def follow(self, sequence: np.ndarray) -> np.ndarray:
        """Takes a long sequence, without a reset, and gives every answer.

        Args:
            sequence: (steps, ...); what fills no hop at its end is left out.

        Returns:
            (calls, classes) float32. Until the window is full, it begins with zeros.
        """
        starts = range(0, len(sequence) - self.hop + 1, self.hop)
        return np.stack([self.step(sequence[start : start + self.hop]) for start in starts])

    def latency(self, sequence: np.ndarray) -> Latency:
        """Times single steps; see `LiteModel.latency`."""
        return timed(self.prepared(sequence), self.threads)

    def prepared(self, sequence: np.ndarray) -> Callable[[], None]:
        """Returns a function that takes the first step of a sequence, for timing."""
        self.reset()

        def step() -> None:
            self.step(sequence[: self.hop])

        return step


def load_lite(path: str | Path, threads: int = 1) -> LiteModel | LiteStream:
    """Loads a `.tflite`: as a `LiteStream` if it has more than one input, else as a `LiteModel`.

    Raises:
        ExportError: It is missing, or a file of neither kind.
    """
    interpreter: Any = open_interpreter(path, threads)
    kind = LiteStream if len(interpreter.get_input_details()) > 1 else LiteModel
    return kind(path, threads)


def open_interpreter(path: str | Path, threads: int, reference_kernels: bool = False) -> Any:
    """Loads a `.tflite` into LiteRT's interpreter.

    Raises:
        ExportError: It is missing, or not a `.tflite` file.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.BUILTIN_REF if reference_kernels else OpResolverType.AUTO
    try:
        interpreter = Interpreter(
            model_path=str(path), num_threads=threads, experimental_op_resolver_type=kernels
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ExportError(f"{str(path)!r} does not load as a .tflite file: {reason}") from error
    return interpreter


def fully_accelerated(path: str | Path) -> bool:
    """Asks LiteRT whether its CPU accelerator (XNNPACK) takes the whole graph.

    Raises:
        ImportError: This LiteRT has no `CompiledModel`.
    """
    from ai_edge_litert.compiled_model import CompiledModel

    return bool(CompiledModel.from_file(str(path)).is_fully_accelerated())


def left_over(path: str | Path) -> tuple[int, ...]:
    """Finds the operations that XNNPACK leaves to TensorFlow Lite's own kernels.

    Returns:
        Their places in the main graph; empty if LiteRT does not say.
    """
    # After the operations, LiteRT lists the pieces that XNNPACK took, by their inputs and outputs.
    listed: list[Any] = getattr(open_interpreter(path, threads=1), "_get_ops_details", list)()
    pieces = [piece for piece in listed if piece["op_name"] == "DELEGATE"]
    operations = [operation for operation in listed if operation["op_name"] != "DELEGATE"]
    if not pieces:
        return ()
    makers = {
        int(tensor): place
        for place, operation in enumerate(operations)
        for tensor in operation["outputs"]
    }
    taken: set[int] = set()
    for piece in pieces:
        given = {int(tensor) for tensor in piece["inputs"]}
        wanted = [int(tensor) for tensor in piece["outputs"]]
        while wanted:
            place = makers.get(wanted.pop())
            if place is not None and place not in taken:
                taken.add(place)
                before = (int(tensor) for tensor in operations[place]["inputs"])
                wanted += [tensor for tensor in before if tensor not in given]
    return tuple(place for place in range(len(operations)) if place not in taken)


def _signature_names(interpreter: Any) -> tuple[str, str]:
    signatures = list(interpreter.get_signature_list().values())
    if not signatures:
        return "", ""
    return signatures[0]["inputs"][0], signatures[0]["outputs"][0]
