"""What proves a finished file on the software of real devices; each needs a package of its own.

A module here is one prover. `PACKAGE` is what it imports; `unfit(subject)` says why a file is not
for it, or nothing; run as a program it tries the file and writes figures; `judge(figures, target)`
says what they are worth.
"""
