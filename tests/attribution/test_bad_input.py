"""Whatever comes in as text, the way to a fingerprint gives a defined answer of linear size."""

# ruff: noqa: RUF001  # letters of forty languages, some like others

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.cutter import LONGEST_CHARS
from attribution.normaliser import normalise_v1
from attribution.registration import passages_of
from attribution.terms import terms_v1, words_of

MILLION = 1_000_000
FOX = "The quick brown fox jumps over the lazy dog near the old river bank."  # 68 characters

# "The old man sat by the river and told the children a story", or about that.
FORTY_LANGUAGES = {
    "Amharic": "ሽማግሌው ሰው በወንዙ አጠገብ ተቀምጦ ለልጆቹ ታሪክ ነገራቸው።",
    "Arabic": "جلس الرجل العجوز عند النهر وحكى للأطفال قصة طويلة.",
    "Armenian": "Ծեր մարդը նստեց գետի ափին և երեխաներին պատմություն պատմեց։",
    "Bengali": "বৃদ্ধ লোকটি নদীর ধারে বসে বাচ্চাদের একটি গল্প শোনালেন।",
    "Bulgarian": "Старият човек седна край реката и разказа приказка на децата.",
    "Burmese": "အဘိုးအိုသည် မြစ်ကမ်းနားတွင် ထိုင်၍ ကလေးများအား ပုံပြင်ပြောပြသည်။",
    "Chinese": "老人坐在河边,给孩子们讲了一个很长的故事。",
    "Czech": "Starý muž seděl u řeky a vyprávěl dětem příběh.",
    "Danish": "Den gamle mand sad ved åen og fortalte børnene en historie.",
    "Dutch": "De oude man zat bij de rivier en vertelde de kinderen een verhaal.",
    "English": "The old man sat by the river and told the children a story.",
    "Finnish": "Vanha mies istui joen rannalla ja kertoi lapsille tarinan.",
    "French": "Le vieil homme s'assit près de la rivière et raconta une histoire aux enfants.",
    "Georgian": "მოხუცი კაცი მდინარესთან იჯდა და ბავშვებს ზღაპარს უყვებოდა.",
    "German": "Der alte Mann saß am Fluss und erzählte den Kindern eine Geschichte.",
    "Greek": "Ο γέρος κάθισε δίπλα στο ποτάμι και είπε μια ιστορία στα παιδιά.",
    "Gujarati": "વૃદ્ધ માણસ નદી કિનારે બેઠો અને બાળકોને વાર્તા કહી.",
    "Hebrew": "האיש הזקן ישב ליד הנהר וסיפר לילדים סיפור.",
    "Hindi": "बूढ़ा आदमी नदी के किनारे बैठा और बच्चों को कहानी सुनाई।",
    "Hungarian": "Az öregember a folyónál ült, és mesét mondott a gyerekeknek.",
    "Icelandic": "Gamli maðurinn sat við ána og sagði börnunum sögu.",
    "Indonesian": "Orang tua itu duduk di tepi sungai dan bercerita kepada anak-anak.",
    "Italian": "Il vecchio sedeva vicino al fiume e raccontò una storia ai bambini.",
    "Japanese": "老人は川のそばに座って、子どもたちに長い話をした。",
    "Khmer": "បុរសចំណាស់អង្គុយក្បែរទន្លេហើយនិទានរឿងដល់ក្មេងៗ។",
    "Korean": "노인은 강가에 앉아 아이들에게 이야기를 들려주었다.",
    "Lao": "ຜູ້ເຖົ້ານັ່ງຢູ່ແຄມແມ່ນ້ຳ ແລະ ເລົ່ານິທານໃຫ້ເດັກນ້ອຍຟັງ",
    "Persian": "پیرمرد کنار رودخانه نشست و برای بچه‌ها داستان گفت.",
    "Polish": "Stary człowiek siedział nad rzeką i opowiadał dzieciom historię.",
    "Portuguese": "O velho sentou-se à beira do rio e contou uma história às crianças.",
    "Russian": "Старик сидел у реки и рассказывал детям сказку.",
    "Spanish": "El anciano se sentó junto al río y contó un cuento a los niños.",
    "Swahili": "Mzee aliketi kando ya mto na kuwasimulia watoto hadithi.",
    "Tamil": "முதியவர் ஆற்றங்கரையில் அமர்ந்து குழந்தைகளுக்கு கதை சொன்னார்.",
    "Thai": "ชายชรานั่งอยู่ริมแม่น้ำ และเล่านิทานให้เด็กๆ ฟัง",
    "Tibetan": "རྒན་པོ་དེ་གཙང་པོའི་འགྲམ་དུ་བསྡད་ནས་ཕྲུ་གུ་ཚོར་སྒྲུང་བཤད།",
    "Turkish": "Yaşlı adam nehir kenarında oturdu ve çocuklara bir masal anlattı.",
    "Ukrainian": "Старий сидів біля річки і розповідав дітям казку.",
    "Urdu": "بوڑھا آدمی دریا کے کنارے بیٹھا اور بچوں کو کہانی سنائی۔",
    "Vietnamese": "Ông già ngồi bên bờ sông và kể cho lũ trẻ nghe một câu chuyện.",
}  # fmt: skip


