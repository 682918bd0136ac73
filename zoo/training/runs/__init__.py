"""The folder of a training: its settings, lock and progress, and the state it goes on from."""
