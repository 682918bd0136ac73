"""Folders of class folders, perhaps in splits, whatever kind of file is in them."""
