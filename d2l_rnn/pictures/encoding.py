"""From a canvas to the bytes of a PNG file."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image


def pixels(canvas: FigureCanvasAgg) -> Image.Image:
    """What has been drawn on a canvas, as an image without transparency."""
    buffer = canvas.buffer_rgba()
    height, width, _ = buffer.shape  # of the buffer: a size in inches may be rounded
    drawn = Image.frombuffer("RGBA", (width, height), buffer, "raw", "RGBA", 0, 1)
    return drawn.convert("RGB")


def few_colours(pixels: Image.Image) -> Image.Image:
    """The image in 256 colours: a third of the bytes, and no slower to encode.

    The colours are means of similar ones. That of the background, in the corner, stays
    as it is: white would be a very light grey.
    """
    octree, none = Image.Quantize.FASTOCTREE, Image.Dither.NONE
    reduced = pixels.quantize(256, method=octree, dither=none)
    first = 3 * reduced.getpixel((0, 0))
    palette = reduced.getpalette()
    palette[first : first + 3] = pixels.getpixel((0, 0))
    reduced.putpalette(palette)
    return reduced


def png(pixels: Image.Image, compress_level: int) -> bytes:
    """The image as a PNG file."""
    buffer = io.BytesIO()
    pixels.save(buffer, "png", compress_level=compress_level)
    return buffer.getvalue()
