"""Tensors of a user's class: what the class keeps beside the numbers comes back from a file, a pickle and a copy."""

import copy
import io
import pickle
from dataclasses import dataclass

import pytest

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])


class Plain:
    """Nothing of its own; what is noted on it."""


class Slots:
    __slots__ = ("_hidden", "left", "unit")


class Says:
    def __getstate__(self):
        return ("said", getattr(self, "unit", None), self.__dict__)

    def __setstate__(self, state):
        marker, self.unit, self.__dict__ = state
        assert marker == "said"
        self.told = True


def kinds(T):
    """A subclass of T's Tensor for each, under a name that a pickle finds."""
    for extra in (Plain, Slots, Says):
        name = f"{extra.__name__}Of{T.__name__}"
        body = {key: vars(extra)[key] for key in ("__slots__", "__getstate__", "__setstate__") if key in vars(extra)}
        yield globals().setdefault(name, type(name, (T.Tensor,), {**body, "__module__": __name__, "__qualname__": name}))


def through_file(T, x, new, only):
    file = io.BytesIO()
    T.save(x, file, _use_new_zipfile_serialization=new)
    file.seek(0)
    with T.serialization.safe_globals([type(x)]):
        return T.load(file, weights_only=only)


WAYS = {
    **{f"{form}, {only}": (lambda T, x, n=form == "zip", o=only == "weights only": through_file(T, x, n, o))
       for form in ("zip", "legacy") for only in ("weights only", "trusted")},
    "pickle": lambda T, x: pickle.loads(pickle.dumps(x)),
    "copy": lambda T, x: copy.copy(x),
}  # fmt: skip


@BOTH
@pytest.mark.parametrize("way", WAYS)
def test_what_a_class_keeps_comes_back(T, way):
    for kind in kinds(T):
        x = kind([1.0, 2.0])
        x.note = "noted"
        x.unit = "metre"
        found = WAYS[way](T, x)
        assert type(found) is kind
        assert (found.tolist(), found.note, found.unit) == ([1, 2], "noted", "metre")
        assert getattr(found, "told", False) is kind.__name__.startswith("Says")
        assert not hasattr(found, "left")


def test_a_deep_copy_has_its_own_slots():
    for kind in kinds(autodiff):
        x = kind([1.0])
        x.unit = ["metre"]
        found = copy.deepcopy(x)
        assert found.unit == ["metre"]
        assert found.unit is not x.unit


def test_a_file_names_no_slots_but_those_of_its_class():
    """Else it could put anything in the place of a tensor's memory."""
    from autodiff.serialization import machine, rebuild

    with pytest.raises(machine.Refused, match="has no slots"):
        rebuild.from_type(rebuild.parameter, autodiff.nn.Parameter, (autodiff.ones(2), True, {}), ({}, {"_array": 3}))
    with pytest.raises(machine.Refused, match="no names"):
        rebuild.from_type(rebuild.parameter, autodiff.nn.Parameter, (autodiff.ones(2), True, {}), ({1: 2}, {}))


@dataclass
class OnlySlots:
    __slots__ = ("x", "y")
    x: int
    y: int


@BOTH
def test_a_class_of_slots_alone(T):
    found = through_file(T, OnlySlots(2, 3), True, True)
    assert (found.x, found.y) == (2, 3)


@BOTH
def test_a_method_of_a_class_is_allowed_by_its_name(T):
    import datetime
    import zoneinfo

    when = datetime.datetime(2025, 1, 1, 12, tzinfo=zoneinfo.ZoneInfo("UTC"))
    file = io.BytesIO()
    T.save({"when": when}, file)
    wanted = [datetime.datetime, getattr, zoneinfo.ZoneInfo]
    file.seek(0)
    with T.serialization.safe_globals(wanted), pytest.raises(pickle.UnpicklingError, match=r"_unpickle.*zoneinfo\.ZoneInfo"):
        T.load(file)
    file.seek(0)
    with T.serialization.safe_globals([*wanted, zoneinfo.ZoneInfo._unpickle]):
        assert T.load(file) == {"when": when}


@BOTH
@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_data_that_is_skipped(T, new):
    if T is torch and not new:
        return  # PyTorch can't write such a file in the old form
    whole, hollow = io.BytesIO(), io.BytesIO()
    x = T.arange(6.0).reshape(2, 3) + 1
    T.save({"x": x, "row": x[1]}, whole, _use_new_zipfile_serialization=new)
    with T.serialization.skip_data():
        T.save({"x": x, "row": x[1]}, hollow, _use_new_zipfile_serialization=new)
        whole.seek(0)
        read = T.load(whole)
    hollow.seek(0)
    for found in (read, T.load(hollow)):
        assert found["x"].shape == (2, 3)
        assert found["row"].data_ptr() == found["x"].data_ptr() + 12
    hollow.seek(0)
    assert T.load(hollow)["x"].tolist() == [[0, 0, 0], [0, 0, 0]]
    whole.seek(0)
    assert T.load(whole)["x"].tolist() == x.tolist()


@BOTH
@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_where_old_programs_look_for_what_rebuilds(T):
    storage = T.arange(6.0).storage()
    assert T._utils._rebuild_tensor(storage, 1, (2, 2), (2, 1)).tolist() == [[1, 2], [3, 4]]
    x = T._utils._rebuild_tensor_v2(storage, 0, (3,), (2,), True, {})
    assert x.requires_grad
    assert x.tolist() == [0, 2, 4]
