import numpy as np

SECONDS, RATE = 2.0, 20.0


def recording(speed, seed, *, seconds=SECONDS, rate=RATE):
    """Times in seconds that jitter, and an oscillation in two channels: (rows,), (rows, 2)."""
    random = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    times[1:] += random.uniform(-0.2, 0.2, len(times) - 1) / rate
    phase = 2 * np.pi * speed * times + random.uniform(0, 6)
    return times, np.stack([np.sin(phase), 9.81 + 2 * np.cos(phase)], axis=1)


def write_recording(path, times, values, *, clock="time", names=("x", "y"), separator=","):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [separator.join((clock, *names))]
    lines += [
        separator.join([f"{time:.9g}", *(f"{value:.5f}" for value in row)])
        for time, row in zip(times, values, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")


def write_recordings(folder, counts, **options):
    """Writes class folders; the class "fast" moves at 3 Hz, others at 1."""
    for place, (label, count) in enumerate(counts.items()):
        for number in range(count):
            times, values = recording(3.0 if "fast" in label else 1.0, 100 * place + number)
            write_recording(
                folder / label / f"p{number % 4}_{number:02}.csv", times, values, **options
            )
    return folder
