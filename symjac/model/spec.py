"""A spec file -> a frozen, validated `Spec` that knows where each of its parts stands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from symjac.core.errors import InputError, Place
from symjac.model import habits
from symjac.model.names import check_file_name, one_of, suggest
from symjac.model.yaml_source import Path_, Places, read_text, read_yaml, shown

Samples = Literal["rows", "columns", "torch"]
MAX_LAYERS = 10_000
P = TypeVar("P", bound="PartSpec")


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise PydanticCustomError("text", "expected text")
    return value


def _amount(value: Any) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise PydanticCustomError("amount", "expected a number or a formula of one")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise PydanticCustomError("word", "expected a word")
    return value


Text = Annotated[str, BeforeValidator(_text)]
"""A formula, a pattern or a description."""
Word = Annotated[str, BeforeValidator(_word)]
Amount = Annotated[int | str, BeforeValidator(_amount), WithJsonSchema({"type": ["number", "string"]})]
"""A number, or a formula of numbers and sizes such as `1/100` or `sqrt(2/n)`."""


class PartSpec(BaseModel):
    """A mapping of known keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            raise PydanticCustomError(
                "mapping", "expected a mapping with keys {keys}", {"keys": ", ".join(cls.model_fields)}
            )
        for key in data:
            if key not in cls.model_fields:
                raise PydanticCustomError("unknown", "unknown key", {"key": key, "known": list(cls.model_fields)})
        return data


class ConventionsSpec(PartSpec):
    """How samples are stacked, Jacobians laid out, matrices made vectors."""

    samples: Samples = "rows"
    jacobian: Literal["numerator", "denominator"] = "numerator"
    vec: Literal["columns", "rows"] = "columns"


class Activation(PartSpec):
    """A formula in `x`: elementwise, or, where it says `axis`, along one axis."""

    doc: Text = ""
    axis: Amount | None = Field(
        None, description="the axis that `axis` in the formula stands for; features, or a number"
    )
    constants: dict[str, Amount] = Field({}, description="named constants and their default values")
    formula: Text


class Option(PartSpec):
    """A whole number that a use of the layer gives."""

    default: Amount | None = Field(None, description="the value where none is given; without it the option is required")
    least: int = Field(1, ge=0)


class ParameterSpec(PartSpec):
    """A trained tensor."""

    shape: list[Amount]
    std: Amount = Field(0, description="the standard deviation of its initial entries")


class Form(PartSpec):
    """What a layer is for inputs of one rank, under some of the conventions for samples."""

    samples: list[Samples] = Field(["rows", "columns", "torch"], min_length=1)
    input: Text = Field(description="the layer's input and its sizes, such as X[k, inputs]")
    parameters: dict[str, ParameterSpec] = {}
    extents: dict[str, Amount] = Field({}, description="how far an index runs whose range no size tells")
    formula: Text = Field(description="the forward equation, such as A = X @ W + b")


class Layer(PartSpec):
    """A layer: its options and its forms; the first form that fits the input is used."""

    doc: Text = ""
    kind: Literal["affine", "activation", "access"] | None = None
    options: dict[str, Option] = {}
    constants: dict[str, Amount] = {}
    forms: list[Form] = Field(min_length=1)


class Loss(PartSpec):
    """A formula in the output Y, the target T and the batch size k, for each reduction; the first is the default."""

    doc: Text = ""
    constants: dict[str, Amount] = {}
    reductions: dict[str, Text] = Field(min_length=1)
    facts: list[Text] = Field([], description="what is true of T, such as sum(T, axis=features) = 1")


class UpdateSpec(PartSpec):
    """A formula in a parameter theta and its gradient g, elementwise; or assignments to theta and a state, in order."""

    doc: Text = ""
    constants: dict[str, Amount] = {}
    state: dict[str, Amount] = Field({}, description="arrays kept from step to step, and their initial entries")
    formula: Text | None = Field(None, description="the new theta, such as theta - alpha*g")
    formulas: list[Text] = Field([], description="assignments such as m = beta*m + g, the last one theta = ...")


class Library(PartSpec):
    """Definitions by name."""

    activations: dict[str, Activation] = {}
    layers: dict[str, Layer] = {}
    losses: dict[str, Loss] = {}
    updates: dict[str, UpdateSpec] = {}


class InlineSpec(PartSpec):
    """A layer given in place: an equation such as A = X @ W + b, or an activation, a formula in x."""

    formula: Text
    input: Text | None = Field(None, description="the layer's input and its sizes; X[k, inputs] where left out")
    parameters: dict[str, ParameterSpec] = {}
    extents: dict[str, Amount] = {}
    constants: dict[str, Amount] = {}
    kind: Literal["affine", "activation", "access"] | None = None
    name: Word | None = None


class InlineLoss(PartSpec):
    """A loss given in place: a formula in the output Y, the target T and anything named before."""

    formula: Text
    target: Word = "T"
    constants: dict[str, Amount] = {}
    facts: list[Text] = []


class Repeat(PartSpec):
    """Layers that come several times in a row."""

    times: int = Field(ge=1, le=MAX_LAYERS)
    layers: list[Any] = Field(min_length=1)


class Content(PartSpec):
    """A network: its input, layers, loss and update."""

    name: Word = Field(description="what the generated files are called")
    input: Text = Field(description="the input and its sizes, such as X[k, 784]")
    batch: Word = Field("k", description="the symbol of the number of samples")
    layers: list[Any] = Field(min_length=1)
    loss: Any
    update: Any = "gradient_descent"
    conventions: ConventionsSpec = ConventionsSpec()
    constants: dict[str, Amount] = Field({}, description="named constants for every formula")
    sizes: list[Word] = Field([], description="sizes that stay symbols")
    define: Library = Library()


