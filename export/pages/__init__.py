"""The report of an export as a page for people."""
