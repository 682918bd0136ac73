"""A server of this computer: the app of a model, and its answers over HTTP."""
