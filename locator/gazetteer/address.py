"""The grammar of what follows the divisions in a Chinese address: street, number, lane, village, the rest."""

from __future__ import annotations

import re
from typing import NamedTuple

from locator.gazetteer.text import fold

LEVEL_WORDS = {
    "province": ("province",), "city": ("city", "prefecture"), "district": ("district", "county", "city", "dist"),
    "township": ("town", "township", "subdistrict"),
}  # fmt: skip
"""The English words that say of which level a division is."""
PINYIN_WORDS = {
    "road": "lu", "rd": "lu", "street": "jie", "st": "jie", "avenue": "dadao", "ave": "dadao", "boulevard": "dadao",
    "blvd": "dadao", "lane": "xiang", "alley": "xiang", "east": "dong", "west": "xi", "south": "nan", "north": "bei",
    "middle": "zhong", "central": "zhong",
}  # fmt: skip
"""The pinyin of the English words of streets."""
_DIGITS = "零〇一二三四五六七八九十百"
_ROAD = (
    "(?:大道|大街|公路|高速|胡同|马路|国道|省道|县道|环路|环线|路|街|巷|道|弄堂|里弄|线)"
    f"(?:[东西南北中](?:[{_DIGITS}]?(?:段|路|街|巷|里)|(?=\\s*(?:\\d|[甲乙丙丁附]|$)))|[{_DIGITS}]+(?:段|支路|支巷|路|街|巷|里|弄|横街)|\\d+(?:路|街|巷))?"
)
_PLACE_OF_NUMBERS = "(?:里|村|园|苑|坊|庄|屯|营|湾|桥|浜|宅|家|岗|洞|沟|口|厂|院|小区|新村)"
_NUMBER = "(?:[甲乙丙丁附]?\\d+[a-z]?(?:(?:[-/]|之)\\d+)*[a-z]?)"
_NOT_A_NUMBER = "(?!\\d|\\s*(?:号楼|路|街|道|巷|线|环|期|栋|幢|座|单元|层|楼|室|组|社|队|村|区|米|公里|站|门|元))"
_WITH_NUMBER = re.compile(
    f"^(?P<street>.*?{_ROAD})\\s*(?P<number>{_NUMBER}){_NOT_A_NUMBER}"
    "\\s*(?P<unit>号院|号(?P<sub>-\\d+)?|弄|巷|#)?(?P<tail>.*)$"
)
_WITH_HAN_NUMBER = re.compile(
    f"^(?P<street>.*?{_ROAD})(?P<number>[{_DIGITS}]+)(?P<unit>号院|号(?P<sub>-\\d+)?|弄)(?P<tail>.*)$"
)
_PLACE_WITH_NUMBER = re.compile(
    f"^(?P<street>[^\\d]*?{_PLACE_OF_NUMBERS})\\s*(?P<number>{_NUMBER}){_NOT_A_NUMBER}\\s*(?P<unit>号院|号(?P<sub>-\\d+)?|弄)(?P<tail>.*)$"
)
_NAME_WITH_NUMBER = re.compile(
    f"^(?P<street>[\u4e00-\u9fff]{{2,10}}(?<![组队社]))\\s*(?P<number>{_NUMBER})\\s*(?P<unit>号)(?!楼)(?P<sub>-\\d+)?(?P<tail>.*)$"
)
_BLOCK = re.compile("^(?P<street>[\u4e00-\u9fff]{1,8}里)\\s*(?P<number>\\d{1,3}[栋幢])(?P<tail>.*)$")
"""In a lane of blocks (里) the block is the number."""
_VILLAGE = re.compile(
    f"^(?P<village>[^\\d\\s]{{1,8}}?(?:村|屯|庄|社区))(?P<group>(?:\\d+|[{_DIGITS}]+)(?:组|队|社))?(?P<tail>.*)$"
)
_STREET_ONLY = re.compile(f"^(?P<street>.*{_ROAD})(?P<tail>.*?)$")
_STREETS_END = re.compile("^[\u4e00-\u9fff]{1,3}街口(?!$)")
"""新街口地铁站: a place that is called after a street's end is no street."""
_HOUSE_IN_LANE = re.compile(f"^(?P<number>{_NUMBER})\\s*号(?P<tail>.*)$")
_ROOM = re.compile(
    f"(?:[a-z0-9{_DIGITS}]+(?:号楼|栋|幢|座|单元|门|层|楼|室|房|户|铺|#)|\\d+期|[a-z]?\\d{{2,5}}[a-z]?(?:-\\d+)*)"
)
_BESIDE = re.compile("(?:附近|对面|旁边?|隔壁|斜对面|楼上|楼下|门口|院内|内|后面|前面|路口|东侧|西侧|南侧|北侧)$")

