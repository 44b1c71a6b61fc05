"""One spelling for every way to type a text, pinyin, and how people shorten the names of divisions."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

MAX_TEXT = 200
"""Characters of a typed text that are looked at; no address is longer."""
MAX_NAME = 120
"""Characters of a place's name that are kept: with the divisions around it, it can still be typed."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})
HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
RUNS = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]+|[a-z0-9]+")
_ONLY_HAN = re.compile("[\u4e00-\u9fff]+")
_RADICALS = str.maketrans(
    "⺁⺄⺈⺌⺍⺗⺝⺟⺠⺩⺬⺮⺯⺳⺶⺷⺺⺻⻁⻄⻅⻆⻉⻋⻑⻒⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰⻳",
    "厂乙刀小小心月母民王示竹糸网羊羊聿聿虎西见角贝车長镸长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙龟",
)
"""Radicals that a PDF gives for characters (⻄安): NFKC leaves these. Unicode's EquivalentUnifiedIdeograph.txt."""
_RADICAL_SIGNS = frozenset(map(chr, _RADICALS))
_ACCENTED = re.compile("[\u00c0-\u024f]")
_DASHES = re.compile("[\u2010-\u2015\u2212\u3161_~～]")
_LOOSE_DASH = re.compile("[-/](?![0-9a-z])")
_SIGNS = re.compile(r"[^\w\-/]+", re.UNICODE)
_COMMAS = re.compile("[,;，。、；|]+")


@cache
def simplified() -> dict[int, str]:
    """Return the table from traditional to simplified characters (OpenCC's, one character to one)."""
    from importlib.util import find_spec

    spec = find_spec("opencc")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / "dictionary" / "TSCharacters.txt"
    pairs = (line.split("\t") for line in path.read_text("utf-8").splitlines() if "\t" in line)
    table = {ord(old): new.split(" ")[0] for old, new in pairs if len(old) == 1}
    return {old: new for old, new in table.items() if len(new) == 1}


@cache
def _traditional() -> frozenset[str]:
    return frozenset(map(chr, simplified()))


def simplify(text: str) -> str:
    """Return a text in simplified characters."""
    return text if _traditional().isdisjoint(text) else text.translate(simplified())


def fold(text: str) -> str:
    """Return a text in half width, simplified, lower case and without accents; signs are kept."""
    text = unicodedata.normalize("NFKC", text)
    if not text.isascii():
        if not _RADICAL_SIGNS.isdisjoint(text):
            text = text.translate(_RADICALS)
        text = simplify(text)
        if not HAN.search(text) or _ACCENTED.search(text):
            plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
            text = unicodedata.normalize("NFC", plain)  # Hangul, which came apart
    return _DASHES.sub("-", text.casefold())


def normalise(text: str) -> str:
    """Return what is compared: folded, every sign but ``-`` and ``/`` a single space, at most 200 characters.

    Anything may be passed; what is no text at all (signs, emoji, control characters) comes back empty.
    """
    text = _LOOSE_DASH.sub(" ", _SIGNS.sub(" ", fold(text[:MAX_TEXT])))
    return " ".join(text.replace("_", " ").split())[:MAX_TEXT].rstrip()


@lru_cache(32768)
def to_key(text: str) -> str:
    """Return a name as it is stored for exact comparison: normalised, without spaces between Han."""
    if len(text) <= MAX_TEXT and _ONLY_HAN.fullmatch(text):
        return simplify(text)
    text = normalise(text)
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", text)


def clean_name(text: str) -> str:
    """Return a name of another's data as it is shown: one line, nothing unseen, as long as a text may be.

    Control characters, and those that turn the direction of everything after them (U+202E), are taken out: a
    terminal or a sentence would obey them. What a name means to a template, a browser or a spreadsheet is kept:
    those who write it there escape it.
    """
    if not text.isprintable():
        text = "".join(c for c in " ".join(text.split()) if unicodedata.category(c) not in _UNSEEN)
    return text.strip()[:MAX_NAME].rstrip()


def split_parts(text: str) -> list[str]:
    """Return the parts of a text between its commas, each normalised; empty ones dropped."""
    parts = (normalise(part) for part in _COMMAS.split(fold(text[:MAX_TEXT])))
    return [part for part in parts if part]


