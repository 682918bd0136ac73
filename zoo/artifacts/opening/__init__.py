"""Exported files, SavedModels and checkpoints, opened with care and run."""
