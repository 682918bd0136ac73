"""Tables: CSV files, their columns, and the features that these become."""
