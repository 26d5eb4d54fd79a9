"""Probes of the whole Python API but parsing, run with an oracle's module or with ours.

Stands alone, as worker.py does. A conversation is a list of message specifications; see `message`.
"""

import enum
import inspect
import re
import sys
import types
import typing
import warnings

try:
    from probes_parse import encoding_of, failure  # in an oracle's process
except ModuleNotFoundError:
    from tests.oracle.probes_parse import encoding_of, failure  # in ours

CALLS = ("render_conversation", "render_conversation_for_training")


def outcome(call, *args, **kwargs):
    """Return what a call returns or raises, as data."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call(*args, **kwargs)
    except RecursionError:
        return ["RecursionError"]
    except BaseException as error:  # noqa: BLE001  (a Rust panic is no Exception)
        return failure(error)


# ---- building


def message(module, spec):
    """Build a message: role, name, contents, then fields that are assigned without any check."""
    author = module.Author(role=spec["role"], name=spec.get("name"))
    made = module.Message(author=author, content=[content(module, raw) for raw in spec["content"]])
    for name in ("channel", "recipient", "content_type"):
        if name in spec:
            setattr(made, name, spec[name])
    for path, value in spec.get("assign", []):
        assign(made, path, value)
    return made


def content(module, raw):
    """Build a content from ``["text", text]``, ``["system", fields]`` or ``["developer", ...]``."""
    kind, value = raw
    if kind == "text":
        return module.TextContent(text=value)
    made = {"system": module.SystemContent, "developer": module.DeveloperContent}[kind]
    return made(**value)


def assign(target, path, value):
    """Assign along a dotted path; digits index lists, ``@`` before a word looks up a dict."""
    *way, last = path.split(".")
    for step in way:
        target = target[int(step)] if step.isdigit() else _step(target, step)
    if last.startswith("@"):
        target[last[1:]] = odd(value)
    else:
        setattr(target, last, odd(value))


def _step(target, step):
    return target[step[1:]] if step.startswith("@") else getattr(target, step)


def odd(value):
    """Turn ``{"odd": name}`` into what JSON cannot carry."""
    if not isinstance(value, dict) or "odd" not in value:
        return value
    return {
        "nan": float("nan"),
        "inf": float("-inf"),
        "set": {1},
        "bytes": b"x",
        "tuple": (1, "a"),
        "object": object,
        "big": 1 << 80,
        "small": -(1 << 63) - 1,
        "surrogate": "a\udc00b",
        "high": "a\ud800",
        "pair": "\ud83d\ude00",
        "keys": {1: "a", None: 2, False: 3, 1.5: 4},
        "wrong keys": {(1,): 2},
        "deep": _nested(value.get("depth", 0)),
    }[value["odd"]]


def _nested(depth):
    made = {}
    for _ in range(depth):
        made = {"a": made}
    return made


# ---- rendering


def conversation(module, specs, drop):
    """Render a conversation in all ways; `drop` is None for no configuration."""
    made = module.Conversation.from_messages([message(module, spec) for spec in specs])
    config = None if drop is None else module.RenderConversationConfig(auto_drop_analysis=drop)
    encoding = encoding_of(module)
    found = [outcome(getattr(encoding, name), made, config) for name in CALLS]
    complete = encoding.render_conversation_for_completion
    return found + [outcome(complete, made, role, config) for role in module.Role]


def single(module, spec, functions):
    """Render one message; `functions` is None for no options."""
    options = None
    if functions is not None:
        options = module.RenderOptions(conversation_has_function_tools=functions)
    return outcome(encoding_of(module).render, message(module, spec), options)


def from_json(module, text, name):
    """Hand JSON text to the compiled module itself."""
    inner = encoding_of(module)._inner  # noqa: SLF001  (what users reach too)
    if name == "render_conversation_for_completion":
        return outcome(getattr(inner, name), text, "assistant", None)
    return outcome(getattr(inner, name), text, None)


# ---- the model


def model(module, specs):
    """Return all that the model's objects write, and what comes back from it."""
    messages = [message(module, spec) for spec in specs]
    made = module.Conversation.from_messages(messages)
    back = outcome(lambda: module.Conversation.from_json(made.to_json()).to_json())
    return [
        repr(outcome(made.to_dict)),
        outcome(made.to_json),
        back,
        repr(outcome(made.model_dump, mode="json")),
        outcome(repr, made),
        [outcome(item.to_json) for item in messages],
        [
            outcome(lambda item=item: module.Message.from_dict(item.to_dict()) == item)
            for item in made
        ],
    ]


def from_dict(module, kind, raw):
    """Read a dict with a class's ``from_dict``, or a conversation's JSON; show what came of it."""
    if kind == "from_json":
        return outcome(lambda: repr(module.Conversation.from_json(raw)))
    return outcome(lambda: repr(getattr(module, kind).from_dict(raw)))


def construct(module, kind, fields):
    """Construct a class from keywords; show it, or the kinds of errors and their places."""
    try:
        made = getattr(module, kind)(**fields)
    except ValueError as error:
        faults = getattr(error, "errors", list)()
        return [type(error).__name__, [[fault["type"], list(fault["loc"])] for fault in faults]]
    return [repr(made), sorted(made.model_fields_set)]


