"""What is noted of a sale as it is taken: how it came, who said its tier, what is odd about it."""

from enum import IntEnum, IntFlag


class SaleFormat(IntEnum):
    """Formats of reports, as they are stored."""

    NATIVE = 0
    CLOUDEVENTS = 1
    LITELLM = 2
    OTLP = 3
    OPENMETER = 4

    @property
    def word(self) -> str:
        """Name of the format."""
        return self.name.lower()


class TierBy(IntEnum):
    """Who said the tier of a sale: its report, a tag of the call, or a rule of the key."""

    REPORT = 0
    TAG = 1
    RULE = 2

    @property
    def word(self) -> str:
        """Name of who said it."""
        return self.name.lower()


class SaleFlag(IntFlag):
    """What a vendor should look at; nothing of it keeps a sale from being settled."""

    ZERO_TOKENS = 1
    ZERO_GROSS = 2
    UNKNOWN_MODEL = 4

    @property
    def words(self) -> list[str]:
        """Names of the flags that are set."""
        return [str(flag.name).lower().replace("_", "-") for flag in self]


NO_FLAGS = SaleFlag(0)
