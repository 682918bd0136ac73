"""What the residual units of trained networks do."""
