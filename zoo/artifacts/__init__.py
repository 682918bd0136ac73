"""Exported files from the side of the zoo: export a checkpoint, open, predict, time."""
