"""Where PyTorch keeps the parts of a loader: programs import `default_collate` from `utils.data._utils.collate`."""

MP_STATUS_CHECK_INTERVAL = 5.0  # seconds that workers have to end
