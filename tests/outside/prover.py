"""A prover: does a file fit into the flash of a small microcontroller, and does it answer there?"""

import export

FLASH = 1 << 16


def measure(path, x, labels):
    answers = export.LiteModel(path)(x[:4]).argmax(axis=1)
    return {"bytes": path.stat().st_size, "answers": [labels[answer] for answer in answers]}


def judge(figures, target):
    return figures["bytes"] <= FLASH, f"{figures['bytes']:,} bytes, at most {FLASH:,}"


export.register_prover(export.Prover("small_flash", measure, judge))
