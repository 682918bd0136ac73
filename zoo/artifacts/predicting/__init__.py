"""Answers for files: pictures, sounds, recordings and the rows of tables."""
