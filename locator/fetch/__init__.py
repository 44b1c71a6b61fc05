"""The one door to the network: timeout, retry, pace, cache, hidden keys.

Whoever asks a service elsewhere asks through a :class:`Door`; nothing else in the program opens a
connection to another machine (the operator's own database apart).
"""

from locator.fetch.door import MAX_BYTES, Door
from locator.fetch.download import Progress

__all__ = ["MAX_BYTES", "Door", "Progress"]
