"""Files become texts, and whatever is wrong with one is refused by name."""

import codecs
import io
import time
import zipfile
import zlib

import intake_files as files
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intake_files import ELEGY, ODE

from service.intake import archive, html, intake, plain
from service.intake.refusals import (
    ArchiveTooLarge,
    EntitiesRefused,
    FileDamaged,
    FileEncrypted,
    FileHasMacros,
    FileRefused,
    FileTooCostly,
    FileTooLarge,
    NoTextInside,
    NotUnicode,
    TooManyPages,
    UnknownFileType,
    WrongFileType,
)


def paragraphs(text):
    return [one for one in text.split("\n\n") if one]


SAME = {
    "UTF-8": f"{ODE}\nÄ".encode(),
    "with a mark": codecs.BOM_UTF8 + f"{ODE}\nÄ".encode(),
    "UTF-16, little end first": codecs.BOM_UTF16_LE + f"{ODE}\nÄ".encode("utf-16-le"),
    "UTF-16, big end first": codecs.BOM_UTF16_BE + f"{ODE}\nÄ".encode("utf-16-be"),
    "line ends of Windows": f"{ODE}\r\nÄ".encode(),
    "line ends of old Macs": f"{ODE}\rÄ".encode(),
    "a separator of lines": f"{ODE}\u2028Ä".encode(),
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME)
def test_one_text_in_any_encoding_is_one_text(content):
    assert intake.read("ode.txt", content).text == f"{ODE}\nÄ"


def test_a_file_is_told_by_its_type_size_and_hash():
    read = intake.read("C:\\Texts\\Ode.MARKDOWN", b"# Ode\n\nThe tide.")
    assert (read.text, read.file_type, read.byte_count) == ("# Ode\n\nThe tide.", "md", 16)
    assert len(read.sha256) == 32


def test_html_is_what_a_reader_sees():
    content = (
        b"<!doctype html><title>Unseen</title><script>let unseen = 1</script>"
        b"<h1>Ode</h1><!-- unseen --><p>The <b>tide</b> keeps\n no&nbsp;ledger,<br>and pays."
        b"<p style='x'>The shore &amp; the sea<div>Ende</div><template>unseen</template>"
    )
    assert paragraphs(intake.read("ode.html", content).text) == [
        "Ode",
        "The tide keeps no\xa0ledger,\nand pays.",
        "The shore & the sea",
        "Ende",
    ]


HTML_ENCODED = {
    "declared": '<meta charset="iso-8859-1"><p>Möwen'.encode("latin-1"),
    "by mark": codecs.BOM_UTF16_LE + "<p>Möwen".encode("utf-16-le"),
    "by default": "<p>Möwen".encode(),
}


@pytest.mark.parametrize("content", HTML_ENCODED.values(), ids=HTML_ENCODED)
def test_html_is_decoded_as_it_says(content):
    assert intake.read("m.htm", content).text == "Möwen"


def test_a_pdf_gives_its_pages_in_order():
    read = intake.read("ode.pdf", files.pdf(ODE, ELEGY))
    assert [" ".join(one.split()) for one in paragraphs(read.text)] == [ODE, ELEGY]
    assert read.file_type == "pdf"


def test_a_word_document_gives_paragraphs_tables_and_no_deleted_text():
    content = files.word(ODE, ELEGY, table=[("tide", "height")])
    deleted = files.changed_zip(
        content,
        {
            "word/document.xml": lambda data: data.replace(
                b"</w:body>",
                b"<w:p><w:ins w:id='1' w:author='x'><w:r><w:t>Inserted.</w:t></w:r></w:ins>"
                b"<w:del w:id='2' w:author='x'><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>"
                b"</w:body>",
            )
        },
    )
    assert paragraphs(intake.read("ode.docx", deleted).text) == [
        ODE,
        ELEGY,
        "tide",
        "height",
        "Inserted.",
    ]


def test_an_e_book_gives_its_chapters_in_the_order_of_the_spine():
    book = files.epub(
        files.page(f"<p>{ELEGY}</p>"), files.page(f"<h1>Ode</h1><p>{ODE}</p>"), spine=(1, 0)
    )
    assert paragraphs(intake.read("book.epub", book).text) == ["Ode", ODE, ELEGY]


