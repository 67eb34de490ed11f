"""The one error of this program."""

from __future__ import annotations


class Refusal(Exception):
    """Something cannot be done: a stable code, a sentence for a person, and what would help."""

    def __init__(self, code: str, sentence: str, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.hint = hint