def runs(text: str) -> list[str]:
    """Return the runs of Han and of Latin letters or digits in a normalised text."""
    return RUNS.findall(text)


def to_bigrams(text: str) -> str:
    """Return the index terms of a normalised text: pairs of Han and each run's last one, Latin words whole."""
    if _ONLY_HAN.fullmatch(text):
        return " ".join([text[i : i + 2] for i in range(len(text))])
    terms: list[str] = []
    for run in runs(text):
        if HAN.match(run):
            terms += [run[i : i + 2] for i in range(len(run))]
        else:
            terms.append(run)
    return " ".join(terms)


PEOPLES = (
    "蒙古", "回", "藏", "维吾尔", "苗", "彝", "壮", "布依", "朝鲜", "满", "侗",
    "瑶", "白", "土家", "哈尼", "哈萨克", "傣", "黎", "傈僳", "佤", "畲", "高山",
    "拉祜", "水", "东乡", "纳西", "景颇", "柯尔克孜", "土", "达斡尔", "仫佬", "羌", "布朗",
    "撒拉", "毛南", "仡佬", "锡伯", "阿昌", "普米", "塔吉克", "怒", "乌孜别克", "俄罗斯", "鄂温克",
    "德昂", "保安", "裕固", "京", "塔塔尔", "独龙", "鄂伦春", "赫哲", "门巴", "珞巴", "基诺",
)  # fmt: skip
"""The recognised peoples whose names autonomous divisions carry; the Han are the 56th."""
_PEOPLE = "|".join(sorted((f"{p}族" for p in (*PEOPLES, "各")), key=len, reverse=True))
_BARE_PEOPLE = "|".join(("蒙古", "哈萨克", "柯尔克孜", "塔吉克", "锡伯", "达斡尔", "东乡", "维吾尔"))
_AUTONOMOUS = re.compile(f"(?P<base>.+?)(?:(?:{_PEOPLE})+|(?:{_BARE_PEOPLE}))?自治(?P<kind>区|州|县|旗)$")
_PEOPLES_TOWN = re.compile(f"(?P<base>.+?)(?:{_PEOPLE})+(?P<kind>乡|镇)$")
_SUFFIX = re.compile("(?:特别行政区|新区|街道办事处|街道|地区|林区|矿区|省|市|盟|区|县|旗|镇|乡|苏木)$")
_ZONE = re.compile(
    "(?:综合实验区|经济技术开发区|高新技术产业开发区|高技术产业开发区|高新技术开发区|经济开发区|城乡一体化示范区|"
    "行政委员会|管理区管委会|管理区|风景名胜区|示范区|开发区)$"
)
TOWNSHIP_SUFFIXES = ("街道办事处", "街道办", "街道", "地区", "镇", "乡", "苏木")


def short_name(name: str) -> str:
    """Return a division's name without what kind it is: 延边朝鲜族自治州 -> 延边, 盘县 -> 盘县.

    A name whose rest would be one character keeps its last one (盘县, 矿区, 东区).
    """
    match = _AUTONOMOUS.match(name) or _PEOPLES_TOWN.match(name)
    base = match["base"].removesuffix("族") if match else _SUFFIX.sub("", name)
    if match and len(base) < 2:
        base = name.partition("自治")[0]
    return base if len(base) > 1 else name


def short_names(name: str, level: str) -> tuple[str, ...]:
    """Return every shorter way to write a division's name, longest first; without the name itself.

    Parameters
    ----------
    name
        The full name, 鄂温克族自治旗.
    level
        ``province``, ``city``, ``district``, ``zone`` or ``township``.
    """
    found: list[str] = []
    match = _AUTONOMOUS.match(name) or _PEOPLES_TOWN.match(name)
    if level == "zone":
        base = _ZONE.sub("", name)
        found += [base + "高新区"] if "高新" in name or "高技术" in name else []
        found += [base + "经开区", base + "开发区"] if "经济" in name and name.endswith("开发区") else []
        return tuple(n for n in found if n != name and base and len(base) > 1)
    base = short_name(name)
    if match:
        found += [f"{base}自治{match['kind']}"] if "自治" in name and match["kind"] != "区" else []
        found += [base + match["kind"]] if match["kind"] in {"州", "县", "旗", "乡", "镇"} else []
    if level == "township" and name.endswith("街道"):
        found.append(name + "办事处")
    found.append(base)
    return tuple(n for n in dict.fromkeys(found) if n != name and len(n) > 1)


