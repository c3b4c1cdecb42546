"""The one root of every refusal of the ledger; each noun defines its own beside itself."""

from collections.abc import Mapping


class LedgerError(Exception):
    """A rule of the domain is broken. ``facts`` carries what was found, never prose only.

    ``code`` is the stable name of the rule for machines: the class name in kebab-case.
    """

    def __init__(self, sentence: str, **facts: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.facts: Mapping[str, object] = facts

    @property
    def code(self) -> str:
        """Name of the rule, e.g. ``split-not-whole``."""
        return self.rule()

    @classmethod
    def rule(cls) -> str:
        """Return the code of every refusal of this kind."""
        name = cls.__name__
        return "".join("-" + c.lower() if c.isupper() else c for c in name).lstrip("-")
