"""A target: float32 weights for a GPU, held to ten times less than the built-in one."""

import export

GATES = export.Gates(max_abs_error=1e-5)
export.register_target(export.Target("exact", "float32", GATES, provers=("small_flash",)))
