"""The error that a person reads."""


class RequestError(ValueError):
    """What was asked for cannot be done: a wrong name, flag, file or value.

    The message is one line: what is wrong, the value received, and what to do. Commands print it
    and exit with 2.
    """


class ShapeError(RequestError):
    """A model cannot be built for examples of this shape; another shape may work."""


class DamagedError(RequestError):
    """The bytes are not what was promised: a hash does not match, a part is missing.

    Commands print it and exit with 1.
    """


class StoppedError(Exception):
    """The work was stopped before its end. Started again, it continues.

    The message is one line: what stopped it, and what was saved. Commands print it and exit
    with 130.
    """
