"""Samples, datasets and batches: what is read, in which order, and what a bad file gets."""

from __future__ import annotations

import csv
import importlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fixtures import make_images
from reference_impl.samples import SampleError, permutation, read_directory, read_image

IMAGES = make_images.IMAGES
FRAMEWORKS = ("torch", "paddle")


@pytest.fixture(params=FRAMEWORKS)
def data(request):
    """The dataset module of each framework."""
    pytest.importorskip(request.param)
    return importlib.import_module(f"reference_impl.{request.param}_impl.dataset")


def batches(loader):
    return [(np.asarray(images.numpy()), np.asarray(labels.numpy())) for images, labels in loader]


def same_size_dataset(module, count=7):
    paths = [IMAGES / "formats" / name for name in ("rgb.png", "rgba.png", "depth16.png", "palette.gif", "cmyk.jpg")]
    return module.CustomDataset([paths[index % len(paths)] for index in range(count)], list(range(count)))


def test_directory_with_labels():
    samples = read_directory(IMAGES)
    assert len(samples.image_paths) == make_images.COUNT
    assert samples.classes == tuple("0123456789")
    assert set(samples.labels) == set(range(10))


def test_directory_with_a_folder_for_each_class(tmp_path):
    for name in ("dog", "cat"):
        (tmp_path / name).mkdir()
        shutil.copy(IMAGES / "00.png", tmp_path / name / "b.png")
        shutil.copy(IMAGES / "00.png", tmp_path / name / "a.PNG")
        (tmp_path / name / "notes.txt").write_text("no image")
    samples = read_directory(tmp_path)
    assert samples.classes == ("cat", "dog")
    assert samples.labels == (0, 0, 1, 1)
    assert [Path(path).name for path in samples.image_paths] == ["a.PNG", "b.png"] * 2


def test_labels_by_name_are_numbered_in_sorted_order(tmp_path):
    shutil.copy(IMAGES / "00.png", tmp_path)
    (tmp_path / "labels.csv").write_text("file,label\n00.png,zebra\n00.png,ant\n")
    assert read_directory(tmp_path).labels == (1, 0)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "columns file and label"),
        ("name,class\n", "columns file and label"),
        ("file,label\n", "no samples"),
        ("file,label\nmissing.png,0\n", "line 2: there is no file"),
        ("file,label\n00.png\n", "line 2: a row needs both"),
    ],
)
def test_a_bad_table_is_named(tmp_path, table, said):
    shutil.copy(IMAGES / "00.png", tmp_path)
    (tmp_path / "labels.csv").write_text(table)
    with pytest.raises(SampleError, match=said):
        read_directory(tmp_path)


def test_a_directory_without_samples_is_named(tmp_path):
    with pytest.raises(SampleError, match="does not exist"):
        read_directory(tmp_path / "nowhere")
    with pytest.raises(SampleError, match=r"neither labels\.csv nor a folder"):
        read_directory(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(SampleError, match="holds no image file"):
        read_directory(tmp_path)


def test_order_depends_on_seed_and_epoch_only():
    first = permutation(20, seed=3, epoch=1)
    np.random.seed(0)
    assert permutation(20, seed=3, epoch=1) == first
    assert sorted(first) == list(range(20))
    assert permutation(20, seed=3, epoch=2) != first != permutation(20, seed=4, epoch=1)


def test_every_format_reads_as_rgb():
    with (IMAGES / "formats" / "formats.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["mode"] for row in rows} == {"1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"}
    for row in rows:
        image = read_image(IMAGES / "formats" / row["file"])
        assert (image.mode, image.size) == ("RGB", (int(row["width"]), int(row["height"])))


def test_the_kept_images_are_those_that_the_program_makes(tmp_path):
    make_images.main(tmp_path)
    made = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.*")}
    assert made == {path.relative_to(IMAGES) for path in IMAGES.rglob("*.*")}
    for name in made:
        # Pixels, not bytes: encoders differ between Pillow's builds, and JPEG's may differ in pixels too.
        if name.suffix in (".png", ".bmp", ".webp", ".tiff") and "broken" not in name.parts:
            with Image.open(tmp_path / name) as new, Image.open(IMAGES / name) as kept:
                np.testing.assert_array_equal(np.asarray(new), np.asarray(kept))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("drop_last", [False, True])
def test_batches(data, workers, drop_last):
    loader = data.make_loader(same_size_dataset(data), 3, drop_last=drop_last, workers=workers)
    found = batches(loader)
    assert [labels.tolist() for _, labels in found] == [[0, 1, 2], [3, 4, 5]] + [[6]] * (not drop_last)
    assert len(loader) == len(found)
    images, labels = found[0]
    assert (images.shape, images.dtype, labels.dtype) == ((3, 12, 17, 3), np.uint8, np.int64)
    np.testing.assert_array_equal(images[0], np.asarray(read_image(IMAGES / "formats" / "rgb.png")))


def test_shuffled_epochs_follow_the_permutation(data):
    loader = data.make_loader(same_size_dataset(data), 7, shuffle=True, seed=5)
    orders = [batches(loader)[0][1].tolist() for _ in range(2)]
    assert orders == [permutation(7, 5, 0), permutation(7, 5, 1)]
    data.set_epoch(loader, 0)
    assert batches(loader)[0][1].tolist() == orders[0]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", ["truncated.png", "header_only.png", "empty.png", "text.png"])
def test_a_broken_file_is_named(data, name, workers):
    paths = [IMAGES / "00.png", IMAGES / "broken" / name]
    loader = data.make_loader(data.CustomDataset(paths, [0, 1]), 2, workers=workers)
    with pytest.raises(SampleError, match=name):
        batches(loader)


def test_an_error_in_a_transform_is_named(data):
    def fail(image):
        raise ArithmeticError("no such luck")

    loader = data.make_loader(data.CustomDataset([IMAGES / "00.png"], [0], fail), 1)
    with pytest.raises(SampleError, match="sample 0 cannot be read: ArithmeticError: no such luck"):
        batches(loader)


def test_a_label_for_each_path(data):
    with pytest.raises(ValueError, match="2 image paths but 1 labels"):
        data.CustomDataset(["a.png", "b.png"], [0])


def test_transforms_agree():
    modules = []
    for framework in FRAMEWORKS:
        pytest.importorskip(framework)
        modules.append(importlib.import_module(f"reference_impl.{framework}_impl.transforms"))
    image = read_image(IMAGES / "03.webp")
    height, width = image.height, image.width
    results = []
    for t in modules:
        road = t.Compose(
            [
                t.Resize((height + 9, width + 3), "bicubic"),
                t.Resize(40),
                t.CenterCrop(36),
                t.Crop(1, 2, 32, 31),
                t.HorizontalFlip(),
                t.VerticalFlip(),
                t.RandomHorizontalFlip(1.0),
                t.ToTensor(),
                t.Normalize((0.5, 0.4, 0.3), (0.5, 0.25, 0.2)),
            ]
        )
        results.append(np.asarray(road(image).numpy()))
    assert results[0].shape == (3, 32, 31)
    np.testing.assert_array_equal(results[0], results[1])
