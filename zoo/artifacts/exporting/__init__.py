"""A checkpoint as verified files."""
