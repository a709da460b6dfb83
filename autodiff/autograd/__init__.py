"""What users import from torch.autograd: backward, grad, Function, the checks, and functions of functions."""

from typing import Any

from autodiff._core.grad import backward
from autodiff._core.missing import missing_name
from autodiff._core.modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from autodiff.autograd import anomaly_mode, forward_ad, function, functional, grad_mode, graph, profiler
from autodiff.autograd.anomaly_mode import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from autodiff.autograd.function import Function, once_differentiable
from autodiff.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from autodiff.autograd.gradients import grad
from autodiff.autograd.variable import Variable

__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "anomaly_mode",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "forward_ad",
    "function",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_enabled",
    "no_grad",
    "once_differentiable",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
