"""Every page of the portal, as found in its routes, is fit for everybody who may see it."""

import re

import pytest
from fitness import faults_of
from scene import LOGINS

from service.portal import application

pytest.importorskip("playwright.sync_api", reason="no Playwright here: make setup-browser")

VISITORS = (None, "ada", "olga", "acme")
PATHS = sorted(
    {
        route.path
        for room in application._ROOMS
        for route in room.router.routes
        if "GET" in route.methods
    }
)


def example_of(path, scene):
    """Return an address of the page with the numbers of the scene."""

    def chosen(part):
        name = part[1].partition(":")[0]
        places = [one for one in scene.examples if "{" in one and path.startswith(one)]
        of_page = next((one for one in places if one.endswith(part[0])), name)
        assert of_page in scene.examples, f"no example of {part[0]} for {path}: tests/browser/scene"
        return str(scene.examples[of_page])

    return re.sub(r"{([^}]+)}", chosen, path)


def test_there_are_pages_to_look_at():
    assert {"/login", "/home", "/works/{work_id}", "/operator", "/vendor"} <= {*PATHS}
    assert {*VISITORS} - {None} <= {*LOGINS}


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_fit_for_everybody(site, path):
    address = example_of(path, site.scene)
    shown = {login: site.answer(login, address)[0] for login in VISITORS}
    found = []
    for login in (login for login, kind in shown.items() if kind == "page"):
        page = site.visitor(login)
        page.goto(address)
        found += [f"{login}: {fault}" for fault in faults_of(page, page.observed)]
    assert found == []
    assert {*shown.values()} & {"page", "file", "led on"}, f"{address}: {shown}"


BROKEN = """<title>Broken</title><body style="margin: 0"><h1>Broken</h1><img src="/static/icon.svg">
<p style="color: #eee; width: 1700px">Pale and wide</p><script src="https://example.com/a.js">
</script>"""


def test_what_is_unfit_is_found(site):
    page = site.visitor()
    page.route("**/broken", lambda route: route.fulfill(body=BROKEN, content_type="text/html"))
    page.goto("/broken")
    page.observed.bytes += 150_000
    found = "\n".join(faults_of(page, page.observed))
    for fault in (
        "weighs 150",
        "light: color-contrast",
        "light: image-alt",
        "scrolls sideways at 360 px",
        "scrolls sideways at 1600 px",
        "asked another host: https://example.com/a.js",
    ):
        assert fault in found
