"""AMap's faults, which come with status 200: the same for its geocoder, its places and its routes."""

from __future__ import annotations

from collections.abc import Mapping

from locator.errors import ServiceError, ServiceRateLimited, ServiceRefused, ServiceReplyError

URL = "https://restapi.amap.com"
PACE_S = 0.35
"""Three requests a second is what a key of one's own gets; less is asked."""
REFUSED = frozenset({
    "10001", "10002", "10003", "10005", "10006", "10007", "10008", "10009", "10010", "10011", "10012", "10013",
    "10026", "10041", "10044", "10045",
})  # fmt: skip
"""Infocodes (错误码说明) of a key that is wrong, not allowed this, or has used up its quota: the operator must act."""
TOO_MANY = frozenset({"10004", "10014", "10015", "10019", "10020", "10021", "10029"})
WRONG_QUESTION = frozenset({"20000", "20001", "20002", "20003", "20011", "20012"})
NOTHING = frozenset({"30001", "20800", "20801", "20802", "20803"})
"""Infocodes that only say: found nothing."""


def is_good(content: object) -> bool:
    """Tell whether a reply is an answer; nothing else may be kept."""
    return isinstance(content, Mapping) and str(content.get("status")) == "1"


def check_reply(content: object) -> Mapping[str, object]:
    """Return the reply of any of AMap's services, or raise what its infocode means.

    Raises
    ------
    ServiceRefused, ServiceRateLimited, ServiceReplyError, ServiceError
    """
    if not isinstance(content, Mapping) or "status" not in content:
        raise ServiceReplyError("amap answered in a form it does not document", code="service_reply", service="amap")
    code = str(content.get("infocode"))
    if str(content["status"]) == "1" or code in NOTHING:
        return content
    message = f"amap answered infocode {code if code.isdigit() else '?'}"
    if code in REFUSED:
        raise ServiceRefused(message, code="service_refused", service="amap")
    if code in TOO_MANY:
        raise ServiceRateLimited(message)
    if code in WRONG_QUESTION:
        raise ServiceReplyError(message, code="service_reply", service="amap")
    raise ServiceError(message, code="service_unavailable", service="amap")
