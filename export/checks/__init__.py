"""Whether a file is good enough: run, compared with the model, judged, proven on software."""
