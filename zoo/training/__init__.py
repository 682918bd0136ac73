"""Training: from a model and a data set to a checkpoint."""