def evaluate(module, expression):
    """Evaluate an expression in the module's names; `e` is the encoding, `i` what is in it."""
    encoding = encoding_of(module)
    names = {**vars(module), "h": module, "e": encoding, "i": encoding._inner}  # noqa: SLF001
    found = outcome(eval, expression, names)
    if isinstance(found, (set, frozenset)):
        found = sorted(found)
    if isinstance(found, bytes):
        found = found.hex()
    return re.sub(r"(openai_harmony|harmonium)\.[a-z._]+| at 0x[0-9a-f]+", "", repr(found))


def call(module, name, args, kwargs):
    """Call a method of the encoding."""
    return repr(outcome(getattr(encoding_of(module), name), *args, **kwargs))


# ---- the surface


def surface(module):
    """Describe every name of the module: kinds, bases, signatures, fields and defaults."""
    names = [name for name in dir(module) if not name.startswith("__") and _is_own(module, name)]
    return {name: _described(module, getattr(module, name)) for name in sorted(names)}


def exported(module):
    """List what ``import *`` gives."""
    return sorted(module.__all__)


def _is_own(module, name):
    """Return the names that the package defines, without those it merely imports."""
    found = getattr(module, name)
    home = getattr(found, "__module__", None) or ""
    if isinstance(found, types.ModuleType):
        return name == "openai_harmony"
    if home == "builtins":  # how the compiled module's classes call themselves
        return name.startswith("_Py")
    return home.split(".")[0] in {"openai_harmony", "harmonium"} and name not in {
        "set_policy",
        "set_profile",
    }


def compiled(module):
    """Describe the compiled module: its names, and the names of members and parameters."""
    inside = module.openai_harmony
    return {name: _compiled(getattr(inside, name)) for name in sorted(inside.__all__)}


def compiled_member(module, name, member):
    """Describe one member of a class of the compiled module, or the whole for None."""
    found = _compiled(getattr(module.openai_harmony, name))
    return found if member is None else found[member]


def _compiled(found):
    if not inspect.isclass(found):
        return list(inspect.signature(found).parameters)
    if issubclass(found, Exception):
        return "error"
    members = {name: getattr(found, name) for name in dir(found) if not name.startswith("_")}
    return {
        name: list(inspect.signature(member).parameters) if inspect.isroutine(member) else "value"
        for name, member in members.items()
    }


def _described(module, found):
    if isinstance(found, types.ModuleType):
        return ["module"]
    if found in vars(module.openai_harmony).values() and found is not module.HarmonyError:
        return ["compiled"]  # `compiled` describes it
    if not inspect.isclass(found):
        return ["function", _signature(module, found)] if callable(found) else ["value"]
    bases = [base.__name__ for base in found.__mro__[1:]]
    if issubclass(found, enum.Enum):
        return ["enum", bases, {item.name: [item.value, str(item)] for item in found}]
    fields = {}
    for name, field in getattr(found, "model_fields", {}).items():
        default = repr(field.get_default(call_default_factory=True))
        fields[name] = [_type(field.annotation), field.is_required(), default]
    members = {
        name: _member(module, found, name)
        for name in dir(found)
        if not name.startswith("_") and name in _own_members(found)
    }
    return ["class", bases, list(fields.items()), members]


def _own_members(found):
    own = [base for base in found.__mro__ if base.__module__.split(".")[0] != "pydantic"]
    return {name for base in own[:-1] for name in vars(base) if name not in _builtin(base)}


def _builtin(base):
    return (
        {"args", "with_traceback", "add_note"}
        if issubclass(base, BaseException)
        else {name for name in vars(base) if name.startswith("model_")}
    )


def _member(module, found, name):
    raw = inspect.getattr_static(found, name)
    if isinstance(raw, property):
        return ["property", _type(_hints(module, raw.fget).get("return"))]
    if type(raw).__name__ in {"getset_descriptor", "member_descriptor"}:
        types = _hints(module, found)
        return ["property", _type(types[name])] if name in types else ["attribute"]
    if type(raw).__name__ == "cached_property":
        return ["property", _type(_hints(module, raw.func).get("return"))]
    kind = type(raw).__name__ if isinstance(raw, (classmethod, staticmethod)) else "method"
    return [kind, _signature(module, getattr(found, name))]


def _hints(module, function):
    """Evaluate annotations, also those that quote a name inside a union."""
    names = {**vars(module), **vars(sys.modules[function.__module__])}
    found = {}
    for name, text in getattr(function, "__annotations__", {}).items():
        plain = re.sub(r"""['"]([A-Z]\w+)['"]""", r"\1", text) if isinstance(text, str) else text
        found[name] = eval(plain, names) if isinstance(plain, str) else plain  # noqa: S307
    return found


def _signature(module, function):
    hints = _hints(module, function) if hasattr(function, "__module__") else {}
    out = []
    for name, parameter in inspect.signature(function).parameters.items():
        default = parameter.default
        shown = "-" if default is inspect.Parameter.empty else repr(default)
        out.append([name, parameter.kind.name, shown, _type(hints.get(name))])
    return [out, _type(hints.get("return"))]


def _type(found):
    """Write a type the same way however it was spelt (``Optional[X]``, ``X | None``, ``List``)."""
    if isinstance(found, typing.TypeVar) or found is None:
        return str(found)
    origin, args = typing.get_origin(found), typing.get_args(found)
    if origin in {typing.Union, types.UnionType}:
        return " | ".join(sorted(_type(arg) for arg in args))
    if origin is typing.Literal:
        return f"Literal{list(args)}"
    if origin is not None:
        return f"{origin.__name__}[{', '.join(_type(arg) for arg in args)}]"
    return getattr(found, "__name__", str(found))
