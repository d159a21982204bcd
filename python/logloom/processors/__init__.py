"""What may stand between receivers and exporters: one file each, named like its type in the config."""
