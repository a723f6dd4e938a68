"""References of regions and of sparse matrices: against plain loops and dense matrices."""

from __future__ import annotations

import numpy as np

from suites.support import regions, sparse_tensors


def test_parts_of_a_box_end_where_bins_do() -> None:
    parts = regions.sensitive(np.array([0.0, 1.0, 4.0, 3.0]), (4, 5), (1, 2), 1.0)
    assert parts == [(slice(1, 3), slice(0, 2)), (slice(1, 3), slice(2, 4))]
    beyond = regions.sensitive(np.array([0.0, 1.0, 4.0, 3.0]), (4, 5), (1, 1), 0.5, beyond=True)
    assert beyond == [(slice(0, 2), slice(0, 3))]
    assert regions.sensitive(np.array([3.0, 3.0, 9.0, 9.0]), (4, 5), (1, 1), 1.0, short=True) == [
        (slice(3, 3), slice(3, 4))
    ]


def test_boxes_are_left_for_some_order_of_equal_scores_or_for_none() -> None:
    boxes = np.array([[0.0, 0, 2, 2], [0, 0, 2, 2], [5, 5, 6, 6]])
    scores = np.array([0.5, 0.5, 0.25])
    for found, expected in (([0, 2], True), ([1, 2], True), ([2, 0], False), ([0, 1, 2], False), ([0], False)):
        assert regions.tied(boxes, scores, 0.5, np.array(found)) is expected


def test_sorted_lists_are_merged_to_the_dense_result() -> None:
    rng = np.random.default_rng(0)
    shape = (3, 4)
    one, other = (sparse_tensors.places(rng, shape, 6, True, False) for _ in range(2))
    values = [sparse_tensors.numbers(rng, 6) for _ in range(2)]
    found = sparse_tensors.merged((one, values[0]), (other, values[1]), shape, np.add)
    expected = sparse_tensors.dense(one, values[0], shape) + sparse_tensors.dense(other, values[1], shape)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_repeated_elements_add_up_or_the_last_one_stays() -> None:
    at, values = np.array([[0, 0], [1, 1]]), np.array([1.0, 2.0])
    assert sparse_tensors.dense(at, values, (1, 2)).tolist() == [[0.0, 3.0]]
    assert sparse_tensors.dense(at, values, (1, 2), last=True).tolist() == [[0.0, 2.0]]


def test_rows_of_sorted_coordinates_begin_where_they_do() -> None:
    assert sparse_tensors.rows_begin(np.array([[0, 0, 2], [0, 1, 0]]), 4).tolist() == [0, 2, 2, 3, 3]
