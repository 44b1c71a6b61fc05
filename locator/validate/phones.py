"""Telephone numbers as people write them in China and elsewhere, brought into one form."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from locator.model import Phone

_EXTENSION = r"(?:(?:转|轉|ext\.?|x|分机)\s*(?P<ext>\d{1,6}))?"
_FORMS = (
    # 0531-88923656, 010 12345678, (0760) 22838332, 86-531-88923656, with 转8005; service numbers behind an area code
    re.compile(
        r"^(?:\+?0?0?86[- ]?)?\(?(?P<area>0?(?:10|2\d|[3-9]\d{2}))\)?[- ]{0,2}-?(?P<rest>\d{7,8})" + _EXTENSION + "$"
    ),
    re.compile(r"^(?P<area>0(?:10|2\d|[3-9]\d{2}))[- ]?(?P<rest>1\d{4}|9\d{4,5})$"),
)  # fmt: skip
_MOBILE = re.compile(r"^(?:\+?86[- ]?)?(1[3-9]\d{9})$")
_TOLL = re.compile(r"^([48]00)[- ]?(?:(\d{3})[- ]?(\d{4})|(\d{4})[- ](\d{3}))$")
_SERVICE = re.compile(r"^(1\d{2}|1\d{4}|9\d{4,5})$")
_LOCAL = re.compile(r"^(\d{3,4})[- ]?(\d{4})" + _EXTENSION + "$")
_FOREIGN = re.compile(r"^(?:\+|00)([1-9]\d{0,3})[-. ]?\(?(\d[-. ()/]?){5,13}\d$")
_AS_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?(?:[eE]\+?(\d{1,2}))?")
_LOST_ZERO = re.compile(r"(?:10\d{8}|2\d{9}|[3-9]\d{10})(?<!0000)")
"""An area code without its zero, and eight digits; four zeros at the end have been rounded.

Ten digits might also be a 400 number.
"""
_SPLIT = re.compile(r"[;；\n|]+|[,，、/](?=\s*[\d(+])")
_LABEL_AFTER = re.compile(r"^(?P<number>[^(（:：]*\d)\s*(?:[(（](?P<label>[^()（）]*)[)）])$")
_LABEL_BEFORE = re.compile(r"^(?P<label>[^\d+(（:：]+?)\s*[:：]?\s*(?P<number>[\d+(（].*)$")
_LABEL_BLANK = re.compile(r"^(?P<number>[\d+()\- 转]*\d)\s+(?P<label>[^\d\s(].*)$")


class ReadPhones(NamedTuple):
    """What a cell of telephone numbers held."""

    phones: tuple[Phone, ...]
    unread: tuple[str, ...]
    """Parts that are no telephone number."""
    local: tuple[str, ...]
    """Numbers without an area code: kept, but a caller from elsewhere cannot use them."""


def read_phones(cell: str, *, area_code: str | None = None) -> ReadPhones:
    """Read a cell that may hold several numbers with labels: ``22838332,22821788(仲裁); 12333``.

    Parameters
    ----------
    cell
        The text; numbers are parted by ``;``, ``、``, ``/`` or a comma.
    area_code
        What to put before a number that has none, ``0760``; None leaves it as it is. A number takes
        the area code of the one before it in the same cell.
    """
    phones: list[Phone] = []
    unread: list[str] = []
    local: list[str] = []
    for part in _SPLIT.split(unicodedata.normalize("NFKC", cell).replace("—", "-").replace("–", "-")):
        if not part.strip():
            continue
        number, label = _split_label(part.strip())
        made, needs_area = normalize_number(number)
        if made is None:
            unread.append(part.strip())
            continue
        area_code = made.partition("-")[0] if made.startswith("0") else area_code
        if needs_area and area_code:
            made = f"{area_code}-{made}"
        elif needs_area:
            local.append(made)
        if all(made != phone.number or label != phone.label for phone in phones):
            phones.append(Phone(made, label))
    return ReadPhones(tuple(phones), tuple(unread), tuple(local))


def _split_label(part: str) -> tuple[str, str | None]:
    for pattern in (_LABEL_AFTER, _LABEL_BLANK, _LABEL_BEFORE):
        match = pattern.match(part)
        if match:
            label = re.sub(r"[;\s]+", "", match["label"]).strip("-:()") or None
            if label and re.fullmatch(r"转|ext\.?|x|分机", label):
                continue
            return match["number"].strip(), None if label in ("电话", "联系电话", "办公电话", "tel", "Tel") else label
    return part, None


def _undo_number(text: str) -> str:
    """Return the digits of a number that a spreadsheet took for one: 13905310000.0, 5.3187920528E+10, 53187920528.

    The zero that an area code starts with is put back; what was rounded (5.3188E+10) is left as it is.
    """
    match = _AS_NUMBER.fullmatch(text)
    if match:
        digits = match[1] + (match[2] or "").rstrip("0")
        power = int(match[3] or 0)
        if len(digits) != power + 1 and not (power == 0 and digits == match[1]):
            return text
        text = digits
    return "0" + text if _LOST_ZERO.fullmatch(text) else text


def normalize_number(text: str) -> tuple[str | None, bool]:
    """Return a number in the layer's form, and whether it lacks an area code; (None, False) for no number.

    Examples
    --------
    >>> normalize_number("(0531)8892 3656")
    ('0531-88923656', False)
    >>> normalize_number("+423 236 61 11")
    ('+4232366111', False)
    >>> normalize_number("22838332")
    ('22838332', True)
    """
    tight = re.sub(r"(?<=\d) (?=\d{4}$)", "", " ".join(text.replace("(0)", " ").split()))
    tight = _undo_number(tight)
    for form in _FORMS:
        match = form.match(tight)
        if match:
            area = match["area"] if match["area"].startswith("0") else "0" + match["area"]
            extension = match.groupdict().get("ext")
            if not match["area"].startswith("0") and "86" not in tight[:5]:
                continue
            return f"{area}-{match['rest']}" + (f"转{extension}" if extension else ""), False
    if match := _MOBILE.match(tight.replace(" ", "").replace("-", "")):
        return match[1], False
    if match := _TOLL.match(tight):
        digits = re.sub(r"\D", "", tight)
        return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}", False
    if _SERVICE.match(tight):
        return tight, False
    if match := _LOCAL.match(tight):
        return match[1] + match[2] + (f"转{match['ext']}" if match["ext"] else ""), True
    if _FOREIGN.match(tight) and not tight.startswith(("+86", "0086")):
        digits = re.sub(r"\D", "", tight)
        return "+" + digits.removeprefix("00" if tight.startswith("00") else ""), False
    return None, False
