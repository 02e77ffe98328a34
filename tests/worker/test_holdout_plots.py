"""The pictures of the holdout are PNGs for any number of classes and any values."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from sweeper.worker import plots


def size_of(content):
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


@pytest.mark.parametrize("classes", [2, 26, 80])
def test_a_confusion_matrix_grows_with_its_classes_to_a_limit(classes):
    table = np.eye(classes) * 90 + np.arange(classes)
    labels = [f"class {i} with a long name" for i in range(classes)]
    width, height = size_of(plots.confusion_matrix(labels, table, "title"))
    assert min(width, height) > 400
    assert max(width, height) < 2_400


@pytest.mark.parametrize("classes", [2, 3, 26])
def test_nothing_is_cut_off_at_the_edges_of_a_confusion_matrix(classes):
    labels = [f"malignant number {i}" for i in range(classes)]
    picture = plots.confusion_matrix(labels, np.eye(classes), "a model on 113 holdout rows")
    pixels = imread(io.BytesIO(picture))
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 1).all()


def test_labels_are_not_read_as_formulas():
    picture = plots.confusion_matrix(["$x_{$", "$50K"], np.zeros((2, 2)), "title")
    assert min(size_of(picture)) > 200


@pytest.mark.parametrize("rows", [1, 50, 5_000])
def test_predictions_are_drawn_for_few_rows_and_for_many(rows):
    truth = np.random.default_rng(0).normal(size=rows)
    assert min(size_of(plots.predicted_vs_true(truth, truth * 0.9, "title"))) > 400


def test_a_picture_is_the_same_bytes_each_time():
    table = np.array([[3, 1], [0, 4]])
    first = plots.confusion_matrix(["a", "b"], table, "title")
    assert plots.confusion_matrix(["a", "b"], table, "title") == first
