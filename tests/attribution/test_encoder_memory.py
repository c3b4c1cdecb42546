import numpy as np

from attribution.encoder_memory import RememberingEncoder

ODE, ESSAY, MANUAL = "an ode to the west wind", "an essay on trade", "a manual of pumps"


def test_equal_texts_are_encoded_once_in_a_call(encoder):
    vectors = RememberingEncoder(encoder).encode([ODE, ESSAY, ODE, ODE])
    assert encoder.encoded == [ODE, ESSAY]
    assert (vectors[0] == vectors[2]).all()
    assert (vectors[0] == vectors[3]).all()
    assert (vectors[0] != vectors[1]).any()


def test_what_is_remembered_is_not_encoded_again(encoder):
    remembering = RememberingEncoder(encoder)
    remembering.encode([ODE, ESSAY])
    remembering.encode([MANUAL, ESSAY, ODE])
    assert encoder.encoded == [ODE, ESSAY, MANUAL]


def test_rows_come_in_the_order_of_the_texts_from_memory_and_not(encoder):
    remembering = RememberingEncoder(encoder)
    remembering.encode([ESSAY])
    vectors = remembering.encode([ODE, ESSAY, MANUAL])
    np.testing.assert_allclose(vectors, encoder.encode([ODE, ESSAY, MANUAL]), atol=1e-3)


def test_the_text_used_longest_ago_is_forgotten_first(encoder):
    remembering = RememberingEncoder(encoder, limit=2)
    for text in (ODE, ESSAY, ODE, MANUAL, ODE, ESSAY):
        remembering.encode([text])
    assert encoder.encoded == [ODE, ESSAY, MANUAL, ESSAY]


def test_a_call_may_hold_more_than_is_remembered(encoder):
    remembering = RememberingEncoder(encoder, limit=1)
    assert remembering.encode([ODE, ESSAY, MANUAL]).shape == (3, 64)
    remembering.encode([MANUAL])
    assert encoder.encoded == [ODE, ESSAY, MANUAL]


def test_nothing_and_lone_surrogates_have_rows(encoder):
    remembering = RememberingEncoder(encoder)
    assert remembering.encode([]).shape == (0, 64)
    assert remembering.encode(["", "\ud800 wide"]).shape == (2, 64)


def test_it_goes_by_the_name_of_its_encoder(encoder):
    remembering = RememberingEncoder(encoder)
    assert (remembering.digest, remembering.dimension) == ("ab" * 32, 64)
