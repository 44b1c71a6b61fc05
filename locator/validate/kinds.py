"""What sort of counter a source's word, or an office's own name, stands for.

The name patterns were checked on made and real names; sources for the words are in
``docs/DATA_FORMAT.md``. A bank is never told by its name: not every branch hands out cards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from locator.model import Kind

KIND_WORDS: Mapping[str, Kind] = {
    word: kind
    for kind, words in {
        Kind.HRSS_BUREAU: (
            "人社厅", "人社局", "人社分局", "人力资源和社会保障局", "人力资源社会保障局", "人力社保局",
            "管委会人社窗口",
            "hrss_bureau", "hrss_branch", "hrss bureau", "social security bureau",
        ),
        Kind.INSURANCE_AGENCY: (
            "社会保险经办机构", "社保经办机构", "社保经办大厅", "社保中心", "社保局", "社会保险事业局",
            "social_insurance_center", "social insurance agency", "social insurance center",
        ),
        Kind.MEDICAL_INSURANCE: (
            "医保局", "医疗保障局", "医保中心", "医保经办机构", "医疗保险经办机构", "医保分中心",
            "medical_insurance_bureau", "medical_insurance_center", "medical insurance center", "medical insurance",
        ),
        Kind.CARD_CENTER: (
            "社保卡服务中心", "社会保障卡服务中心", "市民卡中心", "社保卡管理中心", "制卡中心",
            "ssc_management_center", "ssc_service_point", "card center",
        ),
        Kind.GOVERNMENT_HALL: (
            "政务服务中心", "政务服务大厅", "政务中心", "行政服务中心", "行政服务大厅", "市民服务中心",
            "市民综合服务中心", "市民之家", "市民中心", "gov_service_center", "government service center",
            "government hall",
        ),
        Kind.COMMUNITY_CENTER: (
            "街道人社中心", "镇人社中心", "街道劳动保障所", "社区劳动保障站", "社区保险服务站", "社区事务受理服务中心",
            "便民服务中心", "党群服务中心", "劳动保障所", "劳动保障站", "社区中心",
            "community_affairs_center", "community_service_station", "subdistrict_service_center", "community center",
        ),
        Kind.BANK: ("银行", "银行网点", "社保卡网点", "合作银行", "即时制卡网点", "bank outlet"),
        Kind.OTHER: ("其他", "其它"),
    }.items()
    for word in words
}  # fmt: skip
"""A source's word for what a point is; the names of :class:`~locator.model.Kind` themselves go without saying."""

_NAMES: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (
            Kind.CARD_CENTER,
            r"社(?:会保障|保)卡(?:管理)?(?:服务)?(?:中心|分中心|网点|窗口|大厅|服务厅)"
            r"|市民卡.{0,4}(?:服务)?(?:中心|厅|大厅|网点)",
        ),
        (
            Kind.COMMUNITY_CENTER,
            r"社区事务受理(?:服务)?(?:中心|分中心)|党群服务中心|邻里(?:服务)?中心|便民(?:利民)?服务(?:中心|站|点)"
            r"|(?:街道|镇|乡|社区|村).{0,10}(?:便民|综合|公共|政务|社会保障|劳动保障|保险|人社|社保)?(?:服务|事务)(?:中心|站|所|大厅)"
            r"|(?:街道|镇|乡|社区|村)-?(?:人社|社保|劳动(?:和)?(?:社会)?保障)(?:工作)?(?:中心|所|站|服务中心|事务所|工作站)",
        ),
        (
            Kind.MEDICAL_INSURANCE,
            r"医疗保障(?:局|分局|事务|经办|服务|基金|中心)|医保(?:局|分局|中心|分中心|经办|事务|服务|大厅|办公区)"
            r"|医疗(?:保险|工伤生育保险)(?:基金|事业|事务|服务|经办)*(?:管理)?(?:服务)?(?:中心|局|处|所)",
        ),
        (
            Kind.GOVERNMENT_HALL,
            r"(?:政务|行政(?:审批)?|公共行政)(?:综合)?服务(?:和数据管理)?(?:办事)?(?:中心|大厅|厅|分中心|站)|政务大厅"
            r"|市民(?:综合)?服务中心|市民之家|市民中心|行政审批局?服务大厅|办事(?:服务)?大厅",
        ),
        (
            Kind.INSURANCE_AGENCY,
            r"社会保险(?:基金|事业|事务|经办|管理|服务|结算)*(?:局|分局|中心|分中心|处|所|站|大厅)"
            r"|社保(?:局|分局|中心|分中心|所|站|大厅|经办|事务所|服务)|社会保障(?:事务|服务)(?:中心|所|站)"
            r"|养老保险(?:管理)?(?:中心|局|处)|就业社会保障服务中心",
        ),
        (
            Kind.HRSS_BUREAU,
            r"人力资源(?:和|与)?社会保障(?:厅|局|分局|所|站|服务中心|事务所)|人社(?:厅|局|分局|所|分中心|中心)"
            r"|人力社保(?:局|所|服务中心)|人保局|劳动(?:和)?社?会?保障(?:局|所|站|事务所|服务中心)",
        ),
    )
)
_EXCLUDED = re.compile(
    r"有限(?:责任)?公司|股份|人寿|财产保险|平安保险|太平洋保险|药店|药房|医院|卫生院|卫生室|诊所|定点|代理|代缴|咨询公司"
    r"|劳务|招聘|餐|宾馆|酒店|停车|公交|地铁|宿舍|家属院|工地|幼儿园|仲裁|监察|人才市场|培训学校|福利院|养老院|敬老院|救助站"
)


@lru_cache(maxsize=1024)
def read_kind(word: str) -> Kind | None:
    """Return the kind that a source's word stands for, or None for a word nobody knows."""
    plain = word.strip()
    try:
        return Kind(plain.lower().replace("_", "-"))
    except ValueError:
        return KIND_WORDS.get(plain) or KIND_WORDS.get(plain.lower())


def kind_of_name(name: str) -> Kind | None:
    """Return the kind that an office's name tells, or None when it tells none or is excluded.

    Notes
    -----
    Shops, hospitals, insurers, bus stops and courts of arbitration carry the same words and are
    excluded; so is a name that only says where it stands ("社保局(公交站)").
    """
    if _EXCLUDED.search(name):
        return None
    for kind, pattern in _NAMES:
        if pattern.search(name):
            return kind
    return None
