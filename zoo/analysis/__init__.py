"""What the residual connection does: the loss surface, and the gradients."""
