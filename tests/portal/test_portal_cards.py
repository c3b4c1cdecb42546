"""Tables as cards: cells know their column, so that a narrow screen needs no sideways scrolling."""

from markupsafe import Markup

from service.portal.cards import cards


def test_each_cell_is_told_the_name_of_its_column():
    assert cards(
        Markup(
            '<thead><tr><th scope="col">Work</th><th scope="col">Your <em>part</em></th></tr>'
            '</thead><tbody><tr><th scope="row">Ode</th><td class="number">1</td></tr></tbody>'
        )
    ) == (
        '<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Work</th>'
        '<th role="columnheader" scope="col">Your <em>part</em></th></tr></thead>'
        '<tbody role="rowgroup"><tr role="row"><th role="rowheader" data-label="Work" scope="row">'
        'Ode</th><td role="cell" data-label="Your part" class="number">1</td></tr></tbody>'
    )  # fmt: skip


def test_a_cell_across_columns_has_no_name_and_the_next_has_its_own():
    table = cards(
        Markup(
            "<thead><tr><th>A</th><th>B</th><th>C</th></tr></thead>"
            '<tfoot><tr><th colspan="2">Sum</th><td>3</td></tr></tfoot>'
        )
    )
    assert '<th role="rowheader" colspan="2">Sum</th><td role="cell" data-label="C">3</td>' in table


def test_a_quote_in_a_name_does_not_end_the_attribute():
    table = cards(
        Markup('<thead><tr><th>A "b"</th></tr></thead><tbody><tr><td>1</td></tr></tbody>')
    )
    assert '<td role="cell" data-label="A &#34;b&#34;">1</td>' in table


def test_what_somebody_typed_stays_text():
    row = Markup("<tbody><tr><td>{}</td></tr></tbody>").format("<td>x</td>")
    assert "&lt;td&gt;x&lt;/td&gt;" in cards(row)
