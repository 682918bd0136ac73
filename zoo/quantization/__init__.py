"""Quantisation-aware training of any functional Keras model.

After `aware = zoo.quantization.aware(model, samples)`, `aware` is compiled and fitted as any model,
and `model` learns with it. `settle(aware)` then rounds the weights themselves. With them,
`export.export_model(model, …, ranges=ranges_of(aware), simulation=aware)` writes an int8 file that
calculates what `aware` does, and compares both. Leave the simulation out if `simulates(model)` is
False: then the file rounds more than `aware` does.
"""

from zoo.quantization.aware import aware, ranges_of, settle, simulates

__all__ = ["aware", "ranges_of", "settle", "simulates"]
