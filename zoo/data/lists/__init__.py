"""CSV files of paths and labels, whatever kind of file the paths name."""
