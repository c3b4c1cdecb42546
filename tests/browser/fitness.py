"""What makes a page fit for everybody: seen by axe-core, weighed, and looked at narrow and wide."""

from dataclasses import dataclass, field
from pathlib import Path

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
MOST_BYTES = 150_000
NARROW, USUAL, WIDE = (
    {"width": 360, "height": 740},
    {"width": 1_280, "height": 800},
    {"width": 1_600, "height": 900},
)
_VIOLATIONS = """async (rules) => {
  const options = rules ? {runOnly: {type: "rule", values: rules}} : {};
  const found = await axe.run(document, options);
  return found.violations.map(
    (one) => one.id + ": " + one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")
  );
}"""
_WIDER = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  const scrolls = (one) => one.closest(".table-scroll, .text, pre");
  return [...document.body.querySelectorAll("*")]
    .filter((one) => one.getBoundingClientRect().right > room + 1 && !scrolls(one))
    .map((one) => one.outerHTML.slice(0, 100)).slice(-3);
}"""


@dataclass
class Observed:
    """What a page asked for and complained of while somebody looked at it."""

    page: object
    address: str
    bytes: int = 0
    faults: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"script failed: {error}"))

    def _asked(self, request):
        if not request.url.startswith((f"{self.address}/", "data:")):
            self.faults.append(f"asked another host: {request.url}")

    def _answered(self, response):
        self.bytes += int(response.headers.get("content-length", 0))

    def _said(self, message):
        if "Content Security Policy" in message.text:
            self.faults.append(f"against the policy: {message.text}")


def faults_of(page, observed):
    """Return all that is wrong with the page that is shown, each as a sentence; [] for none."""
    found = []
    if observed.bytes > MOST_BYTES:
        found.append(f"weighs {observed.bytes} bytes")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.emulate_media(color_scheme="light")
    found += [f"light: {one}" for one in page.evaluate(_VIOLATIONS, None)]
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in page.evaluate(_VIOLATIONS, ["color-contrast"])]
    page.emulate_media(color_scheme="light")
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)
        if wider := page.evaluate(_WIDER):
            found.append(f"scrolls sideways at {size['width']} px: {wider}")
    page.set_viewport_size(USUAL)
    return found + observed.faults