_TONES = {ord(mark): None for mark in "\u0300\u0301\u0304\u030c"}
_NO_SYLLABLES = frozenset(["m", "n", "ng", "hm", "hng", "r", "ê", "b", "p", "f", "t", "c", "g", "h", "w", "y"])
ENGLISH_WORDS = frozenset(
    {
        "district", "city", "province", "county", "town", "township", "subdistrict", "road", "rd",
        "street", "st", "avenue", "ave", "lane", "alley", "dist", "china", "prefecture",
        "autonomous", "region", "municipality", "no", "number", "the", "of", "prc",
    }
)  # fmt: skip
"""Words of an English address that name a kind, not a place."""
_PLACE_WORDS = {
    "朝阳": "chao yang", "漯河": "luo he", "民乐县": "min le xian", "繁峙": "fan shi", "单县": "shan xian",
    "筠连": "jun lian", "六合区": "lu he qu", "什邡": "shi fang", "万柏林": "wan bai lin", "宕昌": "tan chang",
    "闵行": "min hang", "太行": "tai hang", "泊头": "bo tou", "穆棱": "mu ling", "珲春": "hun chun",
    "洪洞": "hong tong", "大城县": "dai cheng xian", "浚县": "xun xian", "荥经": "ying jing", "乐陵": "lao ling",
    "会稽": "kuai ji", "支行": "zhi hang", "分行": "fen hang", "商行": "shang hang", "街道": "jie dao",
    "木栅": "mu zha", "雨露": "yu lu",
}  # fmt: skip
"""Words that read otherwise in place names than pypinyin has them."""
_PLACE_READINGS = {"长": "chang", "都": "du", "曾": "zeng"}
"""Characters that mostly read so in place names (长治, 花都, 曾都), and otherwise in other words."""


_CHAIN = re.compile(
    "(?P<province>[^省市区县旗]{2,8}(?:省|自治区))?(?P<city>[^市区县旗]{2,8}(?:市|自治州|地区|盟))?"
    "(?P<district>[\u4e00-\u9fff]{1,11}?[区县旗市])?(?P<township>[\u4e00-\u9fff]{1,8}?(?:街道|镇|乡))?"
)
_NO_NAME = re.compile("[全本各外市城郊辖园片景小社厂校]区$|^各|^[全本外][省市县旗镇乡]$|^(?:城市|乡镇|街道|区县|县区)$")
"""Words that end as names of divisions do: 全市, 城区, 居民小区."""


def read_division_names(text: str) -> dict[str, str]:
    """Return the divisions that a text names in full and one in the other, by level; none where it says more.

    Examples
    --------
    >>> read_division_names("山东省济南市历下区")
    {'province': '山东省', 'city': '济南市', 'district': '历下区'}
    >>> read_division_names("历下区社保中心")
    {}
    """
    match = _CHAIN.fullmatch(simplify(text)) if 1 < len(text) <= 30 else None
    if match is None or any(name and _NO_NAME.search(name) for name in match.groups()):
        return {}
    return {level: text[slice(*match.span(level))] for level, name in match.groupdict().items() if name}


class Split(NamedTuple):
    """Syllables of a run of letters; ``open`` when the last may be cut short."""

    syllables: tuple[str, ...]
    open: bool


def _plain(reading: str) -> str:
    """Return a reading without its tone: lǜ -> lv."""
    marked = unicodedata.normalize("NFD", reading)
    return marked.translate(_TONES).replace("u\u0308", "v").replace("e\u0302", "ê")


@cache
def syllables() -> frozenset[str]:
    """Return every syllable of Mandarin without tones, ü as v."""
    from pypinyin.constants import PINYIN_DICT

    readings = {reading for line in set(PINYIN_DICT.values()) for reading in line.split(",")}
    found = {_plain(reading) for reading in readings}
    return frozenset(s for s in found - _NO_SYLLABLES if re.fullmatch("[a-z]+", s))


@cache
def _prefixes() -> frozenset[str]:
    return frozenset(s[:i] for s in syllables() for i in range(1, len(s) + 1))


