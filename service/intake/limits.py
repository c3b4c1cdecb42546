"""How much of a file is taken; checked while reading, never by what a file says of itself."""

MAX_FILE_BYTES = 30_000_000
MAX_PAGES = 2_000
MAX_MEMBERS = 5_000
MAX_UNPACKED_BYTES = 100_000_000
MAX_TEXT_CHARS = 5_000_000
"""Where reading stops; more than a work may have is refused as such by who registers it."""
READING_SECONDS = 60
READING_BYTES = 1_200_000_000
"""Address space of the process that reads, libraries included."""
