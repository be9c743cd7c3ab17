"""The JSON schema of spec files, for editors: the fixed keys from the models, the definitions from the library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from symjac.model.library import builtin
from symjac.model.spec import Content, InlineLoss, InlineSpec, PartSpec, Repeat, UpdateSpec

_NUMBER: dict[str, Any] = {"type": ["number", "string"]}
_WORD: dict[str, Any] = {"type": "string"}


def schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a spec."""
    out = Content.model_json_schema()
    definitions = out.setdefault("$defs", {})
    known = builtin()
    layers: list[dict[str, Any]] = []
    for name, entry in known.activations.items():
        options = dict.fromkeys(entry.definition.constants, _NUMBER) | {"name": _WORD}
        if entry.definition.axis is not None:
            options["axis"] = {"type": ["integer", "string"]}
        layers += _uses(name, entry.definition.doc, options, (), bare=len(options) > 1)
    for name, layer in known.layers.items():
        d = layer.definition
        required = [o for o, option in d.options.items() if option.default is None]
        options = dict.fromkeys((*d.options, *d.constants), _NUMBER)
        options |= {"name": _WORD, "parameters": _mapping(_WORD), "init": _mapping(_NUMBER)}
        layers += _uses(name, d.doc, options, required, bare=len(required) == 1)
    layers.append(_part(InlineSpec, definitions))
    layers.append(_keyed("repeat", "Layers that come several times in a row.", _part(Repeat, definitions)))
    # A spec's own definitions are layers, losses and updates too: any other word is let through here.
    layers.append(_own([*known.layers, *known.activations, "repeat", "formula"]))
    definitions["Use"] = {"anyOf": layers}
    for repeated in (out["properties"]["layers"], definitions["Repeat"]["properties"]["layers"]):
        repeated["items"] = {"$ref": "#/$defs/Use"}
    losses: list[dict[str, Any]] = []
    for name, loss in known.losses.items():
        reductions = {"enum": list(loss.definition.reductions)}
        facts = {"type": "array", "items": {"type": "string"}}
        losses += _uses(
            name,
            loss.definition.doc,
            {"reduction": reductions, "target": {"type": "string"}, "facts": facts},
            (),
            bare=True,
        )
    out["properties"]["loss"] = {"anyOf": [*losses, _part(InlineLoss, definitions), _own([*known.losses, "formula"])]}
    updates: list[dict[str, Any]] = []
    for name, update in known.updates.items():
        updates += _uses(
            name, update.definition.doc, dict.fromkeys(update.definition.constants, _NUMBER), (), bare=True
        )
    inline = _part(UpdateSpec, definitions)
    out["properties"]["update"] = {
        "default": "gradient_descent",
        "anyOf": [*updates, inline, _own([*known.updates, "formula"])],
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "symjac spec", **_without(out, "title")}


def _uses(name: str, doc: str, options: Mapping[str, Any], required: Iterable[str], bare: bool) -> list[dict[str, Any]]:
    """`name` alone, `name: value` and `name: {options}`, as far as they are allowed."""
    inner: dict[str, Any] = {"type": "object", "properties": dict(options), "additionalProperties": False}
    if list(required):
        inner["required"] = list(required)
    value = {"anyOf": [_NUMBER, inner]} if bare else inner
    words = [] if list(required) else [{"const": name, "description": doc}]
    return [*words, _keyed(name, doc, value)]


def _mapping(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def _keyed(name: str, doc: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": doc,
        "properties": {name: value},
        "required": [name],
        "additionalProperties": False,
    }


def _own(known: list[str]) -> dict[str, Any]:
    """A use of a definition that the spec itself makes."""
    name = {"pattern": "^[a-z][a-z0-9_]*$", "not": {"enum": known}}
    return {
        "anyOf": [
            {"type": "string", **name},
            {"type": "object", "propertyNames": name, "minProperties": 1, "maxProperties": 1},
        ]
    }


def _part(model: type[PartSpec], definitions: dict[str, Any]) -> dict[str, Any]:
    """A reference to `model`, which is added to `definitions` with all that it refers to."""
    whole = model.model_json_schema(ref_template="#/$defs/{model}")
    definitions |= whole.pop("$defs", {})
    definitions[model.__name__] = whole
    return {"$ref": f"#/$defs/{model.__name__}"}


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in mapping.items() if k != key}
