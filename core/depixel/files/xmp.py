"""Writes text as XMP, for formats that have no other place for it, and for JPEG, whose comments viewers do not show."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from depixel.files.metadata import XMP

_SOFTWARE = "Software"


def packet(text: dict[str, str]) -> bytes | None:
    """
    The XMP packet of a picture's text: its own packet, with the other texts added as a description.

    Returns:
        UTF-8, or None if there is no text.
    """
    own_packet = text.get(XMP, "")
    rest = {key: value for key, value in text.items() if key != XMP and value}
    if not rest:
        return own_packet.encode("utf-8", "replace") or None
    description = _description(rest)
    if "</rdf:RDF>" in own_packet:
        return (
            own_packet if description in own_packet else own_packet.replace("</rdf:RDF>", description + "</rdf:RDF>", 1)
        ).encode("utf-8", "replace")
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'{description}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode("utf-8", "replace")


def _description(text: dict[str, str]) -> str:
    sentences = [
        value if key in ("Comment", "Description") else f"{key}: {value}"
        for key, value in text.items()
        if key != _SOFTWARE
    ]
    tool = f" xmp:CreatorTool={quoteattr(_printable(text[_SOFTWARE]))}" if _SOFTWARE in text else ""
    return (
        '<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        f'{tool}><dc:description><rdf:Alt><rdf:li xml:lang="x-default">{escape(_printable(" ".join(sentences)))}'
        "</rdf:li></rdf:Alt></dc:description></rdf:Description>"
    )


# XML does not allow control characters.
def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
