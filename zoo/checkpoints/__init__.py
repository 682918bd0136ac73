"""Checkpoints: a folder of a card and the weights, wherever it comes from."""
