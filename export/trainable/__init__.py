"""A file whose last layer learns on the device."""