def size_of(text):
    """Take a text all the way; give how many passages, words and 3-grams it has."""
    passages, texts, hashes = passages_of(text)
    assert len(passages) == len(texts) == len(hashes)
    assert all(piece and len(piece) <= LONGEST_CHARS for piece in texts)
    assert "".join(texts).isprintable() or not text.isascii()
    for before, after in pairwise(passages):
        assert before.start < before.end <= after.start
    assert not passages or passages[-1].end <= len(text)
    prints = terms_v1(texts)
    assert len(prints) == len(passages)
    return len(passages), len(prints.terms), len(prints.grams)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", (0, 0, 0)),
        (" \n\t\u3000\u200b", (0, 0, 0)),
        ("\x00\x00\x00", (0, 0, 0)),
        ("\ud800\udfff\ud800", (0, 0, 0)),
        ("\u202e\u2066\u2069\u200f", (0, 0, 0)),
        ("word", (1, 1, 0)),
        ("\u5c71", (1, 1, 0)),
        ("w\x00o\ud800r\u202ed", (1, 1, 0)),
        ("?!...,;:-()", (1, 0, 0)),
        ("\U0001f600\U0001f468\U0001f3fd\u200d\u2695\ufe0f\u2764\ufe0f", (1, 0, 0)),
        ("\u0301\u0336\u20dd", (1, 0, 0)),
    ],
)
def test_next_to_nothing_has_a_defined_size(text, size):
    assert size_of(text) == size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (FOX + " ", (10_000, 120_000, 120_000)),  # the same sentence 10,000 times
        ("x" * 500, (12_500, 12_500, 0)),  # 5 MB without a blank
        ("\u5c71" * 500, (31_250, 31_250, 4_906_250)),  # the same in Chinese
        ("\u0e20\u0e32" * 50, (6_250, 12_500, 981_250)),  # 1 MB of Thai
        (" " * 500, (0, 0, 0)),
        ("\n" * 100, (0, 0, 0)),  # 1,000,000 newlines
        ("\u0301" * 100, (1, 0, 0)),  # 1,000,000 combining marks
        ("\u05b0" * 100, (2_500, 0, 0)),  # 1,000,000 marks that Hebrew may stack
        ("." * 500, (12_500, 0, 0)),
        (".\u300c" * 50, (2_500, 0, 0)),
        ("\x00" * 500, (0, 0, 0)),
        ("\ud800" * 100, (0, 0, 0)),
        ("\u200b" * 100, (0, 0, 0)),
        ("7" * 500, (12_500, 12_500, 0)),
        ("a'" * 50, (2_500, 2_500, 0)),
        ("1," * 50, (2_500, 2_500, 0)),
        ("\U0001f600" * 100, (2_500, 0, 0)),
        ("\u0430a" * 50, (2_500, 2_500, 0)),  # one word of mixed script
    ],
)  # fmt: skip
def test_ten_thousand_times_anything_is_work_in_proportion(text, size):
    assert size_of(text * 10_000) == size


