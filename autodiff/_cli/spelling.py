"""How cells are spelt: which ones are missing, which are numbers, and which are meant as numbers but written otherwise.

After this module a reader knows what counts as a missing value, the spelling of numbers that is taken (with a decimal point;
with a decimal comma where the user says so), and that every other one (thousands, a currency, a date) gets advice instead of
becoming a category.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

__all__ = ["MISSING", "advice", "as_number", "is_missing", "is_numeric", "one_spelling", "shortened", "thousands"]

# In any case. The words are those that pandas, R, SAS, MySQL and spreadsheets write, the last rows what people type.
MISSING = (
    "", "NA", "N/A", "n.a.", "#N/A", "#NA", "<NA>", "#NV", "NaN", "-NaN", "NaT", "null", "None", "\\N",
    "?", "-", "--", "\N{EN DASH}", "\N{EM DASH}", ".",
)
_MISSING = {word.lower() for word in MISSING}
_LONGEST = max(map(len, MISSING))

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(  # --decimal ,: what stands between thousands is the same throughout, and never the comma
    r"[+-]?(?:[1-9]\d{0,2}(?P<mark>[.' \N{RIGHT SINGLE QUOTATION MARK}\N{NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}"
    r"\N{NARROW NO-BREAK SPACE}])\d{3}(?:(?P=mark)\d{3})*(?:,\d*)?|\d+(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?",
    re.ASCII,
)
_LARGEST = 1e100  # squares of larger ones overflow in the deviation

# Other spellings. Here \d is any script's digit.
_MINUS = "-+\N{MINUS SIGN}\N{EN DASH}"
_BETWEEN = ".,_' \N{RIGHT SINGLE QUOTATION MARK}\N{NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}\N{NARROW NO-BREAK SPACE}"
_MONEY = r"(?:US|R|A|C)?\$|[€£¥₹₽₩₺₪]|zł|kr\.?|Fr\.|EUR|USD|GBP|CHF|JPY|CAD|AUD|SEK|NOK|DKK|PLN|CZK|HUF|INR|CNY|BRL|RUB|TRY"
_UNITS = "°[CF]?|[kmc]?m[²³23]?|[kmµ]?g|m?l|km/h|k?Wh?|kcal|h|min|s"
_OTHER = re.compile(
    rf"(?P<before>(?:{_MONEY})?)\s*(?P<number>[{_MINUS}]?\s?(?P<mark>(?:{_MONEY})?)\s?"
    rf"(?:\d{{1,3}}(?:[{_BETWEEN}]\d{{2,3}})*[{_BETWEEN}]\d{{3}}(?:[.,]\d+)?|\d+(?:_\d+)*(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?)"
    rf"\s*(?P<after>(?:%|‰|{_MONEY}|{_UNITS})?)"
)
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:[AaPp]\.?[Mm]\.?)?\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
_MONTH = (  # in English, German, French, Spanish, Italian
    r"(?:jan|ene|gen|feb|f[eé]v|m[aä]r|apr|abr|avr|ma[yijg]|jun|jui|giu|jul|lug|aug|ago|ao[uû]|sep|set|o[ck]t|ott|nov|d[eé][cz]|dic)"
    r"[^\W\d_]{0,7}\.?"
)
_DAY = (
    r"\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{1,2}\.\d{1,2}\.|\d{4}[/-]\d{1,2}|\d{1,2}/\d{4}"
    rf"|\d{{1,2}}(?:\.|st|nd|rd|th)?[ -]{_MONTH},?[ -](?:\d{{4}}|\d{{2}})|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    rf"|\d{{4}}[ -]{_MONTH}[ -]\d{{1,2}}|{_MONTH}[ -](?:\d{{4}}|\d{{2}})"
)
_DATE = re.compile(rf"(?:[^\W\d_]{{2,10}}\.?,? )?(?:{_DAY})\.?(?:[T, ]+{_TIME})?|{_TIME}", re.IGNORECASE)
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)


def one_spelling(text: str) -> str:
    """The text without space around it, in the composed form: é typed is one letter, in a name of macOS it may be two."""
    stripped = text.strip()
    return stripped if stripped.isascii() else unicodedata.normalize("NFC", stripped)


def shortened(text: str, most: int) -> str:
    """The text for a place of so many letters."""
    return text if len(text) <= most else text[: most - 1] + "~"


def is_missing(cell: str) -> bool:
    """Whether the cell says that there is no value."""
    return len(cell) <= _LONGEST and cell.lower() in _MISSING


def as_number(cell: str, decimal: str = ".") -> float | None:
    """The cell as a number, or None; `inf`, `1_000` and, with a decimal point, `1,5` are none, whatever Python says."""
    if decimal == ",":
        found = _COMMA.fullmatch(cell)
        if found is None:
            return None
        cell = cell.replace(found["mark"] or ".", "").replace(",", ".")
    elif not _NUMBER.fullmatch(cell):
        return None
    value = float(cell)
    return value if abs(value) <= _LARGEST else None


def is_numeric(cells: Sequence[str]) -> bool:
    """Whether a column is one of numbers: more than half of its cells are meant as such, in any spelling, dates too."""
    if 2 * sum(map(bool, map(_NUMBER.fullmatch, cells))) > len(cells):
        return True
    counts = Counter(cells)
    return 2 * sum(n for cell, n in counts.items() if _meant(cell)) > len(cells)


def _meant(cell: str) -> bool:
    return (_NUMBER.fullmatch(cell) or _OTHER.fullmatch(cell) or _DATE.fullmatch(cell)) is not None


def advice(cell: str, decimal: str = ".") -> str | None:
    """What is wrong with a cell that is meant as a number, and what to write; None when it's no number at all."""
    if (_COMMA if decimal == "," else _NUMBER).fullmatch(cell):
        return "is too large"
    if _DATE.fullmatch(cell):
        what = "time" if re.fullmatch(_TIME, cell) else "date"
        return f"is not a number but a {what}: write a column each for the year, the month, or what else matters"
    found = _OTHER.fullmatch(cell)
    if found is None:
        return None
    signs = found["before"] + found["mark"] + found["after"]
    bare = found["number"].replace(found["mark"], "")
    number = _repaired(bare)
    if decimal == ",":
        number = bare if as_number(bare, decimal) is not None else number and number.replace(".", ",")
        what = "the number alone" if signs else "a decimal comma (--decimal ,), and points between thousands alone"
        return f"is not a number: write {what}" + (f": {number}" if number else "")
    if _AMBIGUOUS.fullmatch(bare) and not signs:
        plain = bare.replace(",", "")
        return f"is not a number: write {plain} if the comma stands between thousands; if it's a decimal comma: --decimal ,"
    what = "the number alone" if signs else "a decimal point, and nothing between thousands"
    option = " (or give --decimal ,)" if as_number(cell, ",") is not None else ""
    return f"is not a number: write {what}{option}" + (f": {number}" if number else "")


