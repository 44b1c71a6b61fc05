"""Two hundred texts that try to be code: for the layer, the query, the map, the files."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence

_PAYLOADS = (
    "{{{{7*7}}}}{n}", "{{% raw %}}{{{{7*7}}}}{n}", "{{{{ ''.__class__.__mro__ }}}}{n}", "{{{{config}}}}{n}", "{{# x #}}{n}",
    "${{alert({n})}}", "`${{alert({n})}}`", "`;alert({n});`", "\\u0060+alert({n})+\\u0060", "\\x3cscript\\x3ealert({n})",
    "<script>alert({n})</script>", "<img src=x onerror=alert({n})>", "<svg onload=alert({n})>", "<svg><script>alert({n})</script>",
    "\"><script>alert({n})</script>", "'><img src=x onerror=alert({n})>", "</script><script>alert({n})</script>",
    "</style><script>alert({n})</script>", "</title><script>alert({n})</script>", "</textarea><script>alert({n})</script>",
    "<iframe srcdoc='<script>alert({n})</script>'>", "<a href=javascript:alert({n})>x</a>", "javascript:alert({n})",
    "<body onload=alert({n})>", "<details open ontoggle=alert({n})>", "<math><mi xlink:href=javascript:alert({n})>",
    "&lt;script&gt;alert({n})&lt;/script&gt;", "&#60;script&#62;alert({n})", "%3Cscript%3Ealert({n})%3C/script%3E",
    "=cmd|' /C calc'!A{n}", "=HYPERLINK(\"http://x\",{n})", "+SUM(1,{n})", "-2+{n}", "@SUM({n})", "\t=1+{n}",
    "'); DROP TABLE points;--{n}", "' OR '{n}'='{n}", "]]><x>{n}", "<!--{n}", "--><script>alert({n})</script>",
    "\u202egnp.{n}", "\u2028alert({n})", "\u2029alert({n})", "\ufeffalert({n})", "\x00<script>alert({n})</script>",
    "\x1b[31m{n}", "\r\nSet-Cookie: a={n}", "名{{{{7*7}}}}称{n}", "[x](javascript:alert({n}))", "![x](http://x/{n})",
)  # fmt: skip
CORPUS = tuple(payload.format(n=n) for n in range(4) for payload in _PAYLOADS)
"""200 texts; ``49`` or a dialog anywhere means that one of them ran."""


def looped(name: str, values: Sequence[object]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test for every value, as ``parametrize`` does, but as one test that names the values it failed for.

    Two hundred strings that one microsecond each would do for cost more to collect, on every worker, than to test.
    """

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(**given: object) -> None:
            wrong = []
            for value in values:
                try:
                    test(**given, **{name: value})
                except AssertionError as error:
                    wrong.append((value, error))
            if wrong:
                shown = ", ".join(repr(value)[:80] for value, _ in wrong[:5])
                raise AssertionError(f"{len(wrong)} of {len(values)} failed: {shown}") from wrong[0][1]

        signature = inspect.signature(test)
        kept = [parameter for key, parameter in signature.parameters.items() if key != name]
        run.__signature__ = signature.replace(parameters=kept)
        del run.__wrapped__
        return run

    return decorate
