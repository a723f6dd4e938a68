"""From the bytes of an image file to a tensor: every format, every mode that it can hold, and files that are broken."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.strategies import generator, seeds
from reference_impl.oracle import vision
from suites import images
from suites.images import ON_CPU, same

AREA = "ToTensor"


def drawn_file(kind: tuple[str, str], height: int, width: int, seed: int) -> dict[str, object]:
    """Name and bytes of a new file of one format and mode."""
    suffix, mode = kind
    picture = images.image_of(mode, images.pixels(generator(seed), mode, height, width))
    return {"name": f"picture{suffix}", "data": images.file_bytes(picture, suffix)}


def fixture_file(name: str) -> dict[str, object]:
    """Name and bytes of a file that the project keeps."""
    return {"name": name.rpartition("/")[2], "data": images.fixture(name)}


def turned_file(height: int, width: int, seed: int, orientation: int) -> dict[str, object]:
    """Name and bytes of a new JPEG file with an EXIF orientation."""
    picture = images.image_of("RGB", images.pixels(generator(seed), "RGB", height, width))
    return {"name": "turned.jpg", "data": images.file_bytes(picture, ".jpg", orientation)}


def files() -> st.SearchStrategy[list[Sample]]:
    """A new file of every kind, one with every orientation, and all that the project keeps."""

    def make(sizes: list[tuple[int, int]], seed: int) -> list[Sample]:
        kept = [fixture_file(name) for name in images.fixture_names("formats/")]
        size = itertools.cycle(sizes)
        drawn = [drawn_file(kind, *next(size), seed + place) for place, kind in enumerate(images.KINDS)]
        turned = [turned_file(*next(size), seed, orientation) for orientation in range(1, 9)]
        return [Sample(inputs) for inputs in (*drawn, *turned, *kept)]

    return st.builds(make, st.lists(images.shapes, min_size=7, max_size=7), seeds)


class Files:
    """The calls of the contracts on files."""

    @staticmethod
    def torch(name, data):
        import tempfile
        from pathlib import Path

        from PIL import Image

        from reference_impl.torch_impl.transforms import ToTensor

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            with Image.open(path) as image:
                return ToTensor()(image)

    @staticmethod
    def paddle(name, data):
        import tempfile
        from pathlib import Path

        from paddle.vision import image_load

        from reference_impl.paddle_impl.transforms import ToTensor

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            with image_load(str(path), backend="pil") as image:
                return ToTensor()(image)


@contract(
    "vision.to_tensor_file",
    covers=("T.ToTensor",),
    area=AREA,
    samples=files(),
    tensors=False,
    share=0.13,
    unsupported=ON_CPU,
)
class to_tensor_file(Files):
    """A file becomes the tensor of the pixels that it holds, with no EXIF orientation applied, in its own mode."""

    @staticmethod
    def oracle(name, data) -> dict[str, Acceptance]:
        mode, pixels = images.decoded(data)
        return {"output": same(vision.to_tensor(pixels, mode))}

    @staticmethod
    def variant_reciprocal(name, data):
        """Each level is multiplied by the rounded 1 / 255."""
        mode, pixels = images.decoded(data)
        return {"output": same(vision.to_tensor(pixels, mode, reciprocal=True))}

    @staticmethod
    def variant_signed16(name, data):
        return images.signed16(*images.decoded(data))


def broken_files() -> st.SearchStrategy[list[Sample]]:
    """A file of every format, cut off in its first half; one that is empty, text or noise; and one kept as broken."""

    def make(suffix: str, size: tuple[int, int], seed: int, damage: str, kept: float) -> Sample:
        rng = generator(seed)
        mode = "P" if suffix == ".gif" else "RGB"
        whole = images.file_bytes(images.image_of(mode, images.pixels(rng, mode, *size)), suffix)
        data = {
            "cut off": whole[: int(kept * len(whole))],
            "empty": b"",
            "text": b"This file is no image, whatever its name says.\n",
            "noise": rng.bytes(64),
        }[damage]
        return Sample({"name": f"picture{suffix}", "data": data})

    suffixes = (*images.LOSSLESS, ".jpg")
    damages = st.sampled_from(("empty", "text", "noise"))
    kept = st.sampled_from(images.fixture_names("broken/")).map(fixture_file)
    parts, cut = st.floats(0, 0.5), st.just("cut off")
    halves = [st.builds(make, st.just(end), images.shapes, seeds, cut, parts) for end in suffixes]
    no_image = st.builds(make, st.sampled_from(suffixes), images.shapes, seeds, damages, parts)
    return st.tuples(*halves, no_image, st.builds(Sample, kept)).map(list)


@contract("vision.broken_file", area=AREA, samples=broken_files(), tensors=False, share=0.25, unsupported=ON_CPU)
class broken_file(Files):
    """A truncated file, or one that is no image, is refused and never half a picture."""

    @staticmethod
    def oracle(name, data):
        return Rejects("the file is cut off or no image at all")
