# ruff: noqa: INP001  (a script, not a package)
"""Pictures of the documentation as SVG: the states of the parser, the way of a request.

Used by update_docs.py. Mermaid would be shorter, but its browser part is fetched from a CDN.
"""

from __future__ import annotations

from html import escape

from harmonium.parse import TRANSITIONS

_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1a2b3c}.s{font-size:11px;fill:#445}"
    ".b{fill:#eef3fb;stroke:#3b5b92}.l{fill:none;stroke:#3b5b92;marker-end:url(#a)}"
)
_ARROW = (
    '<defs><marker id="a" markerWidth="9" markerHeight="9" refX="8" refY="4" orient="auto">'
    '<path d="M0 0L9 4L0 8z" fill="#3b5b92"/></marker></defs>'
)


def _svg(width: int, height: int, parts: list[str], title: str) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    ground = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    style = f"<style>{_STYLE}</style>"
    lines = [head, f"<title>{title}</title>", style, _ARROW, ground, *parts, "</svg>"]
    return "\n".join(lines) + "\n"


def _box(x: int, y: int, width: int, label: str, small: str = "") -> str:
    middle = x + width // 2
    text = f'<text x="{middle}" y="{y + 24}" text-anchor="middle">{escape(label)}</text>'
    if small:
        text += (
            f'<text class="s" x="{middle}" y="{y + 42}" text-anchor="middle">{escape(small)}</text>'
        )
    return f'<rect class="b" x="{x}" y="{y}" width="{width}" height="54" rx="8"/>{text}'


def _note(x: int, y: int, text: str) -> str:
    return f'<text class="s" x="{x}" y="{y}" text-anchor="middle">{text}</text>'


def states_svg() -> str:
    """Return the parser's states with an arrow for each pair of them that a token connects.

    Tokens that deviate from the format are left to the table on the page: an arrow lists those
    that a valid completion takes.
    """
    places = {"start": 30, "header": 300, "content": 570}
    parts = [_box(x, 90, 130, state) for state, x in places.items()]
    labels: dict[tuple[str, str], list[str]] = {}
    for (state, token), transition in TRANSITIONS.items():
        for target in () if transition.deviates else transition.to:
            labels.setdefault((str(state), str(target)), []).append(str(token.value))
    for (source, target), tokens in labels.items():
        begin, end = places[source], places[target]
        text = escape(", ".join(sorted(tokens)))
        if begin == end:
            path = f"M{begin + 45} 90C{begin + 20} 30 {begin + 110} 30 {begin + 85} 88"
            where = (begin + 65, 36)
        elif begin < end:
            path = f"M{begin + 130} 117H{end - 2}"
            where = ((begin + 130 + end) // 2, 108)
        else:
            path = f"M{begin + 65} 144C{begin} 230 {end + 130} 230 {end + 65} 146"
            where = ((begin + end + 130) // 2, 228)
        parts.append(f'<path class="l" d="{path}"/>')
        parts.append(
            f'<text class="s" x="{where[0]}" y="{where[1]}" text-anchor="middle">{text}</text>'
        )
    return _svg(730, 245, parts, "States of the parser")


def request_svg() -> str:
    """Return the way of a request: down to the engine on the left, back up on the right."""
    down = [("request", "JSON"), ("conversation", "openai, model"), ("segments", "render")]
    back = [("answer", "JSON or a stream"), ("messages", "openai"), ("events", "parse")]
    parts = []
    for index, ((label, small), (other, note)) in enumerate(zip(down, back, strict=True)):
        y = 16 + 84 * index
        parts += [_box(40, y, 190, label, small), _box(330, y, 190, other, note)]
        parts.append(f'<path class="l" d="M135 {y + 54}V{y + 82}"/>')
        parts.append(f'<path class="l" d="M425 {y + 84}V{y + 56}"/>')
    parts += [
        _box(40, 268, 190, "token ids", "tokens"),
        _box(330, 268, 190, "token ids", "engines"),
    ]
    parts.append('<path class="l" d="M230 295H328"/>')
    parts.append(_note(279, 287, "engine"))
    return _svg(560, 340, parts, "The way of a request")
