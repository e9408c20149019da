"""Prompts: Markdown files identified by the hash of their content, and fences for text that is data. No model is called here."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from domain.values import content_hash


@dataclass(frozen=True)
class Prompt:
    """Instructions for the chat model. `version` changes whenever a letter does."""

    name: str
    text: str

    @property
    def version(self) -> str:
        """Return name and content hash, as decisions record it."""
        return f"{self.name}@{content_hash(self.text, length=12)}"


@cache
def load_prompt(name: str) -> Prompt:
    """Read `agents/prompts/<name>.md`.

    Raises:
        FileNotFoundError: If the package was installed without its prompts.
    """
    return Prompt(name, (files("agents") / "prompts" / f"{name}.md").read_text(encoding="utf-8").strip())


def fence(name: str, payload: object) -> str:
    """Write JSON-plain material between data tags that nothing inside it can close.

    Angle brackets become their JSON escapes, so a text that contains `</data>` stays a text.
    """
    text = json.dumps(payload, ensure_ascii=False, indent=1).replace("<", "\\u003c").replace(">", "\\u003e")
    return f'<data name="{name}">\n{text}\n</data>'
