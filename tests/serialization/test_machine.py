"""The machine that reads pickles against Python's own reader: the same objects; and what it says where it does less."""

import collections
import pickle
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff.serialization.machine import FromUser, Machine, Refused, hashable, named, run_by_user


def machine(data, encoding="utf-8", **changed):
    """A machine for which everything in this file and `collections` is allowed."""
    known = {"Point": Point, "Plain": Plain, "bytearray": bytearray, "OrderedDict": collections.OrderedDict, "complex": complex}

    def give_state(target, state):
        vars(target).update(state)

    options = {
        "find": lambda module, name: known[name], "load_persistent": lambda key: ("kept", key),
        "allows_call": lambda f, args: f in known.values(), "call": lambda f, args: f(*args), "give_state": give_state,
    }
    return Machine(data, *(options | changed).values(), encoding)


class Point(tuple):
    __slots__ = ()


class Plain:
    pass


KEYS = st.one_of(st.integers(), st.text(), st.binary(), st.booleans(), st.none(), st.tuples(st.integers(), st.text()))
OBJECTS = st.recursive(
    st.one_of(
        KEYS, st.floats(allow_nan=False), st.frozensets(KEYS, max_size=3), st.sets(KEYS, max_size=3),
        st.binary().map(bytearray), st.sampled_from(["x" * 300, b"y" * 300, "z" * 70_000, bytearray(300)]),
        st.sampled_from([2**8 - 1, 2**8, 2**16 - 1, 2**16, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63, -1, 2**3000]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=5).map(tuple), st.dictionaries(KEYS, inner, max_size=4),
        inner.map(lambda x: [x, x]), inner.map(lambda x: (x, [x], x)),
    ),
    max_leaves=8,
)


@given(OBJECTS, st.integers(4, 5))
def test_plain_objects(obj, protocol):
    data = pickle.dumps(obj, protocol)
    reader = machine(data + b"rest")
    found = reader.run()
    assert found == obj
    assert repr(found) == repr(obj)  # 1, True and 1.0 are equal
    assert reader.at == len(data)


@given(
    st.recursive(
        st.one_of(st.integers(), st.text(), st.booleans(), st.none(), st.floats(allow_nan=False)),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.lists(inner, max_size=4).map(tuple),
                                st.dictionaries(st.text(max_size=2), inner, max_size=3)),
        max_leaves=6,
    ),
    st.integers(2, 3),
)
def test_older_protocols(obj, protocol):
    assert repr(machine(pickle.dumps(obj, protocol)).run()) == repr(obj)


# Instructions that Python writes no more, or only in some cases, with what stands before and behind them.
BY_HAND = [
    b"I12\n.", b"I-3\n.", b"I00\n.", b"I01\n.", b"L12L\n.", b"L-5\n.", b"F1.5\n.", b"J\xff\xff\xff\x7f.", b"J\xfe\xff\xff\xff.",
    b"K\xc8.", b"M\x39\x30.", b"\x8a\x00.", b"\x8a\x01\xff.", b"\x8a\x02\x00\x80.", b"\x8b\x02\x00\x00\x00\x00\x01.",
    b"G" + struct.pack(">d", 2.5) + b".", b"X\x02\x00\x00\x00ab.", b"\x8c\x02ab.", b"\x8d\x02" + bytes(7) + b"ab.",
    b"U\x02ab.", b"T\x02\x00\x00\x00ab.", b"B\x02\x00\x00\x00ab.", b"C\x02ab.", b"\x8e\x02" + bytes(7) + b"ab.",
    b"\x96\x02" + bytes(7) + b"ab.", b").", b"(t.", b"(K\x01K\x02t.", b"K\x01\x85.", b"K\x01K\x02\x86.",
    b"K\x01K\x02K\x03\x87.",
    b"].", b"(l.", b"(K\x01K\x02l.", b"]K\x01a.", b"](K\x01K\x02e.", b"}.", b"(d.", b"(K\x01K\x02K\x03K\x04d.",
    b"}K\x01K\x02s.",
    b"}(K\x01K\x02K\x03K\x04u.", b"\x8f(K\x01K\x02\x90.", b"(K\x01K\x02\x91.", b"N.", b"\x88.", b"\x89.", b"K\x01K\x020.",
    b"K\x01(K\x02K\x031.", b"K\x012\x86.", b"K\x05q\x070h\x07.", b"K\x05r\x07\x00\x00\x000j\x07\x00\x00\x00.",
    b"K\x05\x94K\x06\x94h\x00h\x01\x86.", b"\x80\x04\x95\x03" + bytes(7) + b"K\x01.", b"\x80\x02K\x01.", b"]q\x01h\x01\x86.",
    b"ccollections\nOrderedDict\n)R.", b"cbuiltins\ncomplex\n(K\x01K\x02tR.",
    b"\x8c\x08builtins\x8c\x07complex\x93(K\x01K\x02tR.", b"ccollections\nOrderedDict\n)\x81.",
    b"ccollections\nOrderedDict\n)R}\x8c\x01aK\x05sb.",
]  # fmt: skip


@pytest.mark.parametrize("data", BY_HAND)
def test_every_instruction(data):
    found, expected = machine(data).run(), pickle.loads(data)
    assert repr(found) == repr(expected)
    assert vars(found) == vars(expected) if hasattr(found, "__dict__") else True


def test_what_is_kept_outside():
    assert machine(b"K\x07Q.").run() == ("kept", 7)


