"""One A4 page for one office: name, address, hours, checklist, the way, and a code to scan.

The page is plain HTML without scripts or outside parts; every string from the data is escaped. What
does not fit is set smaller, then shortened and said to be ("3 more did not fit"), so that it is always
exactly one page. Type is at least 10.5 pt; large type starts at 19 pt and keeps to 14 pt if it can.
"""

from locator.sheet.content import print_sheet, share_link

__all__ = ["print_sheet", "share_link"]
