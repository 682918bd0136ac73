"""Tables: cells, columns, rows."""
