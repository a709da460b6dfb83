"""What detect_anomaly warns of: that it is on, and, for every kind of error in backward, where the operation was recorded."""

import pytest
from alike import told

import autodiff


def changed(T, x):
    d = x + 1
    e = d**2
    d += 1
    return e


def own(T, x):
    class Broken(T.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 1

        @staticmethod
        def backward(ctx, g):
            raise KeyError("mine")

    return Broken.apply(x)


def hooked(T, x):
    y = x * 2
    y.register_hook(lambda g: g.view(7))
    return y


def freed(T, x):
    y = x.exp()
    y.sum().backward()
    return y


LOSSES = {
    "a nan": lambda T, x: (x - x).sqrt() * 0,
    "a saved value that was changed": changed,
    "an error in a Function": own,
    "an error in a hook": hooked,
    "a graph that was freed": freed,
    "no error": lambda T, x: x * 2,
}
WAYS = {
    "detect_anomaly": lambda T: T.autograd.detect_anomaly(),
    "without nan": lambda T: T.autograd.detect_anomaly(check_nan=False),
    "set_detect_anomaly": lambda T: T.autograd.set_detect_anomaly(True),
    "off": lambda T: T.autograd.set_detect_anomaly(False),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_same_warnings(loss, way, torch):
    def program(T, say):
        x = T.tensor([1.0, 2.0], requires_grad=True)
        with WAYS[way](T):
            say(T.is_anomaly_enabled(), T.is_anomaly_check_nan_enabled())
            y = LOSSES[loss](T, x).sum()
            try:
                y.backward()
            finally:
                say(x.grad is None)
        say(T.is_anomaly_enabled(), T.is_anomaly_check_nan_enabled())

    assert told(autodiff, program) == told(torch, program)


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_the_warning_shows_the_line():
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    with autodiff.autograd.detect_anomaly():
        y = own(autodiff, x)  # in own, the line that calls apply
        words = r"Error detected in BrokenBackward.*(\n.*)*return Broken\.apply\(x\)"
        with pytest.warns(UserWarning, match=words), pytest.raises(KeyError):
            y.sum().backward()