_BEFORE_STREET = re.compile(f"^.*(?:社区|街道|新村|小区|工业区|科技园)(?=[^\\d].*{_ROAD}$)")


_LABELS = (
    "(?:(?:收货|收件|寄件|发货|联系|通讯|通信|邮寄|详细|家庭|居住|现居住?|现住|户籍|户口|单位|公司|办公|注册|经营|常住|登记)*"
    "(?:地址|住址|住所|所在地区?|地点|位置)|(?:现|现在)?居住地|户籍地|常住地|(?i:ADD|ADDR|address))(?:是|为|在|\\s*[:：]|\\s)\\s*"
)
_INTRODUCTIONS = (
    "(?:请问一?下?|你好|您好|我?想(?:问|知道|查|咨询)(?:一下)?|我要去|我想去|想去|要去|我现在|我们?家?(?:现在|目前)?(?:是)?(?:住|居住|坐落|位于)?(?:在|于)|"
    "(?:我|本人)?(?:家|现|目前|现在)?(?:居住|住|坐落)(?:在|于)|我家|家住|现住|本人住|人在|位于|坐落于)\\s*[:：]?\\s*"
)
_STATE = "(?:中华人民共和国|中国(?=[一-鿿]{2,}(?:省|市|区|县|自治)))"
_ONCE = "原(?![平阳州])(?=[一-鿿]{2,4}?[区县市])"
"""A division as it was called once; 原平, 原阳 and 原州 begin so themselves."""
_CORPS = "(?:新疆)?(?:生产建设|建设)?(?:兵团)?第?(?:[一二三四五六七八九十]{1,2}|\\d{1,2})师(?=[一-鿿]{3,4}市)"
"""The division of the Production and Construction Corps before its city: 第八师石河子市."""
_ZIP = "(?:(?:邮政编码|邮编)\\s*[:：]?\\s*)?"
_POSTCODE = f"{_ZIP}\\d{{6}}(?=[^\\d号弄栋]|$)[\\s)]*"
_POSTCODE_BEHIND = re.compile(f"(?:(?<=[^\\d号第#-])|[\\s,;(]+){_ZIP}(?<!\\d)\\d{{6}}\\s*\\)?\\s*$")
_PASTED = re.compile(f"^\\s*(?:{_LABELS}|{_INTRODUCTIONS}|{_STATE}|{_ONCE}|{_CORPS}|{_POSTCODE})(?=.)")
_TELEPHONE = re.compile(
    "(?:电话|手机|联系方式|(?<![a-zA-Z])(?i:tel|phone|ph|t))?\\s*+[:：]?\\s*+(?<!\\d)1[3-9]\\d{9}(?!\\d)"
)
_VAGUE_TAIL = re.compile("(?:的?(?:附近|周边|周围|旁边|边上|一带|这边|那边|这里|那里|这块|那块))+[。.!！?？]*\\s*$")
_ASKED = re.compile(
    "(?:在|去|到|应该)?(?:怎么|如何|哪里|哪儿|哪个|什么地方|哪)(?:可以|能|才能|去|在|地方)*(?:办理?|补办?|领取?|换|查|激活|交|做|申请)?"
    "(?:理|卡)?(?:社会保障卡|社保卡|医保卡?|社保|卡)?[?？。!！]*\\s*$"
)
"""The question behind an address: 怎么办社保卡, 在哪里办."""
_CROSSING = re.compile(
    f"(?P<one>[^\\d\\s]{{1,12}}?{_ROAD})\\s*(?:与|和|跟|及|同|[、&/+x×-])?\\s*(?P<other>[^\\d\\s]{{1,12}}?{_ROAD})"
    "\\s*(?:的)?(?:十字|丁字|交叉|交汇|交界|相交|交)?(?:路口|口|处|点)"
)
_STREET_WORD = "大道|大街|马路|公路|高速|胡同|环路|环线|支路|国道|省道|路|街|巷|弄|道(?!外|里|真|孚|县|区|口)"
_COMPASS = "(?!五一|五四|八一|六一|七一)(?:东|西|南|北|中|内|外|新|老|环|一|二|三|四|五|六|七|八|九|十|\\d)*"
A_STREET = re.compile(f"(?:{_COMPASS}|[一-鿿](?![巷弄胡]))(?:{_STREET_WORD})(?!口岸|(?<=街)口.|(?<=[一-鿿]街)口)")
"""What makes a short name the first half of a street: 上海路, 南京西路, 东莞庄路; 太原柳巷 and 南京新街口 are there."""
CITIZENS = re.compile("民(?:中心|服务|广场|公园|之家|活动|文化|学校|体育)|场(?![东西南北中]?[路街巷])")
"""What makes 市 behind a city's name the beginning of the next word: 深圳市民中心, 朝阳市场."""
A_LANDMARK = re.compile(
    "(?:大学|学院|公园|医院|陵|广场|纪念|银行|大厦|酒店|小学|中学|花园|新村|社区|村|桥|站|机场|码头|里|苑|坊|门|家园|"
    "小区|山庄|豪庭|市场|商场|商城|工业|科技|大酒店|宾馆)"
)
A_FEATURE = re.compile(
    "(?:东|西|南|北|中|上|下|大|小|新|老|第?[一二三四五六七八九十])*"
    "(?:关|口|山|岭|峰|湖|河|江|海|港|岛|湾|洲|滩|岗|坡|水库|隧道|立交|高架|收费站|检查站|地铁|车站|高铁|客运|天桥|"
    "广场|公寓|宿舍|医院|诊所|幼儿园|中心|大楼|会所|城|府|居|阁|庭|轩|园|苑|村|屋|围|庙|寺|塔|楼)"
)
"""What makes a short township name the first half of something else's name: 梅林关, 西乡河."""


