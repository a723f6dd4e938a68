"""Settings of layers as plain data, which is all that a lane sends."""

from __future__ import annotations

from enum import StrEnum

from conformance.porting.settings import plain


class Layout(StrEnum):
    """A word that is more than a word, as some packages keep their options."""

    NCHW = "NCHW"


def test_a_member_of_an_enum_is_told_as_its_word():
    assert type(plain(Layout.NCHW)) is str and plain(Layout.NCHW) == "NCHW"
    assert [plain(each) for each in ("same", True, 3, (2, 2), object())] == ["same", True, 3.0, 2.0, None]
