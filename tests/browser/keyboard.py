"""Somebody without a mouse: goes from one thing to the next and sees where they are."""

_FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  return {
    name: (one.labels?.[0] || one).innerText.trim().split("\\n")[0],
    ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""
MOST_STOPS = 60


def tab_to(page, name):
    """Press Tab until something of this name has the focus, which is visible at each stop."""
    passed = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUSED)
        if stop is None:  # the end of the page: the browser's own parts come next
            continue
        passed.append(stop["name"])
        assert stop["ringed"], f"no ring around {stop['name']!r} of {page.url}"
        assert stop["inView"], f"{stop['name']!r} has the focus out of sight of {page.url}"
        if stop["name"] == name:
            return
    raise AssertionError(f"no {name!r} among {passed} of {page.url}")


def type_into(page, name, text):
    """Go to a field and type."""
    tab_to(page, name)
    page.keyboard.insert_text(text)


def press(page, name):
    """Go to a link or button and press Enter; it leads on."""
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")
