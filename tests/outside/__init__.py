"""Additions to the zoo, as other packages would write them: one file each, outside of its code."""
