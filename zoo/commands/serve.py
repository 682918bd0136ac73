"""`zoo serve`: a web app from this computer for a phone beside it, or an API for programs."""

from __future__ import annotations

import sys
import threading

from absl import flags
from rich.text import Text

from zoo.artifacts.serving.serve import Served, serve
from zoo.commands.console import console
from zoo.commands.runner import DONE, Command, arguments_of, no_more

FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "artifact", None, "an export's folder, or one of its .tflite files", flag_values=FLAGS
)
flags.DEFINE_string("app", None, "or a folder that zoo app wrote", flag_values=FLAGS)
flags.DEFINE_bool(
    "api", False, "an HTTP endpoint for programs in place of the app", flag_values=FLAGS
)
flags.DEFINE_string(
    "host", "127.0.0.1", "address to listen on: this computer alone; 0.0.0.0: the network",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "port", 8000, "0: a free one", lower_bound=0, upper_bound=65535, flag_values=FLAGS
)
flags.DEFINE_bool(
    "https", None, "with a certificate of one's own, without which other devices have no camera; "
    "default for all but this computer alone", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string("title", None, "of an artifact's app: see zoo app", flag_values=FLAGS)
flags.DEFINE_float(
    "threshold", None, 'of an artifact: an answer whose score is below it is "unknown"',
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "top", None, "of --api: labels for each; default 5", lower_bound=1, flag_values=FLAGS
)

_EXAMPLES = {"image/*": "jpeg", "audio/*": "wav"}
QUIET = 2  # Modules of white around a code that stands on white.


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Serves until Ctrl-C."""
    no_more(rest)
    terminal = console()
    with serve(**arguments_of(values)) as served:
        for line in _lines(served):
            terminal.print(line, soft_wrap=True)
        if terminal.is_terminal and terminal.encoding.startswith("utf") and _for_phones(served):
            terminal.print(Text("\n".join(qr_code(served.address)), style="black on white"))
        terminal.print("Ctrl-C stops it.")
        sys.stdout.flush()
        try:
            _until_stopped()
        except KeyboardInterrupt:
            terminal.print("stopped")
    return DONE


def _until_stopped() -> None:
    threading.Event().wait()


def _for_phones(served: Served) -> bool:
    return not served.is_local and not served.media


def _lines(served: Served) -> list[str]:
    lines = [f"serving {served.address}"]
    if served.media:
        kind = served.media[0].replace("*", _EXAMPLES.get(served.media[0], "*"))
        insecure = "--insecure " if served.fingerprint else ""
        lines.append(
            f"curl {insecure}--data-binary @FILE --header 'Content-Type: {kind}' "
            f"{served.address}predict"
        )
    if served.fingerprint:
        lines.append(
            "The certificate is this computer's own: a browser warns once. SHA-256 "
            f"{served.fingerprint}"
        )
    if served.is_local:
        lines.append("Only this computer reaches it; --host=0.0.0.0 lets the network in.")
    return lines


def qr_code(address: str) -> list[str]:
    """Returns a QR code as lines of characters, each of two rows of modules."""
    import segno

    code = segno.make(address, micro=False)
    rows = [list(row) for row in code.matrix_iter(border=QUIET)]
    rows = [*rows, [0] * len(rows[0])] if len(rows) % 2 else rows
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return [
        "".join(" ▄▀█"[2 * up + down] for up, down in zip(*pair, strict=True)) for pair in pairs
    ]


COMMAND = Command(
    "serve",
    "a web app from this computer: opens on a phone of the same network, by the address or its "
    "QR code. With --api, labels and scores for programs, by HTTP.",
    FLAGS,
    main,
    required=("artifact|app",),
    examples=(
        "zoo serve --artifact=exports/photos",
        "zoo serve --artifact=exports/photos --api",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
