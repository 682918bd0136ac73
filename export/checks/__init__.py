"""Judges files: runs them, compares them with the model, tries them on software of devices."""
