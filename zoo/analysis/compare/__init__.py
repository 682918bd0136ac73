"""Models side by side, trained alike."""
