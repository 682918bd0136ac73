"""The commands: absl flags in, calls out, and the only place that prints."""