ORGANISATION = re.compile(
    "[\u4e00-\u9fff]{0,6}?(?:大学|学院|医院|医学中心|医科|中学|附属|银行|集团|公司|研究院|研究所|分校|校区)"
)
NAME_GOES_ON = re.compile("(?:桥(?![东西南北中])|路|街|道(?!外|里)|大道|人家|小面|拉面|烤鸭|烧鸡|菜|话|人(?!民)|村)")
"""What makes a city's short name the beginning of the name of something that is anywhere: 苏州桥, 重庆小面."""
ANYWHERE = re.compile(
    "(?:大?花园|花苑|花城|公寓|公馆|大厦|商厦|宾馆|大?饭店|大?酒店|小区|新村|新城|广场|家园|家苑|名苑|山庄|别墅|商城|商场|百货|超市"
    "|[\u4e00-\u9fff]{0,4}(?:面|粉|米线|包|大排档|馄饨|饺子|饼|烤鱼|火锅|火烧|烧烤|小吃|凉皮|豆腐|料理|[鸡鸭鹅肉饭粥糕丸])(?:店|馆|城|王|庄|铺)?"
    "|[\u4e00-\u9fff]{1,6}(?:店|铺|(?<!博物|图书|体育|美术|纪念|展览|科技|文化|档案|会展|规划|艺术|海洋|天文)馆))"
)
"""What follows a city's short name in names of houses and shops all over China: 长春花园, 上海宾馆, 柳州螺蛳粉店."""
AN_AIRPORT = re.compile("(?<!^)(?<!^国际)机场(?:[t\\d]{0,2}号?航站楼)?$")
OUTLYING = re.compile(f"大学.*(?:校区|分校|研究生?院|医院)$|医院.{{2,}}医院$|{AN_AIRPORT.pattern}")
"""What may lie in another city than the one whose name it bears: 西安咸阳国际机场, 厦门大学马来西亚分校."""
ITS_ZONE = re.compile("(?:国家级)?(?:高新|经开|开发|工业园|经济开发|经济技术开发|高新技术(?:产业)?开发)区")
"""A zone of a city, which also a district of it may have: 常州高新区 is not that of 武进区."""
NAMED_AFTER = re.compile(
    "(?:东|西|南|北|大|小|新|老|国际)?(?:湖|山|岭|峰|河|江|海|港|岛|湾|洲|滩|水库|大?桥|隧道|立交|码头|公园|广场|机场|火?车?站|大学|学院|风景)"
)
"""What makes a district's short name behind its city the first half of the name of something that may lie beside it."""
ITS_OWN = re.compile(
    "大学|学院|医院|机场|车?站|[新]?港|[一二三四五六七八九]?[中小]|公园|政府|[城市]区|[新老]城|新区|银行|码头"
)
"""What a city's short name begins that is the city's own: 深圳大学; but 桂林米粉, 大理石 are anywhere."""
_GENERIC = re.compile(
    "(?:[第一二三四五六七八九十]|人民|中心|儿童|妇幼|妇女|妇产|中医|中西医结合|口腔|肿瘤|胸科|眼科|传染病|精神病|精神卫生|骨科|实验|附属|机关"
    "|[市省区县州立]){0,8}(?:医院|保健院|卫生院|小学|中学|初级中学|高级中学|幼儿园)"
    "|[市省区县州]?(?:市民(?:中心|之家|服务中心)|(?:政务|行政|便民)服务中心|人民政府|政府|图书馆|博物馆|文化馆|美术馆|科技馆|体育馆|体育场|体育中心|法院|公安局|车站|火车站|汽车站|客运站|客运中心)"
)
_COMMON = re.compile(
    "(?:国际|新国际)?(?:会展中心|体育中心|市民中心|行政中心|人民广场|(?:人民|中央|劳动|儿童|滨江|湖滨|森林|湿地|体育|文化|中心)公园|动物园|植物园|奥体中心|大学城|步行街|文化宫|少年宫|科技园|火车东站|火车南站"
    "|火车西站|火车北站|汽车东站|汽车南站|汽车西站|汽车北站|(?:国际)?机场|(?:t?\\d号?)?航站楼|人民路|中山路|解放路)(?:地铁站|轻轨站|站)?"
    "|[\u4e00-\u9fff]{2,4}(?:超市|银行|药店|药房|加油站|便利店)"
    "|[市区县]?(?:社保|医保|社会保险|医疗保险|人社|政务服务|便民服务|行政服务|市民服务|人力资源)(?:服务)?(?:中心|局|大厅)"
)
_A_WORD = re.compile(
    "[东西南北][城湖山河郊关门站]|[江湖河海城][东西南北]|[钟鼓]楼|[古老新]城|新市|太平|平安|解放|红旗|前进|复兴|振兴|东风|光明|站前|港口|市中|龙泉|恒山|嵩山|华山|衡山|天山|昆仑|长江|黄河|珠江|太湖"
)
_A_VILLAGE = re.compile(
    f"[\u4e00-\u9fff]{{1,3}}[村屯](?:(?:\\d+|[{_DIGITS}]+)[组队社])?|[\u4e00-\u9fff]{{2,4}}村(?:\\d+|[{_DIGITS}]+)[组队社]"
)
_NATURE = re.compile("[\u4e00-\u9fff]{1,3}[湾湖海岛淀泊岭泉滩溪峡江河山]")
A_SITE = re.compile(
    "[\u4e00-\u9fff]{0,6}(?:校区|院区|[东西南北新老本分总]院|[东西南北新老]区|分院|校园|本部|总部|院本部)"
)
"""What the name of one of several places of a university or hospital adds to its own."""
_OTHER_STATION = re.compile("汽车|客运|长途|公交")
"""What makes a station no railway station: 杭州西站 is not 杭州汽车西站."""
_EXIT = re.compile("(?<=站)(?:的)?(?:[a-z]?\\d{0,2}[a-z]?|[一二三四五六七八九十东西南北]+)号?(?:进|出|出入|入)?口$")
_LINE = re.compile("(?:地铁|轨道交通|轻轨|城轨)(?:\\d{1,2}|[一二三四五六七八九十]+)号线(?=.{2,}站)")
_PART = re.compile("(?:第?[一二三四五六七八九十\\d]+)(?:[区期村街坊]|社区|小区)$")
_RAILWAY = re.compile("(?<=..)火车(?=[东西南北]站)")
_STATIONS = ("地铁站", "火车站", "高铁站", "轻轨站", "站")
_SCENIC = ("景区", "风景区", "风景名胜区", "旅游区", "博物馆")
_SHOPPING = re.compile("(?<=..[路街巷桥碑寺庙口])(?:步行街|商业街|商圈)$|(?<=..)(?<!红)十字(?:路?口)?$")


