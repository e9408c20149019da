"""What passes from writer to reviewer: a text, who wrote it, and from which sources. No behaviour."""

from pydantic import Field

from domain.values import Value


class ReplyManuscript(Value):
    """A reply before its review."""

    text: str
    abstained: bool = False
    written_by: str
    why_offline: str | None = Field(default=None, description="Why no model wrote this; None when one did.")
    prompt_version: str | None = None


class DraftManuscript(Value):
    """A message to a customer before its review, with `[n]` markers."""

    subject: str | None = None
    body: str
    written_by: str
    why_offline: str | None = None
    prompt_version: str | None = None


class Source(Value):
    """An approved passage that a message may cite."""

    marker: int = Field(ge=1)
    passage_id: str
    language: str
    title: str
    text: str