def _repaired(number: str) -> str | None:
    """The number as it should be written, or None when it can be read in two ways (1,234)."""
    digits = "".join(str(unicodedata.decimal(c, c)) for c in number)
    for minus in _MINUS[2:]:
        digits = digits.replace(minus, "-")
    signs = [c for c in digits if c in _BETWEEN]
    if "e" in digits.lower() or _AMBIGUOUS.fullmatch(digits):
        return None
    mark = signs[-1] if signs and signs[-1] in ".," and signs.count(signs[-1]) == 1 else ""
    whole, _, rest = digits.rpartition(mark) if mark else (digits, "", "")
    whole = re.sub(f"[{_BETWEEN}]", "", whole)
    plain = f"{whole or '0'}.{rest}" if rest else whole
    return plain if _NUMBER.fullmatch(plain) else None


def thousands(cells: Sequence[str], foreign: bool) -> tuple[str, str | None] | None:
    """A cell 1.234 of a column in which it seems to be 1234, and one that is a sign of it, or None.

    Every point has three digits behind it and other numbers (987) have none: decimals would have one or two here and there.
    In a `foreign` table, whose semicolons hint at a decimal comma, no other number is needed.
    """
    if any("." in cell and not _THOUSANDS.fullmatch(cell) and not is_missing(cell) for cell in cells):
        return None
    known = {cell for cell in cells if not is_missing(cell)}
    pointed = sorted(cell for cell in known if "." in cell)
    bare = sorted(known.difference(pointed))
    if not pointed or not all(re.fullmatch(r"[+-]?\d{1,3}", cell) for cell in bare):
        return None
    hundreds = [cell for cell in bare if len(cell.lstrip("+-")) == 3]
    if hundreds:
        return pointed[0], hundreds[0]
    return (pointed[0], None) if foreign else None
