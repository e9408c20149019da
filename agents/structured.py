"""Answers of a chat model as validated values. One bounded retry that names what was wrong; then a named error."""

import re
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.errors import LanguageModelError
from domain.ports import ChatModel

MAX_ATTEMPTS = 2

_FENCED = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)

T = TypeVar("T", bound=BaseModel)


class WrittenReply(BaseModel):
    """What the model answers a rep with."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str = Field(min_length=1, max_length=8_000)
    citations: tuple[int, ...] = ()
    abstained: bool = False


class WrittenDraft(BaseModel):
    """What the model writes to a customer."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    subject: str | None = Field(default=None, max_length=200)
    body: str = Field(min_length=1, max_length=8_000)
    citations: tuple[int, ...] = ()


async def write_structured(model: ChatModel, system: str, user: str, answer: type[T]) -> T:
    """Ask until the answer validates, at most `MAX_ATTEMPTS` times.

    Raises:
        LanguageModelError: As the model raises it; `invalid_answer` when no attempt validates.
    """
    asked, wrong = user, ""
    for _ in range(MAX_ATTEMPTS):
        text = await model.write(system, asked)
        try:
            return answer.model_validate_json(_json_part(text))
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['msg']}" for e in error.errors()[:3])
            asked = f"{user}\n\nYour last answer could not be used ({wrong}). Answer with the JSON object only."
    raise LanguageModelError("invalid_answer", f"{model.name} gave no valid {answer.__name__}: {wrong}")


def _json_part(text: str) -> str:
    """Return the JSON object of an answer; small models wrap it in a code fence or in words."""
    fenced = _FENCED.search(text)
    body = fenced[1] if fenced else text
    start, end = body.find("{"), body.rfind("}")
    return body[start : end + 1] if 0 <= start < end else body
