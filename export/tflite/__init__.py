"""TensorFlow Lite files: converted, read, run, and what they say about themselves."""