def is_generic(name: str) -> bool:
    """Tell whether a name says only what a thing is, as many a town has one: 人民医院, 第一中学, 图书馆."""
    return bool(_GENERIC.fullmatch(name))


def is_common(name: str) -> bool:
    """Tell whether a station or place is called after what many a large city has: 会展中心站, 人民广场地铁站."""
    return is_generic(name) or bool(_COMMON.fullmatch(name))


def is_a_word(name: str) -> bool:
    """Tell whether the short name of a district is a word that is said of any town: 城东, 西山, 钟楼."""
    return bool(_A_WORD.fullmatch(name))


def is_a_village(name: str) -> bool:
    """Tell whether a name is a village's, as many a county has one of that name: 李家沟村, 光明村二社."""
    return bool(_A_VILLAGE.fullmatch(name))


def is_nature(name: str) -> bool:
    """Tell whether a name is that of water or a mountain, after which houses are called: 三亚湾, 白洋淀."""
    return bool(_NATURE.fullmatch(name))


def is_kind_word(name: str) -> bool:
    """Tell whether a text only says what a thing is: 大学, 医院, 国际机场."""
    return bool(A_LANDMARK.fullmatch(name) or ANYWHERE.fullmatch(name)) or is_common(name)


def has_in_order(name: str, key: str) -> bool:
    """Tell whether a name is a text with something more inside, but no bus station for a railway's."""
    rest = iter(name)
    bus = key.endswith("站") and len(_OTHER_STATION.findall(name)) > len(_OTHER_STATION.findall(key))
    return len(key) * 2 >= len(name) and not bus and all(c in rest for c in key)