@lru_cache(32768)
def _usual_reading(character: str) -> str | None:
    """Return the usual reading of a character."""
    from pypinyin.constants import PINYIN_DICT

    found = _PLACE_READINGS.get(character)
    line = PINYIN_DICT.get(ord(character)) if found is None else None
    return _plain_again(line.partition(",")[0]) if line else found


_plain_again = lru_cache(4096)(_plain)


@lru_cache(32768)
def _read_word(word: str) -> tuple[str, ...] | None:
    """Return the syllables of a word in which some character is read otherwise (重庆, 长子, 大厦), None for others."""
    from pypinyin.constants import PHRASES_DICT

    if word in _PLACE_WORDS:
        return tuple(_PLACE_WORDS[word].split(" "))
    found = tuple(_plain_again(choices[0]) for choices in PHRASES_DICT.get(word, ()))
    other = len(found) == len(word) and any(_usual_reading(c) != s for c, s in zip(word, found, strict=True))
    return found if other else None


@cache
def _phrase_heads() -> dict[str, int]:
    """Return the longest word that is tried, by its first two characters."""
    from pypinyin.constants import PHRASES_DICT

    heads: dict[str, int] = {}
    for phrase in (*PHRASES_DICT, *_PLACE_WORDS):
        heads[phrase[:2]] = max(heads.get(phrase[:2], 0), min(len(phrase), 6))
    return heads


def spell(name: str) -> list[str]:
    """Return the syllables of a normalised name; Latin words and digits stay as they are."""
    out: list[str] = []
    for run in re.findall("[〇\u3400-\u9fff]+|[a-z0-9]+", name):
        if run.isascii():
            out.append(run)
        else:
            out += _spell_run(run)
    return out


def _spell_run(run: str) -> list[str]:
    heads = _phrase_heads()
    out: list[str] = []
    i = 0
    while i < len(run):
        for size in range(min(heads.get(run[i : i + 2], 0), len(run) - i), 1, -1):
            syllables_of = _read_word(run[i : i + size])
            if syllables_of is not None:
                out += syllables_of
                i += size
                break
        else:
            if (usual := _usual_reading(run[i])) is not None:
                out.append(usual)
            i += 1
    return out


@lru_cache(8192)
def split_pinyin(letters: str) -> Split | None:
    """Return the syllables of a run of letters, fewest first; None when it is no pinyin.

    ``lianh`` is ``lian`` and an open ``h``; initials such as ``sz`` are no pinyin.
    """
    known, n = syllables(), len(letters)
    best: list[tuple[str, ...] | None] = [None] * (n + 1)
    best[0] = ()
    for i in range(n):
        so_far = best[i]
        if so_far is None:
            continue
        for size in range(6, 0, -1):
            part = letters[i : i + size]
            if i + size <= n and part in known:
                longer = (*so_far, part)
                old = best[i + size]
                if old is None or len(longer) < len(old):
                    best[i + size] = longer
    whole = best[n]
    if whole:
        return Split(whole, open=False)
    for i in range(n - 1, -1, -1):
        head = best[i]
        if head and letters[i:] in _prefixes():
            return Split((*head, letters[i:]), open=True)
    return None


def warm() -> None:
    """Load the tables now, so that the first keystroke does not wait."""
    syllables()
    _prefixes()
    spell("重庆")


_INITIALS = re.compile("(?:zh|ch|sh|[a-z])")


class Letters(NamedTuple):
    """How a run of letters may be meant."""

    spelt: tuple[str, ...] | None
    """Syllables, the last perhaps cut short; None when it is no pinyin throughout."""
    initials: str
    """First letters, when each syllable may be written out or cut to its initial; or empty."""
    whole: tuple[str, ...]
    """The syllables of it that are written out."""


def read_letters(letters: str) -> Letters:
    """Return how a run of letters may be meant: lianhualu, lhl, lianhl, szft."""
    split = split_pinyin(letters)
    if split is not None:
        return Letters(split.syllables, letters if len(letters) <= 6 else "", ())
    initials, whole, i = "", [], 0
    while i < len(letters) and len(initials) < 12:
        size = next((n for n in range(6, 1, -1) if letters[i : i + n] in syllables()), 0)
        if size:
            whole.append(letters[i : i + size])
        else:
            match = _INITIALS.match(letters, i)
            size = match.end() - i if match else 1
        initials += letters[i]
        i += size
    return Letters(None, initials, tuple(whole))
