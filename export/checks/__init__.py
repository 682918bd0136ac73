"""Whether a file is good enough: it is run, compared with the model, judged, tried on software."""
