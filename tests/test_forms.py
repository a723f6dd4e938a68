"""Several forms of one quantity: the largest error of any, for the value and for each gradient."""

from __future__ import annotations

import numpy as np

from conformance.forms import in_either_form
from conformance.quantity import Quantity, backward, scaled, variable

X, Y = np.array([1.1, -2.3, 5.7]), np.array([0.3, 1.9, -4.1])
FORMS = (lambda x, y: x * y, lambda x, y: scaled(x, 3.0, 9) * y / 3.0)


def gradients(found, *inputs):
    known = backward([(found, np.ones(3))], inputs)
    assert None not in known
    return [each for each in known if each is not None]


def alone(form):
    x, y = variable(X), variable(Y)
    found = form(x, y)
    return found, *gradients(found, x, y)


def test_the_value_is_that_of_the_first_and_the_error_the_largest():
    found = in_either_form(FORMS, variable(X), variable(Y))
    errors = [alone(form)[0].error for form in FORMS]
    np.testing.assert_array_equal(found.value, X * Y)
    np.testing.assert_array_equal(found.error, np.maximum(*errors))
    assert (errors[1] > errors[0]).all()


def test_each_gradient_has_the_largest_error_of_its_forms():
    x, y = variable(X), variable(Y)
    known = gradients(in_either_form(FORMS, x, y), x, y)
    for place, expected in enumerate((Y, X)):
        np.testing.assert_allclose(known[place].value, expected, rtol=1e-15)
        worst = np.maximum(*(alone(form)[place + 1].error for form in FORMS))
        np.testing.assert_array_equal(known[place].error, worst)


def test_errors_of_inputs_and_gradients_of_their_own_inputs_go_through():
    x = variable(X)
    moved = Quantity(2.0 * X, 0.01, ((x, lambda g: g * 2.0),))
    found = in_either_form(FORMS, moved, Quantity(Y))
    assert (found.error >= 0.01 * np.abs(Y)).all()
    np.testing.assert_allclose(gradients(found, x)[0].value, 2.0 * Y, rtol=1e-15)


def test_what_no_gradient_goes_to_gets_none():
    x, y = variable(X), Quantity(Y)
    assert backward([(in_either_form(FORMS, x, y), np.ones(3))], [y]) == [None]
