"""The loss around a trained model."""
