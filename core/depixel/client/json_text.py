"""JSON from outside, parsed so that any defect raises one kind of error."""

from __future__ import annotations

import json
import math
from typing import Any, Union

_MOST_DIGITS = 300  # of a whole number: what `float` can hold


def parse_json(text: Union[str, bytes]) -> Any:
    """
    The value of a JSON text; bytes are UTF-8, with or without a byte order mark.

    Raises:
        ValueError: it is not JSON, is nested too deeply, has a number that is not finite or has hundreds of digits, or
            a string that is not valid Unicode (half of a surrogate pair). `str(error)` says which.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if "\\u" in text and not _is_text(value):
        raise ValueError("a string in it is not Unicode text")
    return value


def _refuse(name: str) -> None:
    raise ValueError("%s is not a JSON number" % name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("%s is too large" % digits[:20])
    return number


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number in it has %d digits" % len(digits))
    return int(digits)


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
