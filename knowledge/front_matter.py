"""What an author says about a document, as YAML: the block above a Markdown text, or a file beside any other. Pure."""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

import yaml
from pydantic import BeforeValidator, Field, ValidationError

from domain.errors import InvalidInputError
from domain.values import Instant, ProductId, Value

Kind = Literal["product", "objection_guide", "playbook", "compliance", "other"]

_BLOCK = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


def _from_date(value: object) -> object:
    """Read a date as its first moment in UTC; leave everything else to the type."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time.min, tzinfo=UTC)
    return value


Day = Annotated[Instant, BeforeValidator(_from_date)]


class FrontMatter(Value):
    """All of it is optional: absent means what the file itself says, or the default."""

    title: str | None = Field(default=None, min_length=1)
    kind: Kind | None = None
    product_id: ProductId | None = Field(default=None, min_length=1)
    valid_from: Day | None = None
    valid_until: Day | None = Field(default=None, description="The first moment at which the text holds no more.")
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    source: str | None = Field(default=None, min_length=1, description="Address to cite instead of the file.")


def take_front_matter(text: str, *, file: str) -> tuple[FrontMatter, str]:
    """Split a Markdown text into its front matter and the rest.

    Args:
        text: With or without a block between two lines of `---` at the very top.
        file: Named in errors.

    Raises:
        InvalidInputError: If the block is not YAML or breaks a rule.
    """
    block = _BLOCK.match(text)
    if block is None:
        return FrontMatter(), text
    return parse_front_matter(block[1], file=file), text[block.end() :]


def parse_front_matter(text: str, *, file: str) -> FrontMatter:
    """Read YAML to front matter.

    Raises:
        InvalidInputError: If it is not YAML or breaks a rule.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        first_line = str(error).splitlines()[0]
        raise InvalidInputError("front matter", file, f"is not valid YAML ({first_line}); fix or remove it") from error
    if found is None:
        return FrontMatter()
    if not isinstance(found, dict):
        raise InvalidInputError("front matter", file, "must be lines of `key: value`")
    try:
        front = FrontMatter.model_validate(found)
    except ValidationError as error:
        raise InvalidInputError("front matter", file, _rule(error)) from error
    if front.valid_from and front.valid_until and front.valid_from >= front.valid_until:
        raise InvalidInputError("front matter", file, "has valid_until before or at valid_from, so it would never hold")
    return front


def _rule(error: ValidationError) -> str:
    problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']} (got {e['input']!r})" for e in error.errors())
    return f"breaks a rule: {problems}. Known keys: {', '.join(FrontMatter.model_fields)}"
