"""Provers: the software of real devices, on which finished files are tried."""
