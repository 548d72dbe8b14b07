"""OpenAI's streams as the JSON that they are: its SDK makes five objects of each piece of text.

LangChain takes dictionaries as well, and makes dictionaries of the objects at once. The objects
took a sixth of the time that a process spends on a streamed token.
"""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, AsyncStream


class PlainCompletions:
    """Stands where LangChain expects the SDK's `chat.completions`; all else is the SDK's own.

    Source: the SDK's way to undocumented endpoints (openai-python, "Making custom/undocumented
    requests").
    """

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client.chat.completions, name)

    async def create(self, **payload: Any) -> AsyncStream[object]:
        """Ask, and return the pieces of the answer as they are.

        Raises:
            openai.APIError: the provider, or the way there, refused.
        """
        return await self._client.post(
            "/chat/completions",
            cast_to=object,
            body=payload,
            stream=True,
            stream_cls=AsyncStream[object],
        )


def stream_plainly(model: BaseChatModel) -> None:
    """Let the streams of OpenAI's model stay JSON."""
    if isinstance(model, ChatOpenAI):
        model.async_client = PlainCompletions(model.root_async_client)
