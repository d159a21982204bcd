"""What stands between pipelines: one file each, named like its type in the config."""
