"""Properties run without a clock; the module of statements beside this file can be imported."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("documents", deadline=None)
settings.load_profile("documents")
