"""`zoo COMMAND --flags`: finds the command."""

from __future__ import annotations

import importlib
import sys

from zoo.commands.runner import DONE, WRONG_REQUEST, guarded
from zoo.errors import RequestError
from zoo.registry import unknown

COMMANDS = {
    "list": "models and checkpoints: size, accuracy, licence",
    "show": "one card, whole",
    "train": "train a model from scratch into a checkpoint",
    "finetune": "a pretrained backbone with a new head for your own photos",
    "data": "a folder of photos into TFRecord shards, for large data",
    "clean": "wrong labels, copies and broken files of your data, as a list to look at",
    "evaluate": "accuracy of a checkpoint or of an exported file",
    "predict": "labels and scores for your own pictures",
    "embed": "the features of your own pictures, to search and to group them",
    "import": "weights of torchvision or timm into a checkpoint",
    "convert-back": "a ResNet's checkpoint into torchvision's names",
    "export": "SavedModel and TFLite files for cpu, gpu and edge, verified",
    "app": "an exported file as an app: a web page for phones",
    "serve": "that web app from this computer, for a phone beside it",
    "compare": "twins that differ in one thing, trained and shown side by side",
    "gradients": "how gradients shatter, and their norm by depth, with and without skips",
    "units": "what the units of a trained network do: deleted, reordered, and by path",
    "landscape": "the loss surface around a checkpoint: pictures, and how convex it is",
    "push": "a checkpoint to the Hugging Face Hub, with its figures and exported files",
    "runs": "trainings and exports below a folder, side by side",
    "cache": "what lies in the cache, and how to clear it",
    "benchmark": "latency, throughput and memory of artifacts and checkpoints",
}


def main(argv: list[str] | None = None) -> int:
    """Runs a command and returns its exit code.

    Args:
        argv: What follows `zoo` on the command line; None: that of this process.
    """
    arguments = sys.argv[1:] if argv is None else argv
    return guarded("zoo", lambda: _dispatch(arguments))


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("help", "--help", "-h", "--helpfull"):
        print("Usage: zoo COMMAND --flags\n")
        for name, does in COMMANDS.items():
            print(f"  {name:<12} {does}")
        print("\nzoo COMMAND --help tells the flags of one.")
        return DONE if arguments else WRONG_REQUEST
    name = arguments[0]
    if name == "--version":
        import zoo

        print(f"zoo {zoo.__version__}")
        return DONE
    if name not in COMMANDS:
        raise RequestError(unknown("command", name, list(COMMANDS)))
    command = importlib.import_module(f"zoo.commands.{name.replace('-', '_')}")
    return command.COMMAND.run(arguments[1:])


if __name__ == "__main__":
    sys.exit(main())
