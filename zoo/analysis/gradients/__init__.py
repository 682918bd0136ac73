"""What a residual connection does to gradients."""
