"""Exports checkpoints, and opens, runs and times exported files."""
