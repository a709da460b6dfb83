"""gradcheck of functions whose results change their form, and anomalies that name the input: PyTorch is asked the same."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import autodiff

torch = pytest.importorskip("torch")
BOTH = (torch, autodiff)


def hooked(T: Any, x: Any) -> Any:
    y = x.clone()
    y.register_hook(lambda g: g + 1e-2)
    return y


CASES = {
    "nothing comes out": (lambda T, x: (), {}),
    "more is added to what came in": (hooked, {"atol": 0.1}),
    "more is added, and nothing raised": (hooked, {"atol": 0.1, "raise_exception": False}),
    "the shape depends on the numbers": (lambda T, x: T.cat([x, x]) if T.all(x >= 1) else x, {}),
    "the dtype depends on the numbers": (lambda T, x: x.to(T.float32) if T.all(x >= 1) else x, {}),
    "the shape, and nothing raised": (lambda T, x: T.cat([x, x]) if T.all(x >= 1) else x, {"raise_exception": False}),
    "a good one": (lambda T, x: (x * x, x.sin()), {}),
}


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_what_gradcheck_says(name: str, fast: bool) -> None:
    function, options = CASES[name]
    said = []
    for T in BOTH:
        x = T.ones(1, dtype=T.float64, requires_grad=True)
        try:
            said.append(str(T.autograd.gradcheck(lambda x, T=T: function(T, x), (x,), fast_mode=fast, **options)))
        except (AssertionError, RuntimeError) as error:
            said.append(f"{type(error).__name__}: {error}")
    assert said[1].startswith(said[0])


@pytest.mark.parametrize("which", [0, 1])
def test_an_anomaly_is_told_with_the_number_of_the_input(which: int) -> None:
    for T in BOTH:

        class Lost(T.autograd.Function):
            @staticmethod
            def forward(ctx: Any, a: Any, b: Any) -> Any:
                return a * b

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return tuple(g * float("nan") if i == which else None for i in range(2))

        x = T.ones(2, requires_grad=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with T.autograd.detect_anomaly():
                y = Lost.apply(x, x * 2).sum()
            with T.autograd.detect_anomaly(), pytest.raises(RuntimeError, match=f"returned nan values in its {which}th output"):
                y.backward()
