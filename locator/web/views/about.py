"""What the data are, where they come from, and what happens to what a person types."""

from __future__ import annotations

from collections import Counter

from locator.errors import LocatorError
from locator.outputs.html_document import Markup, lang_of, tag
from locator.settings import Settings
from locator.web import shared
from locator.web.components import show_panel
from locator.web.session import Session
from locator.wording import Translator


def show_about(session: Session) -> None:
    """Draw the page about the data."""
    words = Translator(session.state.lang)
    try:
        overview: shared.Overview | None = shared.read_overview(shared.open_locator())
    except LocatorError:
        overview = None
    content = tag(
        "div",
        tag("h2", words("about.heading"), id="main", tabindex="-1"),
        _render_data(overview, words) if overview else tag("p", words("trouble.data"), class_="notice"),
        _render_privacy(shared.read_settings(), words),
        tag("section", tag("h3", words("about.law")), tag("p", words("about.law_text")), class_="card"),
        _render_embed(shared.read_settings(), words),
        class_="guide",
    )
    show_panel("about", content, session)


def _render_data(overview: shared.Overview, words: Translator) -> Markup:
    kinds = [tag("li", f"{words.name('kind', kind)} {count}") for kind, count in overview.kinds]
    heads = [tag("th", words(f"about.column.{name}"), scope="col") for name in ("source", "count", "date", "licence")]
    rows = [
        tag(
            "tr",
            tag("th", line.name, scope="row", lang=lang_of(line.name)),
            *(
                tag("td", value, data_label=words(f"about.column.{name}"), lang=lang)
                for name, value, lang in (
                    ("count", line.count, None),
                    ("date", line.dates, None),
                    ("licence", line.licence, lang_of(line.licence)),
                )
            ),
        )
        for line in overview.sources
    ]
    caption = tag("caption", words("about.sources"), class_="sr")
    licences: Counter[str] = Counter()
    for line in overview.sources:
        licences[line.licence] += line.count
    table = tag("table", caption, tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="table sources")
    return tag(
        "section",
        tag("h3", words("about.what")),
        tag("p", words("about.points", n=overview.total, cities=len(overview.cities))),
        tag("p", words("about.limits")),
        tag("h3", words("about.kinds")),
        tag("ul", *kinds, role="list"),
        tag("h3", words("about.sources")),
        tag("p", words("about.places")),
        tag("p", words("about.licences")),
        tag(
            "ul",
            *(tag("li", tag("span", name, lang=lang_of(name)), f" {n}") for name, n in licences.most_common()),
            role="list",
        ),
        tag("details", tag("summary", words("about.all_sources", n=len(rows))), table, data_key="sources"),
        class_="card",
    )


def list_services(settings: Settings) -> list[str]:
    """Return the names of the services elsewhere that may be asked, by the settings."""
    names = [name for name in settings.geocoders if name != "gazetteer"]
    if settings.router not in ("auto", "none", "valhalla"):
        names.append(settings.router)
    if settings.live != "off":
        names.append(settings.live)
    return list(dict.fromkeys(names))


def _render_privacy(settings: Settings, words: Translator) -> Markup:
    names = list_services(settings)
    services = words("about.services", names=words("comma").join(names)) if names else words("about.services_none")
    said = [words("about.privacy_text"), services, shared.tiles_sentence(words)]
    return tag("section", tag("h3", words("about.privacy")), *(tag("p", line) for line in said), class_="card")


def _render_embed(settings: Settings, words: Translator) -> Markup:
    address = f"{settings.public_url or 'https://…'}/?embed=true"
    snippet = (
        f'<iframe src="{address}" title="{words("title")}" width="100%" height="900" allow="geolocation"></iframe>'
    )
    return tag(
        "section",
        tag("h3", words("about.embed")),
        tag("p", words("about.embed_text")),
        tag("pre", tag("code", snippet), tabindex="0"),
        tag("p", words("about.code")),
        class_="card",
    )
