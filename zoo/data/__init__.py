"""Data: every source becomes a `Dataset`."""
