"""From the bytes of an image file to a tensor: every format, every mode that it can hold, and files that are broken."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.strategies import generator, seeds
from reference_impl.oracle import vision
from suites import images
from suites.images import ON_CPU, same, sides

AREA = "ToTensor"
FORMATS = {mode: [suffix for suffix, held in images.KINDS if held == mode] for _, mode in images.KINDS}
"""Mode -> the suffixes of the formats that can hold it."""


def drawn_files(height: int, width: int, seed: int) -> list[dict[str, object]]:
    """Name and bytes of a new file of each mode, in any format that holds it."""
    rng = generator(seed)
    found: list[dict[str, object]] = []
    for mode, suffixes in FORMATS.items():
        suffix = str(rng.choice(suffixes))
        picture = images.image_of(mode, images.pixels(rng, mode, height, width))
        found.append({"name": f"picture{suffix}", "data": images.file_bytes(picture, suffix)})
    return found


def fixture_file(name: str) -> dict[str, object]:
    """Name and bytes of a file that the project keeps."""
    return {"name": name.rpartition("/")[2], "data": images.fixture(name)}


def turned_file(height: int, width: int, seed: int, orientation: int) -> dict[str, object]:
    """Name and bytes of a new JPEG file with an EXIF orientation."""
    picture = images.image_of("RGB", images.pixels(generator(seed), "RGB", height, width))
    return {"name": "turned.jpg", "data": images.file_bytes(picture, ".jpg", orientation)}


def files() -> st.SearchStrategy[list[Sample]]:
    """A new file of each mode, one with an orientation, and three that the project keeps."""
    turned = st.builds(turned_file, sides, sides, seeds, st.integers(1, 8))
    kept = st.sampled_from(images.fixture_names("formats/")).map(fixture_file)
    parts = st.tuples(st.builds(drawn_files, sides, sides, seeds), turned, kept, kept, kept)
    return parts.map(lambda chosen: [Sample(inputs) for inputs in (*chosen[0], *chosen[1:])])


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


@contract("vision.to_tensor_file", area=AREA, samples=files(), tensors=False, share=0.5, unsupported=ON_CPU)
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


def broken_files() -> st.SearchStrategy[Sample]:
    """Files that are cut off in their first half, empty, text, noise, or kept as broken by the project."""

    def make(suffix: str, height: int, width: int, seed: int, damage: str, kept: float) -> Sample:
        rng = generator(seed)
        mode = "P" if suffix == ".gif" else "RGB"
        whole = images.file_bytes(images.image_of(mode, images.pixels(rng, mode, height, width)), suffix)
        data = {
            "cut off": whole[: int(kept * len(whole))],
            "empty": b"",
            "text": b"This file is no image, whatever its name says.\n",
            "noise": rng.bytes(64),
        }[damage]
        return Sample({"name": f"picture{suffix}", "data": data})

    suffixes = st.sampled_from((*images.LOSSLESS, ".jpg"))
    damages = st.sampled_from(("cut off", "cut off", "cut off", "empty", "text", "noise"))
    kept = st.sampled_from(images.fixture_names("broken/")).map(fixture_file)
    return st.builds(make, suffixes, sides, sides, seeds, damages, st.floats(0, 0.5)) | st.builds(Sample, kept)


@contract("vision.broken_file", area=AREA, samples=broken_files(), tensors=False, unsupported=ON_CPU)
class broken_file(Files):
    """A truncated file, or one that is no image, is refused and never half a picture."""

    @staticmethod
    def oracle(name, data):
        return Rejects("the file is cut off or no image at all")