def is_street_name(key: str) -> bool:
    """Tell whether a name is a street's: 文三路, 体育西路; but 新街口, 人民广场 are none."""
    return len(key) > 2 and read_address(key).street == key


def other_forms(name: str) -> list[str]:
    """Return the other ways in which a name may be written: 深圳北站, 深圳北; 光谷广场, 光谷广场地铁站."""
    for ending in _STATIONS:
        base = name.removesuffix(ending)
        if base != name and len(base) > 1:
            railway = [_RAILWAY.sub("", name)] if _RAILWAY.search(name) else []  # 南京火车南站 is 南京南站
            return railway + [base + other for other in (*_STATIONS, "") if other != ending]
    return [name + ending for ending in _STATIONS[:2]] if len(name) > 2 else []


def scenic_forms(name: str) -> list[str]:
    """Return how the grounds of a sight may be called that is not known itself: 法门寺 -> 法门寺博物馆."""
    return [name + ending for ending in _SCENIC] if len(name) > 2 else []


def without_shopping(name: str) -> str:
    """Return a name without what says that people shop or streets cross there: 江汉路步行街 -> 江汉路, 小寨十字."""
    return _SHOPPING.sub("", name)


def without_exit(name: str) -> str:
    """Return a station's name without its exit and its line: 地铁1号线徐家汇站18号口 -> 徐家汇站."""
    return _LINE.sub("", _EXIT.sub("", name))


def without_tail(name: str) -> str:
    """Return a name without the part of it that is numbered: 天通苑北一区 -> 天通苑北."""
    shorter = _PART.sub("", name)
    return shorter if len(shorter) > 2 else name


class Crossing(NamedTuple):
    """Two streets that cross, and where in the text that is said."""

    one: str
    other: str
    start: int
    end: int


def read_crossing(text: str) -> Crossing | None:
    """Return the two streets of 天河路和体育东路交汇处; None where a text names no crossing."""
    match = _CROSSING.search(text)
    return Crossing(match["one"], match["other"], *match.span()) if match else None


def strip_pasted(text: str) -> str:
    """Return a text without what people paste or say around an address: 收货地址：, 我住在, a postcode, 附近.

    An address that stands twice in a row is kept once.

    Examples
    --------
    >>> strip_pasted("收货地址：518000 广东省深圳市福田区莲花路2006号")
    '广东省深圳市福田区莲花路2006号'
    >>> strip_pasted("我在北京市海淀区中关村南大街27号附近")
    '北京市海淀区中关村南大街27号'
    """
    if len(text) > 8 and len(text) - len(text.replace(" ", "")) == len(text) // 2:  # 江 苏 省 南 京 市
        text = text.replace(" ", "")
    for _ in range(4):
        shorter = _PASTED.sub("", text, count=1)
        if shorter == text:
            break
        text = shorter
    text = _TELEPHONE.sub(" ", text)
    text = _ASKED.sub("", text) or text
    text = _POSTCODE_BEHIND.sub("", text) or text
    text = _VAGUE_TAIL.sub("", text) or text
    return _once(text.strip())


