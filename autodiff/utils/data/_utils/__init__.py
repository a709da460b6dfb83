"""Where PyTorch keeps the parts of a loader: programs import `default_collate` from `utils.data._utils.collate`."""
