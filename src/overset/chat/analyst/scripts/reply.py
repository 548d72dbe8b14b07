"""What a script ends with."""

from dataclasses import dataclass

from overset.chat.analyst.questions.model import Question


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer, as Markdown, and the question as it was understood."""

    text: str
    question: Question
