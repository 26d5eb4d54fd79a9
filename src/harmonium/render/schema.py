"""JSON Schemas printed as TypeScript. Knows nothing of tools or messages.

Source of the layout: both published renderers, by differential test over generated schemas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import NamedTuple, TypeVar

from harmonium.errors import SchemaError
from harmonium.render.json_literals import json_literal, key_text, not_json
from harmonium.render.schema_references import References, SchemaObject
from harmonium.render.schema_words import enum_word, key_word, remark_word, type_word
from harmonium.render.text_rules import TextRules

_SIMPLE = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}
_COMPOUND = frozenset({"array", "object"})
_PARTS = {
    "properties": "object",
    "additionalProperties": "object",
    "patternProperties": "object",
    "items": "array",
    "prefixItems": "array",
}
"""Keywords that say what type a schema without ``type`` is, for what OpenAI's strict mode and MCP
servers write (openai-php-sdk#298, HolmesGPT#999)."""
_PLAIN = frozenset({type(None), str, bool, int, float, dict, list, tuple})
_TELLING = ("type", "oneOf", "anyOf", "allOf", "$ref", "const", "enum", "properties")


def schema_text(schema: object, rules: TextRules) -> str:
    """Print a JSON Schema as a TypeScript type.

    Args:
        schema: parsed JSON; anything but an object prints as ``any``.
        rules: whether our extensions apply, and the limits.

    Raises:
        SchemaError: the schema is an object that holds itself (``schema_cycle``), goes beyond a
            limit (``schema_too_deep``, ``schema_too_wide``, ``schema_too_large``), or holds what is
            not JSON (``schema_invalid``). A reference to itself or to nothing prints as ``any``.

    Example:
        >>> print(schema_text({"type": "object", "properties": {"city": {"type": "string"}},
        ...                    "required": ["city"]}, TextRules()))
        {
        city: string,
        }

    """
    printer = _Printer(schema, rules)
    try:
        printer.print_place(schema, "")
    except RecursionError:
        message = "a JSON Schema is nested deeper than Python's recursion limit allows"
        raise SchemaError(message, code="schema_too_deep") from None
    return "".join(printer.parts)


_Items = TypeVar("_Items", bound=Sized)


class _Union(NamedTuple):
    """A type that is printed one variant a line."""

    variants: Sequence[object]
    indent: str
    is_any_of: bool = False
    property_description: str | None = None
    in_property: bool = False


class _Printer:
    """Print one document into `parts`, within the limits."""

    def __init__(self, document: object, rules: TextRules) -> None:
        self.parts: list[str] = []
        self._rules = rules
        self._limits = rules.limits
        self._references = References(document, rules.limits)
        self._open_sources: list[frozenset[int]] = []
        self._open_ids: set[int] = set()
        self._places = 0
        self._chars = 0
        self._last_null = -1

    def _open(self, schema: object) -> SchemaObject:
        """Enter a place and give what it says; anything but an object says nothing."""
        self._places += 1
        if self._places > self._limits.schema_nodes:
            message = "a JSON Schema has too many places; see Limits.schema_nodes"
            raise SchemaError(message, code="schema_too_large")
        if len(self._open_sources) >= self._limits.schema_depth:
            message = "a JSON Schema is nested too deep; see Limits.schema_depth"
            raise SchemaError(message, code="schema_too_deep")
        schema = _json(schema)
        found: SchemaObject = schema if isinstance(schema, Mapping) else {}
        sources = frozenset({id(schema)}) if isinstance(schema, Mapping) else frozenset()
        if not self._open_ids.isdisjoint(sources):
            message = "a JSON Schema is an object that contains itself"
            raise SchemaError(message, code="schema_cycle")
        if self._rules.extensions and ("$ref" in found or "allOf" in found):
            own = found
            found, sources = self._references.resolve(found)
            if not self._open_ids.isdisjoint(sources):  # a recursive type: no further down
                found = {key: own[key] for key in own if key not in {"$ref", "allOf"}}
                sources = frozenset()
        self._open_sources.append(sources)
        self._open_ids |= sources
        return found

    def _close(self) -> None:
        self._open_ids -= self._open_sources.pop()

    def _write(self, text: str) -> None:
        self._chars += len(text)
        if self._chars > self._limits.schema_chars:
            message = "a JSON Schema prints as too long a text; see Limits.schema_chars"
            raise SchemaError(message, code="schema_too_large")
        if "null" in text:
            self._last_null = len(self.parts)
        self.parts.append(text)

    def print_place(self, schema: object, indent: str) -> bool:
        """Print the type of a schema; tell whether it is a union."""
        is_union = self._print_type(self._open(schema), indent)
        self._close()
        return is_union

    def _print_type(self, schema: SchemaObject, indent: str) -> bool:
        """Print the type of an open place, its later lines indented; tell whether it is a union."""
        union = self._union(schema, indent)
        if union is not None:
            for index in range(len(union.variants)):
                self._write(f"\n{indent} | ")
                self._print_variant(union, index)
            return len(union.variants) > 0
        words = self._words(schema)
        if words:
            self._write(" | ".join(words))
            return len(words) > 1
        kinds = self._kinds(schema)
        for index, kind in enumerate(kinds):
            self._write(" | " if index else "")
            self._print_kind(kind, schema, indent)
        return len(kinds) > 1

    def _print_kind(self, kind: object, schema: SchemaObject, indent: str) -> None:
        if kind == "object":
            self._print_object(schema, indent)
        elif kind == "array":
            self._print_array(schema, indent)
        elif kind == "null" and self._rules.extensions:
            self._write("null")
        else:
            self._write(_SIMPLE.get(kind, "any") if isinstance(kind, str) else "any")

    def _kinds(self, schema: SchemaObject) -> list[object]:
        """Return the types of a schema, null last; one that only has parts is of their type."""
        kind = schema.get("type")
        if not self._rules.extensions:
            return [kind]
        if isinstance(kind, list | tuple):
            names = [name for name in kind if isinstance(name, str)]
            return sorted(names, key=lambda name: name == "null") or [None]
        if kind is None:
            return [next((kind for key, kind in _PARTS.items() if key in schema), None)]
        return [kind]

    def _words(self, schema: SchemaObject) -> list[str]:
        """Return the type as single words where it consists of literals or of type names."""
        kind, rules = _json(schema.get("type")), self._rules
        if rules.extensions and "const" in schema:
            return [self._literal(schema["const"])]
        values = _json(schema.get("enum"))
        if rules.extensions and isinstance(values, list | tuple) and values:
            return [self._literal(value) for value in self._bounded(values)]
        if isinstance(kind, list | tuple):
            if rules.extensions and not _COMPOUND.isdisjoint(
                name for name in self._bounded(kind) if isinstance(name, str)
            ):
                return []  # with parts of their own
            names = (name for name in self._bounded(kind) if isinstance(_json(name), str))
            return [type_word(str.__str__(name), rules) for name in names]
        if isinstance(values, list | tuple) and kind == "string":
            texts = (text for text in self._bounded(values) if isinstance(_json(text), str))
            return [enum_word(str.__str__(text), rules) for text in texts]
        return []

    def _literal(self, value: object) -> str:
        if isinstance(value, str):
            return enum_word(str.__str__(value), self._rules)
        return json_literal(value, self._rules)

    def _print_array(self, schema: SchemaObject, indent: str) -> None:
        first = _json(schema.get("prefixItems"))
        if self._rules.extensions and isinstance(first, list | tuple) and first:
            self._print_tuple(first, indent)
            return
        if "items" not in schema:
            self._write("Array<any>")
            return
        start = len(self.parts)
        self._write("")
        is_union = self.print_place(schema["items"], indent)
        if is_union and self._rules.extensions:
            self.parts[start] = "("
            several_lines = self.parts[start + 1].startswith("\n")
            self._write(f"\n{indent})" if several_lines else ")")
        self._write("[]")

    def _print_tuple(self, items: Sequence[object], indent: str) -> None:
        for index, item in enumerate(self._bounded(items)):
            self._write(", " if index else "[")
            self.print_place(item, indent)
        self._write("]")

    # Unions, one variant a line

    def _union(self, schema: SchemaObject, indent: str) -> _Union | None:
        one_of = _json(schema.get("oneOf"))
        if isinstance(one_of, list | tuple) and not self._only_constrains(schema, one_of):
            return _Union(self._bounded(one_of), indent)
        any_of = schema.get("anyOf") if self._rules.extensions else None
        if not isinstance(any_of, list | tuple) or not any_of:
            return None
        if schema.get("type") is not None and not all(map(_is_telling, self._bounded(any_of))):
            return None
        return _Union(self._bounded(any_of), indent, is_any_of=True)

    def _only_constrains(self, schema: SchemaObject, variants: Sequence[object]) -> bool:
        """Return whether no variant says what it is, where the schema itself does."""
        if not self._rules.extensions or not {"type", "properties"} & set(schema):
            return False
        return not any(map(_is_telling, self._bounded(variants)))

    def _print_variant(self, union: _Union, index: int) -> None:
        schema = self._open(union.variants[index])
        start = len(self.parts)
        if union.is_any_of and schema.get("type") == "null":
            self._write("null")
        else:
            self._print_type(schema, union.indent + "   ")
        self._print_null(schema, start)
        description = _text(schema, "description")
        about = union.property_description
        if about is not None and (index == 0 or description == about):
            description = None
        remarks = [] if description is None else [self._trailing(description, union.indent)]
        if "default" in schema:
            remarks.append(f"default: {self._default(schema, bare_in_enum=union.in_property)}")
        if remarks:
            self._write(f" // {' '.join(remarks)}")
        self._close()

    def _print_null(self, schema: SchemaObject, start: int) -> None:
        """Add ``| null`` to a nullable type that says null nowhere since part `start`."""
        if schema.get("nullable") is True and self._last_null < start:
            self._write(" | null")

    # Objects, one property a line

    def _print_object(self, schema: SchemaObject, indent: str) -> None:
        description = _text(schema, "description")
        if description is not None:
            self._write(self._comment(description, indent))
        self._write("{\n")
        properties = _json(schema.get("properties"))
        required = _json(schema.get("required"))
        wanted = self._bounded(required) if isinstance(required, list | tuple) else ()
        names = {str.__str__(name) for name in wanted if isinstance(_json(name), str)}
        if isinstance(properties, Mapping):
            self._bounded(properties)
            for raw_key, value in properties.items():
                key = key_text(raw_key)
                mark = "" if key in names else "?"
                word = key_word(key, self._rules)
                self._print_property(f"{indent}{word}{mark}:", value, indent)
        if self._rules.extensions:
            self._print_other_properties(schema, indent)
        self._write(f"{indent}}}")

    def _print_other_properties(self, schema: SchemaObject, indent: str) -> None:
        """Print the type of properties whose names are not listed, where it is told."""
        others = [_json(schema.get("additionalProperties"))]
        patterns = _json(schema.get("patternProperties"))
        if isinstance(patterns, Mapping):
            others += self._bounded(patterns).values()
        for other in others:
            if isinstance(other, Mapping):
                self._print_property(f"{indent}[key: string]:", other, indent)

    def _print_property(self, head: str, value: object, indent: str) -> None:
        schema = self._open(value)
        union = self._union(schema, indent)
        title, description = _text(schema, "title"), _text(schema, "description")
        if title is not None:
            self._write(f"{self._comment(title, indent)}{indent}//\n")
        is_plain = "oneOf" not in schema  # even a oneOf that is no list hides these, in the sources
        if union is None and is_plain and description is not None:
            self._write(self._comment(description, indent))
        self._print_examples(schema, indent)
        if union is None:
            self._write(f"{head} ")
            start = len(self.parts)
            self._print_type(schema, indent + "    ")
            self._print_null(schema, start)
            shown = is_plain and "default" in schema
            default = f" // default: {self._default(schema)}" if shown else ""
            self._write(f",{default}\n")
        else:
            about = union._replace(property_description=description, in_property=True)
            self._print_union_property(head, schema, about)
        self._close()

    def _print_union_property(self, head: str, schema: SchemaObject, union: _Union) -> None:
        indent, description = union.indent, union.property_description
        first = union.variants[0] if union.variants else None
        repeated = isinstance(first, Mapping) and first.get("description") == description
        if description is not None and not repeated:
            self._write(self._comment(description, indent))
        if "default" in schema:
            self._write(f"{indent}// default: {self._default(schema)}\n")
        self._write(f"{head}\n")
        for index in range(len(union.variants)):
            self._write(f"{indent} | ")
            self._print_variant(union, index)
            self._write("\n")
        self._write(f"{indent},\n")

    def _print_examples(self, schema: SchemaObject, indent: str) -> None:
        examples = _json(schema.get("examples"))
        if not isinstance(examples, list | tuple) or not examples:
            return
        self._write(f"{indent}// Examples:\n")
        for example in self._bounded(examples):
            if isinstance(_json(example), str):
                word = remark_word(str.__str__(example), self._rules)
                self._write(f"{indent}// - {word}\n")

    # Comments

    def _comment(self, text: str, indent: str) -> str:
        """Print text as comment lines, at least one."""
        lines = (text.splitlines() or [""]) if self._rules.extensions else [text]
        return "".join(f"{indent}// {line}\n" for line in lines)

    def _trailing(self, text: str, indent: str) -> str:
        """Continue a comment at the end of a line; further lines are comments of their own."""
        lines = (text.splitlines() or [""]) if self._rules.extensions else [text]
        return f"\n{indent}   // ".join(lines)

    def _default(self, schema: SchemaObject, *, bare_in_enum: bool = True) -> str:
        """Print a default; a string without quotes when it is one of an enum and `bare_in_enum`."""
        value, values = schema["default"], schema.get("enum")
        is_enum = isinstance(values, list | tuple) and len(values) > 0
        if not isinstance(value, str) or (is_enum and not bare_in_enum):
            return json_literal(value, self._rules)
        return remark_word(str.__str__(value), self._rules, bare=is_enum)

    def _bounded(self, items: _Items) -> _Items:
        if len(items) > self._limits.schema_width:
            message = "a JSON Schema has too many items at one place; see Limits.schema_width"
            raise SchemaError(message, code="schema_too_wide")
        return items


def _is_telling(schema: object) -> bool:
    """Return whether a variant says what it is, rather than only constraining what is known."""
    return isinstance(schema, Mapping) and any(key in schema for key in _TELLING)


def _text(schema: SchemaObject, key: str) -> str | None:
    value = _json(schema.get(key))
    return str.__str__(value) if isinstance(value, str) else None


def _json(value: object) -> object:
    """Return `value` if JSON has a form for its type; its parts are not looked at."""
    if type(value) in _PLAIN or isinstance(value, str | int | float | Mapping | list | tuple):
        return value
    raise not_json(value)
