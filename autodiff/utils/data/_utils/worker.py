"""What a worker process knows of itself, under the name of PyTorch's module."""

from autodiff.utils.data.worker import WorkerInfo, get_worker_info, numpy_seed

__all__ = ["WorkerInfo", "get_worker_info"]


def _generate_state(base_seed: int, worker_id: int) -> list[int]:
    """The seed of NumPy's global generator in a worker."""
    return numpy_seed(base_seed, worker_id)
