"""Many works at once: tried first, registered whole or not at all, line by line."""

import json


def a_line(number, **fields):
    line = {"id": f"n-{number}", "title": f"Note {number}", "text": f"Text {number}."}
    return json.dumps(line | {"language": "en"} | fields)


def test_lines_are_tried_and_nothing_is_kept(world, catalogue):
    browser = world.browser("ada")
    lines = "\n".join([a_line(1), a_line(2)])
    said = browser.send("/works/import", lines=lines, action="check").text
    assert "2 would be registered, 0 are duplicates, 0 are wrong" in said
    assert "Note 1" in said, "what was typed stays"
    assert "Note 1" not in browser.text("/works")


def test_a_batch_is_registered_whole_and_rings(world, catalogue):
    browser = world.browser("ada")
    lines = "\n".join([a_line(1), a_line(2)])
    answer = browser.send("/works/import", lines=lines, action="register")
    assert answer.headers["location"] == "/works?state=indexing&done=batch-registered"
    said = browser.text(answer.headers["location"])
    assert "Note 1" in said
    assert "Note 2" in said
    assert world.bell.rings == 1


def test_one_wrong_line_keeps_all_out_and_says_why(world, catalogue):
    browser = world.browser("ada")
    lines = "\n".join([a_line(1), a_line(2, text="")])
    answer = browser.send("/works/import", lines=lines, action="register")
    assert answer.status_code == 422
    assert "1 would be registered, 0 are duplicates, 1 are wrong" in answer.text
    assert "Nothing was registered" in answer.text
    assert "Note 1" not in browser.text("/works")


def test_a_holder_who_is_not_the_creator_alone_cannot_be_slipped_in(world, catalogue):
    holders = [{"holder_id": catalogue.bo, "share_ppm": 1_000_000}]
    line = a_line(1, holders=holders)
    answer = world.browser("ada").send("/works/import", lines=line, action="register")
    assert answer.status_code == 422


def test_nothing_and_what_is_no_batch_are_refused_beside_the_field(world, catalogue):
    browser = world.browser("ada")
    for lines in ("", "[1"):
        answer = browser.send("/works/import", lines=lines, action="check")
        assert answer.status_code == 422
        assert 'id="lines-error"' in answer.text
