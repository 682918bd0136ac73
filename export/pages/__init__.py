"""What an export writes for people: the report and the guide."""
