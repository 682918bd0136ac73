"""Quantisation-aware training of any functional Keras model.

After `aware = zoo.quantization.aware(model, samples)`, `aware` is compiled and fitted as any model,
and `model` learns with it. Then `export.export_model(model, …, ranges=ranges_of(aware),
simulation=aware)` writes an int8 file with the ranges that were learnt, and compares it with
`aware`.
"""

from zoo.quantization.aware import aware, ranges_of

__all__ = ["aware", "ranges_of"]
