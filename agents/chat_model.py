"""The chat model over HTTP: any OpenAI-compatible server. Raises `LanguageModelError` and nothing else; never retries."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import openai
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from domain.errors import LanguageModelError

MAX_DETAIL_CHARS = 200


class ToolCall(BaseModel):
    """A tool that the model wants called. Only a proposal: whoever asked decides."""

    name: str
    arguments: dict[str, Any]


class OpenAiChatModel:
    """A `ChatModel` that speaks to OpenAI, Azure, vLLM, Ollama, LiteLLM: whatever offers `/chat/completions`.

    Args:
        model: The model's name at the server.
        base_url: Address up to and including `/v1`; None means OpenAI.
        api_key: The secret; a server without keys takes any string.
        timeout_s: Seconds that one answer may take as a whole, > 0.
        max_tokens: Most tokens of one answer, >= 1.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: SecretStr,
        timeout_s: float = 30.0,
        max_tokens: int = 900,
    ) -> None:
        self.name = model
        self._timeout_s = timeout_s
        self._llm = ChatOpenAI(
            model=model,
            base_url=base_url,
            api_key=api_key,
            timeout=timeout_s,
            max_completion_tokens=max_tokens,
            temperature=0.2,
            # Self-hosted servers speak chat completions only.
            use_responses_api=False,
            # LangChain turns usage off when streaming against a custom address.
            stream_usage=True,
            # The caller has an offline path; retries would only hide an outage and keep the rep waiting.
            max_retries=0,
        )

    async def write(self, system: str, user: str) -> str:
        """Answer a prompt with text, streamed so that a server that stops in the middle is noticed."""
        messages: list[BaseMessage] = [SystemMessage(system), HumanMessage(user)]
        async with self._mapped_errors():
            answer: AIMessageChunk | None = None
            async for chunk in self._llm.astream(messages):
                answer = chunk if answer is None else answer + chunk
        if answer is None:
            raise LanguageModelError("invalid_answer", f"{self.name} closed the stream without an answer")
        if answer.response_metadata.get("finish_reason") == "content_filter" or answer.additional_kwargs.get("refusal"):
            raise LanguageModelError("refused", f"{self.name} declined to answer")
        if not (text := str(answer.text)).strip():
            called = ", ".join(str(call["name"]) for call in answer.tool_calls) or "nothing"
            raise LanguageModelError("invalid_answer", f"{self.name} gave no text (tools called: {called})")
        return text

    async def choose_tools(self, system: str, user: str, tools: Sequence[dict[str, Any]]) -> tuple[ToolCall, ...]:
        """Let the model call tools, and return the calls in its order. Nothing is executed here.

        Args:
            system: The instructions.
            user: The material.
            tools: Function schemas in OpenAI's form.

        Raises:
            LanguageModelError: When the model fails, or calls with arguments that are not JSON.
        """
        bound = self._llm.bind_tools(list(tools), tool_choice="auto")
        async with self._mapped_errors():
            answer = await bound.ainvoke([SystemMessage(system), HumanMessage(user)])
        if answer.invalid_tool_calls:
            raise LanguageModelError("invalid_answer", f"{self.name} called a tool with arguments that are not JSON")
        return tuple(ToolCall(name=call["name"], arguments=call["args"]) for call in answer.tool_calls)

    @asynccontextmanager
    async def _mapped_errors(self) -> AsyncIterator[None]:
        """Turn every way in which the server can fail into one named error, within one deadline for all of it."""
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except (TimeoutError, openai.APITimeoutError) as error:
            raise LanguageModelError("timeout", f"{self.name} took longer than {self._timeout_s:g} s") from error
        except openai.RateLimitError as error:
            raise LanguageModelError("rate_limit", self._detail(error)) from error
        except openai.InternalServerError as error:
            raise LanguageModelError("server", self._detail(error)) from error
        except openai.APIStatusError as error:
            raise LanguageModelError("refused", self._detail(error)) from error
        except (openai.APIConnectionError, httpx2.TransportError) as error:
            raise LanguageModelError("connection", self._detail(error)) from error
        except openai.APIResponseValidationError as error:
            raise LanguageModelError("invalid_answer", self._detail(error)) from error
        except openai.APIError as error:
            # An error event inside a stream that began with 200.
            raise LanguageModelError("server", self._detail(error)) from error
        except Exception as error:
            # A server that answers 200 with something else fails anywhere inside the client libraries.
            raise LanguageModelError("invalid_answer", self._detail(error)) from error

    def _detail(self, error: Exception) -> str:
        return f"{self.name}: {' '.join(str(error).split())[:MAX_DETAIL_CHARS] or type(error).__name__}"