def test_text_of_python_2():
    for encoding, found in (("latin1", "é"), ("bytes", b"\xe9"), ("cp437", "Θ")):
        assert machine(b"U\x01\xe9.", encoding).run() == found
        assert machine(b"T\x01\x00\x00\x00\xe9.", encoding).run() == found
    with pytest.raises(pickle.UnpicklingError, match=r"the pickle is damaged, at its byte 3 \(UnicodeDecodeError"):
        machine(b"U\x01\xe9.").run()


def test_pickles_one_after_another():
    data = pickle.dumps([1, (2,)], 4) + pickle.dumps({"a": 3}, 2)
    reader = machine(data)
    first = reader.run()
    assert (first, reader.run(reader.at), reader.at) == ([1, (2,)], {"a": 3}, len(data))
    for at in (len(data), len(data) + 5):
        with pytest.raises(EOFError, match="the file ends where a pickle should begin"):
            reader.run(at)


DAMAGED = [
    (b"K", "byte 1 (IndexError: it ends too early)"), (b"X\x05\x00\x00\x00ab", "byte 5 (IndexError: it ends too early)"),
    (b"I1", "byte 1 (ValueError"), (b"Ix\n.", "byte 3 (ValueError"), (b"K\x01", "byte 2 (IndexError"),
    (b".", "byte 1 (IndexError"),
    (b"h\x05.", "byte 2 (KeyError: 5)"), (b"t.", "byte 1 (IndexError"), (b"K\x01\x86.", "byte 3 (IndexError: a tuple of more"),
    (b"}(K\x01u.", "byte 5 (IndexError"), (b"K\x01a.", "byte 3 (IndexError"), (b"q\x01.", "byte 2 (IndexError"),
    (b"\x8c\x01\xff.", "byte 3 (UnicodeDecodeError"),
]


@pytest.mark.parametrize(("data", "words"), DAMAGED)
def test_where_a_pickle_is_damaged(data, words):
    with pytest.raises(pickle.UnpicklingError, match=re.escape("the pickle is damaged, at its " + words)) as caught:
        machine(data).run()
    assert type(caught.value) is pickle.UnpicklingError


REFUSED = [
    (b"\x80\x09.", "pickle protocol 9 is not known"),
    (b"\xff.", "Unsupported operand 255"),
    (b"K\x01K\x02a.", "Can only append to lists, but got <class 'int'>"),
    (b")(K\x02e.", "Can only append to lists, but got <class 'tuple'>"),
    (b"]K\x01K\x02s.", "Can only set items of a dict, but got <class 'list'>"),
    (b"](K\x02\x90.", "Can only add to sets, but got <class 'list'>"),
    (b"}]K\x02s.", "a key cannot be a list"),
    (b"\x8f(]\x90.", "a key cannot be a list"),
    (b"(]\x91.", "a key cannot be a list"),
    (b"}]\x85K\x02s.", "a key cannot be a list"),
    (b"K\x01\x8c\x01a\x93.", "a global is not named by strings"),
    (b"\x8c\x01aK\x01\x93.", "a global is not named by strings"),
    (b"ccollections\nOrderedDict\n]R.", "a function is called without a tuple of arguments"),
    (b"K\x05)R.", "Trying to call reduce for unrecognized function 5"),
    (b"\x8c\x02ab)R.", "Trying to call reduce for unrecognized function 'ab'"),
    (b"])R.", "Trying to call reduce for unrecognized function a list"),
    (b"K\x05)\x81.", "Trying to create new object for unrecognized class 5"),
    (b"ccollections\nOrderedDict\n]\x81.", "Trying to create new object for unrecognized class <class 'collections.O"),
    (b"\x82\x01.", "an extension code would be looked up in a table that is not in the file"),
    (b"\x83\x01\x00.", "an extension code"),
    (b"\x84\x01\x00\x00\x00.", "an extension code"),
]


@pytest.mark.parametrize(("data", "words"), REFUSED)
def test_what_is_refused_and_why(data, words):
    with pytest.raises(Refused, match="^" + re.escape(words)):
        machine(data).run()


def test_what_may_not_be_called_is_named_with_its_owner():
    with pytest.raises(Refused, match=r"unrecognized function <built-in method append of list.* which belongs to a list"):
        machine(b"cx\nPoint\n)R.", find=lambda module, name: [].append).run()
    with pytest.raises(Refused, match="for unrecognized class <class 'int'>"):
        machine(b"cx\nPoint\n)\x81.", find=lambda module, name: int).run()


def test_keys():
    deep = ()
    for _ in range(20):
        deep = (deep, deep)
    with pytest.raises(Refused, match="a key is nested too deeply"):
        hashable(deep)
    for key in (1, "a", (1, (2, frozenset([3]))), tuple(range(9000)), None):
        assert hashable(key) is key
    with pytest.raises(Refused, match="nested too deeply"):
        hashable(tuple(range(10_001)))
    with pytest.raises(Refused, match="a key cannot be a dict"):
        hashable((1, (2, {})))


def test_how_values_are_named():
    found = [named(x) for x in (1, 1.5, int, len, "a", "b" * 200, (1, 2), None)]
    assert found == ["1", "1.5", "<class 'int'>", "<built-in function len>", "'a'", repr("b" * 100), "a tuple", "a NoneType"]


def test_an_error_of_the_users_code_is_carried_out_as_one():
    def fails(error):
        raise error

    assert run_by_user(max, 3, 5) == 5
    for known in (Refused("no"), FromUser(KeyError("k"))):
        with pytest.raises(type(known)) as caught:
            run_by_user(fails, known)
        assert caught.value is known
    error = pickle.UnpicklingError("of the user's own file")
    with pytest.raises(FromUser, match="of the user's own file") as caught:
        run_by_user(fails, error)
    assert caught.value.error is caught.value.__cause__ is error