def test_five_megabytes_of_prose_are_cut_sentence_by_sentence():
    passages, words, grams = size_of((FOX + " ") * (5 * MILLION // 69))
    # the sentence has 14 words, 12 of them different
    assert (passages, words, grams) == (72_463, 72_463 * 12, 72_463 * 12)


def test_every_byte_there_is_read_as_latin_letters_is_taken():
    text = bytes(range(256)).decode("latin-1") * 2_000
    passages, words, grams = size_of(text)
    assert 1_000 < passages < len(text) / 60
    assert 0 < grams < words * 400 < len(text) * 400
    assert normalise_v1(text).changed_ppm > 10_000  # half of it cannot be seen


def test_there_are_forty_languages():
    assert len(FORTY_LANGUAGES) == 40


@pytest.mark.parametrize("language", FORTY_LANGUAGES)
def test_a_sentence_of_any_language_has_words_and_is_not_taken_for_an_evasion(language):
    sentence = FORTY_LANGUAGES[language]
    normalised = normalise_v1(sentence)
    assert normalised.changed_ppm == 0
    assert len(words_of(normalised.text)) >= 6
    assert size_of(sentence)[0] == (2 if language in {"Thai", "Lao"} else 1)


@pytest.mark.parametrize("language", FORTY_LANGUAGES)
def test_every_language_is_cut_at_its_own_sentence_ends(language):
    sentence = FORTY_LANGUAGES[language]
    passages, texts, _ = passages_of(" ".join([sentence] * 12))
    assert len(passages) >= 4
    ends = "" if language in {"Thai", "Lao"} else sentence[-1]
    assert all(text.endswith(ends) for text in texts)
    assert all(text.startswith(sentence[:3]) for text in texts) or not ends


@pytest.mark.parametrize("language", ["Arabic", "Hebrew", "Persian", "Urdu"])
def test_bidi_controls_change_nothing_in_a_text_from_right_to_left(language):
    sentence = FORTY_LANGUAGES[language]
    wrapped = f"\u2067{sentence}\u2069\u200f \u202b{sentence}\u202c"
    _, texts, hashes = passages_of(wrapped)
    _, plain_texts, plain_hashes = passages_of(f"{sentence} {sentence}")
    assert (texts, hashes) == (plain_texts, plain_hashes)


def test_a_ligature_in_which_a_cut_falls_belongs_to_the_first_passage():
    passages, texts, _ = passages_of("xx" + "\ufb03" * 300)  # 902 letters, three parts
    assert [len(text) for text in texts] == [301, 301, 300]
    assert [(each.start, each.end) for each in passages] == [(0, 102), (102, 202), (202, 302)]


ANYTHING = st.lists(
    st.one_of(
        st.text(st.characters(codec=None), max_size=60),  # lone surrogates included
        st.sampled_from(
            [FOX, "\n\n", "\u200b", "\u0301\u0301\u0301", " \u0441\u043e\u0440\u0443 "]
        ),
        st.sampled_from(sorted(FORTY_LANGUAGES.values())),
    ),
    max_size=30,
).map("".join)


@given(ANYTHING)
def test_passages_are_rising_spans_of_the_original_and_no_two_overlap(text):
    size_of(text)


@given(ANYTHING)
def test_what_can_be_seen_lies_in_some_passage(text):
    normalised = normalise_v1(text)
    passages, _, _ = passages_of(text)
    inside = {at for each in passages for at in range(each.start, each.end)}
    seen = {
        int(at)
        for char, at in zip(normalised.text, normalised.offsets, strict=True)
        if not char.isspace()
    }
    assert seen <= inside
