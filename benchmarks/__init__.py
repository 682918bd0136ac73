"""Measurements of speed and accuracy, each a command: `python -m benchmarks.NAME`."""

import zoo  # noqa: F401  (It switches oneDNN on, before a benchmark imports keras.)
