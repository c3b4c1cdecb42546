"""Claims in the portal: made, answered, with every step; strangers see nothing of them."""


def a_claim(world, catalogue, **fields):
    """Let Bo claim half of Ada's essay; return the page of the claim."""
    typed = {"work_id": str(catalogue.essay), "claimed": "50", "reason": "I wrote half."}
    return world.browser("bo").send("/claims/new", **(typed | fields))


def test_a_claim_is_made_and_both_sides_see_it(world, catalogue):
    answer = a_claim(world, catalogue, evidence="<i>Our contract</i>")
    path = answer.headers["location"].partition("?")[0]
    for login, role in (("bo", "claimant"), ("ada", "respondent")):
        browser = world.browser(login)
        assert f"Essay on Salt 50 % {role} claimed 2026-02-10" in browser.text("/claims")
        page = browser.get(path).text
        assert "I wrote half." in page
        assert "&lt;i&gt;Our contract&lt;/i&gt;" in page
    assert "Claim 1" in world.browser("ada").text(f"/works/{catalogue.essay}/claims")


def test_it_is_contested_with_words_that_stay(world, catalogue):
    path = a_claim(world, catalogue).headers["location"].partition("?")[0]
    ada = world.browser("ada")
    assert "Contest it" in ada.text(path)
    answer = ada.send(path, action="contest", reason="It is all mine.")
    assert answer.headers["location"] == f"{path}?done=step-taken"
    assert "Ada : contest, then contested. It is all mine." in world.browser("bo").text(path)


def test_what_is_wrong_is_said_and_kept(world, catalogue):
    for field, typed in (("work_id", "mine"), ("claimed", "half"), ("reason", "")):
        answer = a_claim(world, catalogue, **{field: typed})
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
    assert "No work has this number." in a_claim(world, catalogue, work_id="99").text
    path = a_claim(world, catalogue).headers["location"].partition("?")[0]
    empty = world.browser("bo").send(path, action="evidence", reason="Here.")
    assert "Bring a text or an address" in empty.text
    assert "Here.</textarea>" in empty.text


def test_a_stranger_sees_no_claim(world, catalogue):
    path = a_claim(world, catalogue).headers["location"].partition("?")[0]
    world.user("cy", "creator", world.holder("Cy"))
    stranger = world.browser("cy")
    assert stranger.get(path).status_code == 404
    assert stranger.send(path, action="contest", reason="x").status_code == 404
    assert "No claims" in stranger.text("/claims")
