"""What a program says to TensorBoard. Nothing is written, and a warning says so once for each writer.

>>> import autodiff as torch
>>> import warnings
>>> from autodiff.utils.tensorboard import SummaryWriter
>>> with warnings.catch_warnings():
...     warnings.simplefilter("ignore")
...     writer = SummaryWriter("runs/first")
>>> writer.add_scalar("loss", 0.5, 1)
>>> writer.close()
"""

from __future__ import annotations

import warnings
from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.provenance import stacklevel

__all__ = ["SummaryWriter"]


class SummaryWriter:
    """Takes what a program reports, and writes nothing: print it, or draw it with matplotlib.

    >>> import autodiff as torch
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     with torch.utils.tensorboard.SummaryWriter() as writer:
    ...         writer.add_scalars("loss", {"train": 0.5, "test": 0.6}, 1)
    """

    def __init__(self, log_dir: str | None = None, *args: Any, **kwargs: Any) -> None:
        self.log_dir = str(log_dir or "runs")
        warnings.warn(
            "autodiff writes no files for TensorBoard: print the numbers, or draw them with matplotlib", stacklevel=stacklevel()
        )

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: Any = None, walltime: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        """Nothing."""

    def add_scalars(self, main_tag: str, tag_scalar_dict: Any, global_step: Any = None, walltime: Any = None) -> None:
        """Nothing."""

    def add_histogram(self, tag: str, values: Any, global_step: Any = None, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def add_image(self, tag: str, img_tensor: Any, global_step: Any = None, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def add_images(self, tag: str, img_tensor: Any, global_step: Any = None, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def add_image_with_boxes(
        self, tag: str, img_tensor: Any, box_tensor: Any, global_step: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        """Nothing."""

    def add_figure(self, tag: str, figure: Any, global_step: Any = None, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def add_video(self, tag: str, vid_tensor: Any, global_step: Any = None, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def add_audio(self, tag: str, snd_tensor: Any, global_step: Any = None, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def add_text(self, tag: str, text_string: str, global_step: Any = None, walltime: Any = None) -> None:
        """Nothing."""

    def add_tensor(self, tag: str, tensor: Any, global_step: Any = None, walltime: Any = None) -> None:
        """Nothing."""

    def add_mesh(self, tag: str, vertices: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def add_embedding(
        self, mat: Any, metadata: Any = None, label_img: Any = None, global_step: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        """Nothing."""

    def add_pr_curve(self, tag: str, labels: Any, predictions: Any, global_step: Any = None, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def add_graph(self, model: Any, input_to_model: Any = None, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def add_hparams(self, hparam_dict: Any, metric_dict: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def add_custom_scalars(self, layout: Any) -> None:
        """Nothing."""

    def get_logdir(self) -> str:
        """The folder that would be written to."""
        return self.log_dir

    def flush(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
