"""What a kernel makes that cuts off in low precision, as those of paddle before 3.2 do, rather than rounds."""

from __future__ import annotations

import numpy as np

from conformance.number_formats import FORMATS, returned
from conformance.quantity import Quantity


def cut_off(found: Quantity) -> Quantity:
    """The same number, in low precision by steps whose results are cut off rather than rounded."""
    if returned() not in ("float16", "bfloat16"):
        return found
    wide = lambda each: Quantity(each.value, 3 * each.error + 2 * FORMATS[returned()].unit * np.abs(each.value))
    back = lambda rule: lambda g: wide(rule(g))
    return Quantity(found.value, wide(found).error, [(each, back(rule)) for each, rule in found.links])


def cut_off_in_float16(found: Quantity, x: Quantity) -> Quantity:
    """The same number, in float16 by steps whose results are cut off rather than rounded."""
    half = FORMATS["float16"]
    if not (half.holds(x.value) | np.isnan(x.value)).all():
        return found

    def wider(each: Quantity) -> Quantity:
        return Quantity(each.value, each.error + 3 * half.unit * np.abs(each.value) + 3 * half.smallest)

    links = [(each, lambda g, rule=rule: wider(rule(g))) for each, rule in found.links]
    return Quantity(found.value, wider(found).error, links)


__all__ = ["cut_off", "cut_off_in_float16"]
