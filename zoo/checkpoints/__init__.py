"""Checkpoints: folders of a card and the weights."""
