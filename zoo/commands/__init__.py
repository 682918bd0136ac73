"""The commands. Only this folder reads flags and prints."""
