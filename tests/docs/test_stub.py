"""The stub of Tensor says what the functions' own signatures say."""

import make_stub

from autodiff import Tensor


def test_the_stub_is_up_to_date():
    assert make_stub.STUB.read_text(encoding="utf-8") == make_stub.stub(), "run `python docs/make_stub.py`"


def test_every_member_is_in_it():
    text = make_stub.stub()
    members = [name for name in vars(Tensor) if not name.startswith("_")]
    assert len(members) > 300
    missing = [name for name in members if f"def {name}(" not in text and f"    {name}: " not in text]
    assert not missing
