"""Where PyTorch keeps the parts of a loader: programs write `utils.data._utils.collate.default_collate`."""

from autodiff.utils.data._utils import collate as collate
from autodiff.utils.data._utils import worker as worker

MP_STATUS_CHECK_INTERVAL = 5.0  # seconds that workers have to end
