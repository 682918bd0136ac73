"""What is converted: a model in the form a converter takes, as its owner trained it."""
