"""What a flag that no command has was meant to be, and what a wrong value should have been."""

from __future__ import annotations

import difflib
import re

from absl import flags

# Names of the same thing in other frameworks. The first that the command has is suggested.
_ALIASES = {
    "learning_rate": ("lr", "lr0", "base_lr", "max_lr", "eta", "step_size"),
    "batch_size": ("b", "bs", "batch", "batchsize", "train_batch_size", "per_device_batch_size"),
    "epochs": ("epoch", "n_epochs", "num_epochs", "num_train_epochs", "max_epochs"),
    "output": ("o", "out", "outdir", "output_dir", "save_dir", "project", "destination"),
    "data": ("dataset", "dataset_name", "data_path", "train_dir", "train", "input", "source"),
    "checkpoint": ("ckpt", "pretrained", "resume", "base", "backbone", "model", "model_path"),
    "model": ("arch", "architecture", "network", "net", "model_name"),
    "artifact": ("tflite", "saved_model", "file"),
    "image_size": ("img", "imgsz", "img_size", "imagesize", "input_size", "size", "resolution"),
    "precision": ("amp", "fp16", "half", "dtype", "mixed_precision"),
    "seed": ("random_seed", "random_state"),
    "augment": ("aug", "augmentation", "augmentations", "auto_augment"),
    "patience": ("early_stopping", "early_stop"),
    "label_smoothing": ("smoothing",),
    "optimizer": ("optim", "opt", "optimiser"),
    "ema": ("ema_decay", "model_ema", "use_ema"),
    "stochastic_depth": ("drop_path", "drop_path_rate", "survival"),
    "clip": ("clipnorm", "clip_grad", "max_norm", "gradient_clip_val"),
    "accumulate": ("grad_accum", "gradient_accumulation_steps", "accumulate_grad_batches"),
    "distillation_weight": ("distillation_alpha", "kd_weight"),
    "class_weights": ("class_weight", "balanced", "balance"),
    "licence": ("license",),
    "label_column": ("target", "target_column", "label", "y"),
    "path_column": ("image_column", "file_column"),
    "folder": ("root", "image_dir", "image_folder"),
    "data_dir": ("tfds_dir",),
    "task": ("objective", "problem_type"),
    "folds": ("cv", "kfold", "k_fold", "n_splits"),
    "freeze": ("frozen", "freeze_layers"),
    "targets": ("target", "format", "formats"),
    "top": ("k", "topk", "top_k"),
    "threshold": ("conf", "confidence", "min_score"),
    "threads": ("num_threads", "workers", "n_jobs"),
    "rate": ("sr", "sample_rate", "sampling_rate"),
    "window": ("window_size", "window_length"),
    "hop": ("stride", "hop_length", "hop_size"),
    "seconds": ("duration", "length"),
    "distribution": ("strategy", "gpus", "multi_gpu"),
    "verbosity": ("verbose", "debug", "v"),
    "quiet": ("q", "silent"),
}
_TYPES = {"int": "a whole number", "float": "a number", "bool": "true or false"}
_ILLEGAL = re.compile(r"flag --(\w+)=(.*?): (.*)", re.DOTALL)


def meant(name: str, values: flags.FlagValues) -> str | None:
    """Returns the flag of a command that a wrong name stands for; None: nothing is near.

    Args:
        name: What the user typed, without the hyphens before it and without a value.
        values: The command's flags.
    """
    name = name.lower().replace("-", "_")
    known = list(values)
    for flag in (flag for flag, others in _ALIASES.items() if name in others):
        if flag in known:
            return flag
    names = [name, name.removeprefix("no").lstrip("_")]
    for spelling in names:
        if spelling in known:
            return spelling
    # Of one that is cut off, as in --learn, all letters are right.
    starts = [flag for flag in known if len(name) > 2 and flag.startswith(name)]
    nearest = starts or difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return nearest[0] if nearest else None


def in_words(error: flags.Error, command: str, values: flags.FlagValues) -> str:
    """Returns an error of the parser as a line: what is wrong, and what to write."""
    if isinstance(error, flags.UnrecognizedFlagError):
        near = meant(error.flagname, values)
        advice = f"did you mean --{near}?" if near else f"zoo {command} --help lists its flags"
        return f"zoo {command} has no flag --{error.flagname}; {advice}"
    if (wrong := _ILLEGAL.fullmatch(str(error))) is None:
        return str(error)
    name, value, reason = wrong.groups()
    flag = values[name]
    if isinstance(flag, flags.EnumFlag):
        words = list(flag.parser.enum_values)
        return f"--{name} is {' or '.join(words)}, not {value!r}"
    expected = _TYPES.get(flag.flag_type())
    if expected is None or reason.startswith(f"{value} is not") or " range " in reason:
        return f"--{name}={value}: {reason}"
    return f"--{name} is {expected}, not {value!r}"
