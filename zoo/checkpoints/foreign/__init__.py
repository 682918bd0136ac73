"""Other people's weights: their names, configurations and files."""