def _once(text: str) -> str:
    """Return a text once that stands twice in a row, with or without a sign between."""
    for middle in range(max(4, len(text) // 2 - 1), len(text) // 2 + 2):
        first = text[:middle].strip(" ,;|/、，；")
        if len(first) > 3 and first == text[middle:].strip(" ,;|/、，；"):
            return first
    return text


class Address(NamedTuple):
    """The parts of what follows the divisions; empty texts where it says nothing of the kind."""

    street: str = ""
    number: str = ""
    """The house number in digits, ``2006``, ``53-3``, ``甲155``; in a lane, the house's."""
    lane: str = ""
    """The number of a lane (弄), which has houses of its own."""
    village: str = ""
    tail: str = ""
    """Building, unit, room, landmark: kept as text, never placed by itself."""
    name: str = ""
    """What may be the name of a place: the text without numbers of rooms and floors."""


def read_address(text: str) -> Address:
    """Split a normalised text without its divisions.

    Examples
    --------
    >>> read_address("莲花路2006号3栋501室")[:2]
    ('莲花路', '2006')
    >>> read_address("华山路2088弄3号")[:3]
    ('华山路', '3', '2088')
    """
    text = text.strip()
    match = _match_number(text)
    if match:
        number, unit, tail = match["number"], match["unit"] or "", match["tail"]
        number = str(from_han(number)) if number[0] in _DIGITS else number.replace("之", "-") + (match["sub"] or "")
        street = trim_street(match["street"].replace(" ", ""))
        house = _HOUSE_IN_LANE.match(tail) if unit == "弄" else None
        if unit == "弄":
            number_in_lane = house["number"] if house else ""
            return Address(street, number_in_lane, number, "", house["tail"] if house else tail, to_name(tail))
        return Address(street, number, "", "", tail.strip(), to_name(tail))
    block = _BLOCK.match(text)
    if block:
        return Address(block["street"], block["number"], "", "", block["tail"], to_name(block["street"]))
    village = _VILLAGE.match(text)
    if village and (village["group"] or not village["tail"]):
        return Address(village=village["village"], tail=village["tail"].strip(), name=to_name(text))
    street_only = None if _STREETS_END.search(text) else _STREET_ONLY.match(text)
    if street_only and not _BESIDE.sub("", street_only["tail"]).strip():
        return Address(street=trim_street(street_only["street"].replace(" ", "")), name=to_name(text))
    if street_only:
        street = trim_street(street_only["street"].replace(" ", ""))
        return Address(street=street, tail=street_only["tail"].strip(), name=to_name(text))
    return Address(village=village["village"] if village else "", name=to_name(text))


def _match_number(text: str) -> re.Match[str] | None:
    match = _WITH_NUMBER.match(text) or _WITH_HAN_NUMBER.match(text) or _PLACE_WITH_NUMBER.match(text)
    return match or (None if _STREET_ONLY.match(text) else _NAME_WITH_NUMBER.match(text))


def find_number(text: str) -> tuple[int, int, str] | None:
    """Return where the house number of an address stands, and the number in digits; None when it has none.

    Parameters
    ----------
    text
        As a person wrote it, without its divisions: also in traditional characters.

    Returns
    -------
    tuple
        The first character of the number, the first one after it and its unit (号, 弄), the number.
    """
    folded = fold(text)
    if len(folded) != len(text):
        return None  # a letter that folds into several: no address of China
    match = _match_number(folded)
    if match is None:
        return None
    number = match["number"]
    value = str(from_han(number)) if number[0] in _DIGITS else text[match.start("number") : match.end("number")]
    return match.start("number"), match.start("tail"), value


def to_name(text: str) -> str:
    """Return a text without room and floor numbers and without 附近, 对面 at its end."""
    text = _BESIDE.sub("", text.strip())
    shorter = _ROOM.sub(" ", text)
    parts = [part for part in shorter.split() if len(part) > 1]
    return max(parts, key=len) if parts else ""


def from_han(number: str) -> int:
    """Return the value of a number in Chinese numerals up to 999: 一百二十 -> 120, 三〇五 -> 305."""
    values = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0}
    if not any(c in number for c in "十百"):
        return int("".join(str(values[c]) for c in number))
    total, digit = 0, 0
    for c in number:
        if c in "十百":
            total += max(digit, 1) * (10 if c == "十" else 100)
            digit = 0
        else:
            digit = values[c]
    return total + digit


def split_number(number: str) -> tuple[int, str]:
    """Return the leading integer of a house number and what follows it: 53-3 -> (53, "-3"); 甲155 -> (155, "甲")."""
    match = re.match(r"^(?P<head>[^\d]*)(?P<value>\d{1,9})(?P<tail>.*)$", number)
    if not match:
        return 0, number
    return int(match["value"]), match["head"] + match["tail"]


def trim_street(street: str) -> str:
    """Return a street's name without the community or estate written before it: 东门社区深南东路 -> 深南东路."""
    return _BEFORE_STREET.sub("", street)