@dataclass(frozen=True)
class Use:
    """A definition put to use, `name: options`, or (name `formula`) a formula given in place."""

    name: str
    options: Mapping[str, Any]
    bare: Any
    """The value in `dense: 50`; None where there are options or nothing."""
    path: Path_
    """Where the options (or the bare value) stand."""
    place: Place
    """Where the name stands."""


@dataclass(frozen=True)
class Spec:
    file: str
    content: Content
    places: Places

    @property
    def name(self) -> str:
        return self.content.name


def load_spec(path: str | os.PathLike[str]) -> Spec:
    """Reads and validates a spec file. Raises InputError."""
    return spec_of_text(read_text(path), os.fspath(path))


def spec_of_text(text: str, file: str) -> Spec:
    """Validates the text of a spec; `file` is what messages call it. Raises InputError."""
    data, places = read_yaml(text, file)
    content = validated(Content, data, places, EXAMPLES)
    check_file_name(content.name, places.value(("name",)))
    return Spec(file, content, places)


EXAMPLES = {
    "name": "`name: my_network`",
    "input": "`input: X[k, 784]`",
    "layers": "`layers: [dense: 50, sigmoid, dense: 10, softmax]`",
    "loss": "`loss: cross_entropy`",
    "formula": "`formula: x/(1 + exp(-x))`",
    "forms": "a list of forms, each with `input` and `formula`",
    "shape": "`shape: [inputs, units]`",
    "times": "`times: 3`",
    "reductions": "`reductions: {mean: mean((Y - T)**2)}`",
}
"""What to write where a key is missing."""


def validated(model: type[P], data: Any, places: Places, examples: Mapping[str, str], at: Path_ = ()) -> P:
    """`data`, which stands at `at`, as a `model`. Raises InputError for the first thing that is wrong."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [_input_error(e, places, examples, at) for e in error.errors(include_url=False)]
        raise min(problems, key=lambda p: (p.place.line, p.place.column)) from None


def _input_error(error: Any, places: Places, examples: Mapping[str, str], at: Path_) -> InputError:
    path: Path_ = (*at, *error["loc"])
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            key = str(path[-1])
            return InputError(
                places.value(path[:-1]), f"the key {key!r} is missing", hint=f"add {examples.get(key, f'`{key}:`')}"
            )
        case "unknown":
            key = context["key"]
            hint = habits.option(key, context["known"])
            if any(c in key for c in "()[]"):
                hint = "put quotes around a formula or pattern that contains a comma"
            return InputError(places.key((*path, key)), f"unknown key {shown(key)}", one_of(context["known"]), hint)
        case "mapping":
            return InputError(
                places.value(path),
                f"{_what(path)} is {shown(error['input'])}",
                f"a mapping with keys {context['keys']}",
            )
        case "literal_error":
            known = [w.strip(" '") for w in context["expected"].replace(" or ", ", ").split(",")]
            hint = suggest(str(error["input"]), known)
            return InputError(places.value(path), f"{_what(path)} is {shown(error['input'])}", one_of(known), hint)
        case "greater_than_equal":
            return InputError(
                places.value(path), f"{_what(path)} is {shown(error['input'])}", f"at least {context['ge']}"
            )
        case "less_than_equal":
            return InputError(
                places.value(path), f"{_what(path)} is {shown(error['input'])}", f"at most {context['le']}"
            )
        case "too_short":
            return InputError(places.value(path), f"{_what(path)} is empty", "at least one entry")
        case kind:
            expected = {
                "text": "text",
                "word": "a word",
                "amount": "a number or a formula of one",
                "list_type": "a list, such as [a, b]",
                "dict_type": "a mapping, such as {a: 1}",
                "int_type": "a whole number",
                "int_parsing": "a whole number",
            }.get(kind, str(error["msg"]).lower())
            return InputError(places.value(path), f"{_what(path)} is {shown(error['input'])}", expected)


def _what(path: Path_) -> str:
    """`layers.dense.units`, for a message."""
    return ".".join(str(p) for p in path) if path else "the spec"


def use_of(value: Any, path: Path_, places: Places, what: str) -> Use:
    """Reads `name`, `name: bare`, `name: {options}` or `{formula: ..., ...}`. Raises InputError."""
    place = places.key(path)
    if isinstance(value, str):
        return Use(value, {}, None, path, places.value(path))
    if not isinstance(value, dict) or not value:
        raise InputError(places.value(path), f"{what} is {shown(value)}", "a name, `name: {options}` or `formula: ...`")
    for key in ("formula", "formulas"):
        if key in value:
            return Use("formula", value, None, path, places.key((*path, key)))
    first, *others = value
    place = places.key((*path, first))
    if others:
        beside = places.key((*path, others[0]))
        hint = habits.declared(first, value[first], others)
        hint = hint or f"options go inside: `{first}: {{..., {others[0]}: ...}}`; layers are items of a list"
        if any(c in others[0] for c in "()[]"):
            hint = "put quotes around a formula or pattern that contains a comma"
        raise InputError(beside, f"the key {shown(others[0])} beside {shown(first)}", f"one name for {what}", hint)
    options = value[first]
    if isinstance(options, list):
        raise InputError(
            places.value((*path, first)), f"the options of {shown(first)} are a list", "a number or a mapping"
        )
    if isinstance(options, dict):
        return Use(first, options, None, (*path, first), place)
    return Use(first, {}, options, (*path, first), place)
