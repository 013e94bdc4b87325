"""What tests look for in a page."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """What in a page could run or style without a file of its own, and the files that it names."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self.files: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._elements.append((tag, given))
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        names = (given.get("src"), given.get("href") if tag == "link" else None)
        self.files += [name for name in names if name and not name.startswith("data:")]

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element with this tag, in order."""
        return [attributes for name, attributes in self._elements if name == tag]