def with_macros(content):
    return files.changed_zip(content, add={"word/vbaProject.bin": b"\xd0\xcf"})


def macro_type(content):
    return files.changed_zip(
        content,
        {
            "[Content_Types].xml": lambda data: data.replace(
                b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
                b"application/vnd.ms-word.document.macroEnabled.main+xml",
            )
        },
    )


def laughs(data):
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    return data.replace(b"?>", b"?>" + bomb, 1)


def bomb(megabytes):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", "wordprocessingml.document.main+xml")
        for number in range(megabytes // 10):
            made.writestr(f"word/{number}.bin", bytes(10_000_000))
    return buffer.getvalue()


def many_members():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for number in range(5_001):
            made.writestr(f"{number}", b"")
    return buffer.getvalue()


def encrypted_zip():
    content = bytearray(files.word(ODE))
    at = content.index(b"PK\x01\x02")
    while at >= 0:
        content[at + 8] |= 1
        at = content.find(b"PK\x01\x02", at + 4)
    return bytes(content)


OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
FONTS = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData '
    'xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="{}"/>'
    "</EncryptedData></encryption>"
)
CHAPTER = files.page(f"<p>{ODE}</p>")
REFUSED = {
    "no known name": ("ode.exe", b"MZ", UnknownFileType),
    "no ending": ("ode", b"x", UnknownFileType),
    "a picture named pdf": ("ode.pdf", b"\x89PNG\r\n\x1a\n", WrongFileType),
    "a picture named txt": ("ode.txt", b"\xff\xd8\xff\xe0", WrongFileType),
    "a pdf named docx": ("ode.docx", b"%PDF-1.7", WrongFileType),
    "text named pdf": ("ode.pdf", b"the tide", WrongFileType),
    "a zip named txt": ("ode.txt", files.word(ODE), WrongFileType),
    "a book named docx": ("ode.docx", files.epub(CHAPTER), WrongFileType),
    "a document named epub": ("ode.epub", files.word(ODE), WrongFileType),
    "an old document": ("ode.docx", OLD, WrongFileType),
    "an encrypted document": (
        "ode.docx",
        OLD + "EncryptedPackage".encode("utf-16-le"),
        FileEncrypted,
    ),
    "an encrypted pdf": ("ode.pdf", files.pdf(ODE, encrypt="secret"), FileEncrypted),
    "an encrypted zip": ("ode.docx", encrypted_zip(), FileEncrypted),
    "an encrypted book": (
        "o.epub",
        files.epub(CHAPTER, add={"META-INF/encryption.xml": FONTS.format("aes256-cbc")}),
        FileEncrypted,
    ),
    "macros": ("ode.docx", with_macros(files.word(ODE)), FileHasMacros),
    "a type with macros": ("ode.docx", macro_type(files.word(ODE)), FileHasMacros),
    "entities in a document": (
        "ode.docx",
        files.changed_zip(files.word(ODE), {"word/document.xml": laughs}),
        EntitiesRefused,
    ),
    "entities in a book": (
        "o.epub",
        files.epub(files.page("<p>&a;</p>", '<!DOCTYPE html [<!ENTITY a "ha">]>')),
        EntitiesRefused,
    ),
    "entities in a page": ("o.html", b'<!DOCTYPE x [<!ENTITY a "ha">]><p>&a;', EntitiesRefused),
    "entities in UTF-16": (
        "o.html",
        codecs.BOM_UTF16_BE + '<!DOCTYPE x [<!ENTITY a "ha">]>'.encode("utf-16-be"),
        EntitiesRefused,
    ),
    "a zip bomb": ("ode.docx", bomb(200), ArchiveTooLarge),
    "too many members": ("ode.docx", many_members(), ArchiveTooLarge),
    "ten thousand pages": ("ode.pdf", files.pdf_of_blank_pages(10_000), TooManyPages),
    "a scan": ("ode.pdf", files.pdf_of_blank_pages(1), NoTextInside),
    "nothing": ("ode.txt", b"", NoTextInside),
    "blanks": ("ode.txt", b" \n\t ", NoTextInside),
    "an empty page": ("ode.html", b"<script>1</script>", NoTextInside),
    "latin-1": ("ode.txt", "Möwen".encode("latin-1"), NotUnicode),
    "half a character": ("ode.txt", "Möwe".encode()[:2], NotUnicode),
    "half a UTF-16": ("ode.txt", codecs.BOM_UTF16_LE + b"a", NotUnicode),
    "a NUL": ("ode.txt", b"a\0b", FileDamaged),
    "a cut zip": ("ode.docx", files.word(ODE)[:3_000], FileDamaged),
    "a cut pdf": ("ode.pdf", files.pdf(ODE)[:400], FileDamaged),
    "a book without its package": (
        "o.epub",
        files.epub(CHAPTER).replace(b"OPS/book.opf", b"OPS/bo0k.opf"),
        FileDamaged,
    ),
    "too large": ("ode.txt", b"x" * 30_000_001, FileTooLarge),
}


