"""Code for clients: how to call the exported files, from templates."""
