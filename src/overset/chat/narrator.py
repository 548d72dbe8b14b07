"""Tells what happens in a turn as events, and knows what was begun and not finished."""

from collections.abc import Callable

from langchain_core.messages import AIMessage, ToolMessage

from overset.chat.events import AnyEvent, Final, Token, ToolCall, ToolResult, Warn

_NO_ANSWER = Warn(
    code="model_empty", detail="The model gave no answer. Ask again, perhaps in other words."
)
_UNREADABLE = Warn(
    code="model_calls_unreadable",
    detail="The model wanted to use a tool, but how it wrote that cannot be read: it was not done. "
    "Ask again, perhaps in other words.",
)
CUT_OFF = "Interrupted: nobody knows whether this was carried out. Look before doing it again."
"""What is said of a call that was begun and gave no result, to the member and to the model."""


class Narrator:
    """The voice of one turn; `say` takes each event at once.

    Attributes:
        finished: the messages of the tools that answered in this turn, by call.
    """

    def __init__(self, say: Callable[[AnyEvent], None]) -> None:
        self.say = say
        self.finished: dict[str, ToolMessage] = {}
        self._open: dict[str, ToolCall] = {}
        self._message_id = ""
        self._text: list[str] = []

    def hear(self, message_id: str, text: str) -> None:
        """Tell a piece of what the model says."""
        if message_id != self._message_id:
            self._message_id, self._text = message_id, []
        self._text.append(text)
        self.say(Token(message_id=message_id, text=text))

    def end_message(self, message: AIMessage) -> None:
        """Tell a whole message of the model, if it is an answer and not a step on the way."""
        self._text = []
        if message.tool_calls:
            return
        text = str(message.text)
        if text.strip():
            self.say(Final(message_id=str(message.id), text=text))
        if message.invalid_tool_calls:
            self.say(_UNREADABLE)
        elif not text.strip():
            self.say(_NO_ANSWER)

    def begin_call(self, call: ToolCall) -> None:
        """Tell that a tool is about to run."""
        self._open[call.id] = call
        self.say(call)

    def end_call(self, result: ToolResult, message: ToolMessage | None = None) -> None:
        """Tell what a tool answered; the message that says so to the model may be asked for."""
        self._open.pop(result.id, None)
        if message is not None:
            self.finished[result.id] = message
        self.say(result)

    def interrupt(self) -> AIMessage | None:
        """Tell of each call that has no result that it has none.

        Returns what the model said of a message that it did not finish, or None.
        """
        for call_id in tuple(self._open):
            self.end_call(ToolResult(id=call_id, status="interrupted", text=CUT_OFF))
        text = "".join(self._text)
        if not text.strip():
            return None
        return AIMessage(text, id=self._message_id)
