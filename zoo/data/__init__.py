"""Data: one `Dataset` form, whatever the source."""
