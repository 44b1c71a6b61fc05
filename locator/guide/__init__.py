"""The guide: what to bring, where to go, whether to go at all, and by which rule, each line with its source.

``load_guide(folder)`` reads ``data/guide/`` (``docs/GUIDE.md``); ``check_guide(folder)`` says what is
wrong in it. A city's file stands over its province's, and that over the nation's.
"""

from locator.guide.book import Guide, check_guide, describe_fault, load_guide
from locator.guide.records import Fault
from locator.guide.render import (
    field_of,
    list_lines,
    list_parts,
    render_text,
    say_date,
    say_heading,
    say_no_local,
    say_source,
)

__all__ = [
    "Fault",
    "Guide",
    "check_guide",
    "describe_fault",
    "field_of",
    "list_lines",
    "list_parts",
    "load_guide",
    "render_text",
    "say_date",
    "say_heading",
    "say_no_local",
    "say_source",
]
