"""What is faster on processors."""
