"""What proves a finished file on the software of real devices; each needs a package of its own."""
