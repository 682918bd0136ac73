"""Pictures: photo folders, TFRecord shards, tensorflow-datasets."""
