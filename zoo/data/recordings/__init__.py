"""Recordings of sensors: rows of numbers with the time of each."""
