"""What the residual connection does: to the loss surface, and to the gradients."""
