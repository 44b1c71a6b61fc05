"""Which OpenStreetMap objects are offices of ours, and what their tags say in the layer's words."""

from __future__ import annotations

from collections.abc import Mapping

from locator.errors import InvalidInput
from locator.model import Kind
from locator.validate import kind_of_name

GOVERNMENT = ("social_security", "social_services", "social_welfare")
"""Values of ``government`` that mean a social insurance institution (or are used for one), whatever the name."""
NAMED: Mapping[str, tuple[str, ...]] = {
    "office": ("government", "administrative", "insurance", "association", "yes"),
    "amenity": ("townhall", "community_centre", "public_building", "social_facility"),
    "building": ("government", "public", "civic"),
}
"""Tags that make an office together with a name that tells its kind; banks are left out, no name tells theirs."""
LICENCE = "ODbL 1.0, © OpenStreetMap contributors"
_KINDS = {
    "social_security": Kind.INSURANCE_AGENCY,
    "social_services": Kind.INSURANCE_AGENCY,
    "social_welfare": Kind.OTHER,
}
_WHEELCHAIR = {"yes": "yes", "designated": "yes", "no": "no"}
"""``limited`` is neither: some can get in and some cannot."""
_COPIED = {
    "name_en": ("name:en",),
    "province": ("addr:province", "addr:state"),
    "city": ("addr:city",),
    "district": ("addr:district",),
    "township": ("addr:subdistrict",),
    "phones": ("phone", "contact:phone"),
    "hours": ("opening_hours",),
    "website": ("website", "contact:website"),
    "notes": ("description",),
}


def find_kind(tags: Mapping[str, str]) -> tuple[Kind, str] | None:
    """Return the kind of an office and the tag that says so, or None when the object is none.

    Examples
    --------
    >>> find_kind({"office": "government", "name": "济南市社会保险事业中心"})
    (<Kind.INSURANCE_AGENCY: 'insurance-agency'>, 'office=government')
    >>> find_kind({"office": "insurance", "name": "中国人寿保险股份有限公司"})
    """
    name = name_of(tags)
    if name is None or any(tags.get(key) == "yes" for key in ("disused", "abandoned")):
        return None
    told = kind_of_name(name)
    government = tags.get("government", "")
    if government in GOVERNMENT:
        return told or _KINDS[government], f"government={government}"
    for key, values in NAMED.items():
        if told and tags.get(key) in values:
            return told, f"{key}={tags[key]}"
    return None


def name_of(tags: Mapping[str, str]) -> str | None:
    """Return an object's Chinese name where it has one, else its name."""
    return tags.get("name:zh") or tags.get("name") or tags.get("official_name") or None


def to_fields(tags: Mapping[str, str], kind: Kind, said_by: str) -> dict[str, str]:
    """Return an office's tags as fields of the layer; what is not tagged is left out."""
    fields = {"name": name_of(tags) or "", "kind": str(kind), "kind_source": said_by}
    for column, keys in _COPIED.items():
        value = next((tags[key] for key in keys if tags.get(key)), None)
        if value:
            fields[column] = value
    if "hours" in fields:
        fields["hours"] = _say_days(fields["hours"])
    if fields.get("website", "").startswith("www."):
        fields["website"] = f"http://{fields['website']}"
    address = tags.get("addr:full") or _address(tags)
    if address:
        fields["address"] = address
    wheelchair = _WHEELCHAIR.get(tags.get("wheelchair", ""))
    if wheelchair:
        fields["wheelchair"] = wheelchair
    operator = tags.get("operator:zh") or tags.get("operator")
    if operator and operator not in fields["name"]:
        fields["notes"] = "; ".join(filter(None, (fields.get("notes"), f"主管单位 {operator}")))
    checked = tags.get("check_date") or tags.get("survey:date")
    if checked:
        fields["verified"] = checked
    return fields


def _say_days(hours: str) -> str:
    """Return hours with the days that OpenStreetMap leaves out: times alone mean every day there."""
    from locator.hours import say_days

    try:
        return say_days(hours)
    except InvalidInput:
        return hours


def _address(tags: Mapping[str, str]) -> str:
    street, number = tags.get("addr:street", ""), tags.get("addr:housenumber", "")
    if not street:
        return ""
    if any("\u4e00" <= c <= "\u9fff" for c in street):
        above = (tags.get(key, "") for key in ("addr:city", "addr:district", "addr:subdistrict"))
        return "".join((*above, street, f"{number}号" if number and number[-1].isdigit() else number))
    return " ".join(part for part in (street, number) if part)
