"""Brings a model into a form that the converter takes, without changing its function."""