@pytest.mark.parametrize(("name", "content", "refusal"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_with_a_file_is_said_by_name(name, content, refusal):
    with pytest.raises(refusal) as refused:
        intake.read(name, content)
    assert refused.value.facts["place"] == "file"


def test_obfuscated_fonts_alone_are_no_encryption():
    fonts = FONTS.format("http://www.idpf.org/2008/embedding")
    book = files.epub(CHAPTER, add={"META-INF/encryption.xml": fonts})
    assert intake.read("o.epub", book).text == ODE


def test_a_bomb_is_not_unpacked_past_the_limit():
    content = bomb(500)
    assert len(content) < 600_000
    started = time.monotonic()
    with pytest.raises(ArchiveTooLarge):
        archive.members_of(content)
    assert time.monotonic() - started < 5


def long_pdf(count):
    """One page that prints a letter very often; it packs a thousandfold."""
    packed = zlib.compress(b"BT /F 9 Tf (a) Tj ET\n" * count)
    parts, places = [b"%PDF-1.4\n"], []
    for body in (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F "
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>"
        ),
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(packed), packed),
    ):
        places.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (len(places), body))
    start = sum(map(len, parts))
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    parts.append(b"xref\n0 5\n0000000000 65535 f \n" + rows)
    parts.append(b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start)
    return b"".join(parts)


def test_a_file_that_takes_for_ever_is_given_up():
    started = time.monotonic()
    with pytest.raises(FileTooCostly, match="more than 2 s"):
        intake.read("ode.pdf", long_pdf(1_500_000), seconds=2)
    assert time.monotonic() - started < 6


def test_a_file_that_takes_too_much_memory_is_given_up():
    assert intake.read("ode.pdf", long_pdf(3)).text == "aaa"
    with pytest.raises(FileTooCostly, match="memory"):
        intake.read("ode.pdf", long_pdf(3_000_000), most_bytes=260_000_000)


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_text_or_refused_by_name(content):
    try:
        read = intake.read("ode.txt", content)
    except FileRefused:
        return
    assert "\0" not in read.text
    read.text.encode()


@settings(max_examples=200)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_a_page_or_refused_by_name(content, begun):
    try:
        text = html.text_of(b"<p>" + content if begun else content)
    except FileRefused:
        return
    assert "\0" not in text
    text.encode()


@settings(max_examples=200)
@given(st.integers(0, 4_000), st.integers(0, 255), st.sampled_from(["docx", "epub"]))
def test_a_changed_byte_is_read_or_refused_by_name(at, byte, ending):
    whole = files.word(ODE) if ending == "docx" else files.epub(CHAPTER)
    content = bytearray(whole)
    content[at % len(content)] = byte
    try:
        archive.members_of(bytes(content))
    except FileRefused:
        return


@given(st.text(max_size=100))
def test_cleaned_text_can_be_kept(text):
    kept = plain.cleaned(text)
    assert "\r" not in kept
    kept.encode()
