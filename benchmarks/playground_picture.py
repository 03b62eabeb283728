"""The moving picture of the playground at the top of README.md.

    python benchmarks/playground_picture.py

Opens the page in a headless Chromium, moves its sliders by keyboard, and writes what it
shows meanwhile to `results/playground.gif`. Takes half a minute. Needs Playwright and
Chromium, and says so where they are missing.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from _common import RESULTS
from _lab import MISSING, chromium, is_there
from PIL import Image

from d2l_rnn.web import PLAYGROUND

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZE = {"width": 920, "height": 600}
BETWEEN = 130  # milliseconds from one picture to the next
LAST = 2500  # for which the last one stays
COLOURS = 96
LARGEST = 1_000_000  # bytes
# A slider, the key that moves it, how often, and for how many pictures one looks on.
MOVES = [
    ("theta (clipping)", "End", 1, 4),
    ("learning rate", "ArrowRight", 2, 9),  # too fast, and nothing holds it
    ("theta (clipping)", "Home", 1, 2),
    ("theta (clipping)", "ArrowRight", 4, 12),  # clipped to 0.2
]


def pictures(page: Page) -> Iterator[Image.Image]:
    """What the page shows while its sliders move."""

    def look(times: int) -> Iterator[Image.Image]:
        for _ in range(times):
            page.wait_for_timeout(BETWEEN)
            shot = page.screenshot(clip={"x": 0, "y": 0, **SIZE})
            yield Image.open(io.BytesIO(shot)).convert("RGB")

    yield from look(12)
    for label, key, times, looks in MOVES:
        slider = page.get_by_role("slider", name=label, exact=True)
        for _ in range(times):
            slider.press(key)
            yield from look(1)
        yield from look(looks)


def main() -> None:
    """Take the pictures, and put them into one file."""
    if not is_there():
        return print(f"No picture was made: {MISSING}")
    with chromium() as browser:
        page = browser.new_page(viewport=SIZE, locale="en-GB")
        page.goto(f"{PLAYGROUND.as_uri()}#lr=1&epochs=100")
        taken = list(pictures(page))
    both = Image.new("RGB", (SIZE["width"], 2 * SIZE["height"]))
    for i, each in enumerate((taken[len(taken) // 2], taken[-1])):
        both.paste(each, (0, i * SIZE["height"]))
    palette = both.quantize(COLOURS)
    frames = [each.quantize(palette=palette, dither=0) for each in taken]
    path = RESULTS / "playground.gif"
    durations = [BETWEEN] * (len(frames) - 1) + [LAST]
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=durations, loop=0
    )
    size = path.stat().st_size
    print(f"{path.name}: {len(frames)} pictures, {size:,} bytes")
    if size > LARGEST:
        raise SystemExit(f"it may have {LARGEST:,} bytes at most")


if __name__ == "__main__":
    main()
