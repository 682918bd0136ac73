"""Faster training on processors."""
