"""`zoo export`: a checkpoint as SavedModel and TFLite files for the targets, verified."""

from __future__ import annotations

import sys
from pathlib import Path

from absl import flags

from export import GateFailure
from zoo.artifacts.exporting.export import Exported, default_output, export
from zoo.artifacts.exporting.streaming import STREAMING
from zoo.commands.console import complain, console, print_result
from zoo.commands.flags.optional import OptionalValue
from zoo.commands.flags.quieting import define_quiet
from zoo.commands.flags.reading import define_reading
from zoo.commands.runner import DONE, NOT_GOOD_ENOUGH, Command, arguments_of, no_more
from zoo.commands.terminal import bar

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string(
    "data", None,
    "to calibrate and to measure with; default what the checkpoint was trained on",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_list("targets", ["cpu", "gpu", "edge"], "of cpu, gpu, edge", flag_values=FLAGS)
flags.DEFINE_string("output", None, "folder; default exports/CHECKPOINT", flag_values=FLAGS)
flags.DEFINE_integer(
    "calibration_samples", 200, "training examples that set the int8 ranges",
    lower_bound=1, upper_bound=200, flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "edge_io", None, "image bytes in edge: uint8, the default, or int8", flag_values=FLAGS
)
flags.DEFINE_string(
    "cpu_precision", None, "numbers of cpu: float32, the default; float16; int8-dynamic, whose "
    "weights alone are int8", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "gpu_precision", None, "weights in gpu: float16, or float32, which is the default of tables",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "edge_precision", "auto", "arithmetic of edge: int8; 16x8, which is int16 with int8 weights; "
    "mixed: int8, with float32 in layers that lose too much; auto: 16x8 for an LSTM, else int8, "
    "and --rescue", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "rescue", None, "where edge is not close enough to the model: none; rounding, kernels rounded "
    "anew; or after that mixed or 16x8; default rounding, 16x8 and mixed, for pictures rounding, "
    "mixed and 16x8", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_multi_string(
    "gate", [], "moves the limit of a check, as in edge.sqnr_db=20; repeatable", flag_values=FLAGS
)
flags.DEFINE_float(
    "npu_percent", None, "least share of edge on an Ethos-U NPU, where vela is installed; default "
    "100, of 16x8 90",
    lower_bound=0.0, upper_bound=100.0, flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "labels", None, "text file with a label a line, in place of the card's", flag_values=FLAGS
)
flags.DEFINE_integer(
    "input_size", None, "height and width of the pictures that the files take, a multiple of the "
    "network's: they scale them inside, with averaging; for MediaPipe, which scales without",
    lower_bound=1, flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "sequence_length", None, "steps that the files take; longer sequences are cut, shorter padded",
    lower_bound=1, flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_flag(
    OptionalValue(
        "streaming", STREAMING, "files for what never ends (slide: each call takes the newest "
        "samples, and answers for the window up to them; also the meaning of --streaming alone), "
        "or for one step of an LSTM and a reset after each event (step; always beyond 64 steps)",
    ),
    FLAGS,
)  # fmt: skip
flags.DEFINE_float(
    "hop", None, "slide: seconds from an answer to the next, of sequences without a rate steps; "
    "default a quarter of the window", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_boolean(
    "trainable_head", False, "also trainable.tflite, whose last layer learns on the device",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_boolean(
    "embedder", False, "files that give the features that the last layer reads, for what looks "
    "alike; no labels", flag_values=FLAGS,
)  # fmt: skip
define_reading(FLAGS)
define_quiet(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Exports."""
    no_more(rest)
    terminal = console(quiet=values.quiet)
    folder = values.output or default_output(values.checkpoint or "")
    try:
        with bar(terminal, "reading") as decoding:
            exported = export(
                **{**arguments_of(values), "output": folder},
                progress=lambda line: terminal.print(line),
                decoding=decoding,
            )
    except GateFailure as error:
        print_result(console(), Exported(error.report, Path(folder)))
        complain(str(error))
        return NOT_GOOD_ENOUGH
    print_result(console(), exported)
    return DONE


COMMAND = Command(
    "export",
    "a checkpoint as SavedModel and TFLite files for the targets, verified.",
    FLAGS,
    main,
    required=("checkpoint",),
    usual=("data", "targets", "output", "edge_io", "edge_precision", "streaming"),
    examples=(
        "zoo export --checkpoint=runs/photos --output=exports/photos",
        "zoo export --checkpoint=runs/sounds --targets=cpu,edge --streaming",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
