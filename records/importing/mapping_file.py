"""Reads a mapping file and says in one sentence what is wrong with it. Decides nothing about data."""

import string
from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domain.errors import MappingError
from records.importing.mapping import FieldSource, FormatHints, Join, Levels, Mapping, Sequence, Source
from records.importing.suggestions import did_you_mean

_MODELS: dict[str, type[BaseModel]] = {
    "format": FormatHints,
    "joins": Join,
    "columns": Source,
    "fields": FieldSource,
    "levels": Levels,
}
"""What stands under each key of a mapping."""


def load_mapping(path: Path) -> Mapping:
    """Read a mapping from YAML.

    Args:
        path: The mapping file.

    Raises:
        MappingError: If the file is missing, is not YAML, or breaks a rule; names the key, its value and the rule.
    """
    try:
        # Text only: YAML's own types would turn `yes`, `on`, `null` and 01234 into something else.
        document = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)
    except OSError as error:
        raise MappingError("--mapping", str(path), f"cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise MappingError("--mapping", str(path), "is not UTF-8 text; save the mapping as UTF-8") from error
    except yaml.YAMLError as error:
        rule = f"is not YAML ({' '.join(str(error).split())}); check indentation and quotes"
        raise MappingError("--mapping", str(path), rule) from error
    if not isinstance(document, dict):
        raise MappingError("--mapping", document, f"is no mapping; {path.name} starts with keys such as 'columns:'")
    return parse_mapping(document)


def parse_mapping(document: dict[object, object]) -> Mapping:
    """Check a mapping document. Raises `MappingError` about its first fault.

    Args:
        document: The document as YAML gives it.
    """
    try:
        mapping = Mapping.model_validate(document)
    except ValidationError as error:
        raise _explain(error.errors(include_url=False)[0]) from error
    for target, source in [*mapping.columns.items(), *mapping.fields.items()]:
        if source.template is not None:
            placeholders(target, source.template)
    return mapping


def placeholders(target: str, template: str) -> tuple[str, ...]:
    """Return the names between the braces of a template.

    Args:
        target: The column that the template fills, for the message.
        template: The template.

    Raises:
        MappingError: If the braces do not match or a name is missing between them.
    """
    key = f"columns.{target}.template"
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise MappingError(key, template, f"is no template ({error}); write names in braces: lead-{{row}}") from error
    if not all(names):
        raise MappingError(key, template, "has empty braces; name a column, {row} or {hash} between them")
    return tuple(names)


def _explain(detail: ErrorDetails) -> MappingError:
    place = [str(part) for part in detail["loc"] if part != "[key]"]
    key = ".".join(place) or "mapping"
    match detail["type"]:
        case "extra_forbidden":
            rule = f"is under a key that mappings do not have{did_you_mean(place[-1], _keys_beside(place))}"
        case "value_error":
            rule = detail["msg"].removeprefix("Value error, ")
        case "enum" if "expected" in detail.get("ctx", {}):
            expected = str(detail["ctx"]["expected"])
            words = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
            rule = f"is not one of {', '.join(words)}{did_you_mean(str(detail['input']), words)}"
        case _:
            message = detail["msg"]
            rule = f"is refused: {message[0].lower()}{message[1:]}"
    return MappingError(key, detail["input"], rule)


def _keys_beside(place: list[str]) -> list[str]:
    model: type[BaseModel] = Mapping
    if len(place) > 1:
        model = Sequence if place[-2] == "sequence" else _MODELS[place[0]]
    return [field.alias or name for name, field in model.model_fields.items()]
