"""What is really painted."""

from __future__ import annotations

import base64
from typing import Any

from playwright.sync_api import Page


def colour(page: Page) -> str:
    """The colour in the middle of what is really painted."""
    # Decoded by the browser itself: no picture library is needed.
    png = page.screenshot(type="png")
    found: str = decode(
        page,
        png,
        "(pixels, n) => '#' + [0, 1, 2].map(i => "
        "pixels[4 * (n >> 1) + i].toString(16).padStart(2, '0')).join('')",
    )
    return found


def decode(page: Page, png: bytes, use: str) -> Any:
    """Apply the function ``use`` (JavaScript; pixels as RGBA, their count) to a picture."""
    viewer = page.context.new_page()
    try:
        return viewer.evaluate(
            """async ([bytes, use]) => {
                const png = Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0));
                const picture = await createImageBitmap(new Blob([png]));
                const { width, height } = picture;
                const canvas = new OffscreenCanvas(width, height);
                const context = canvas.getContext("2d");
                context.drawImage(picture, 0, 0);
                const pixels = context.getImageData(0, 0, width, height).data;
                return eval(use)(pixels, width * height + width);
            }""",
            [base64.b64encode(png).decode(), use],
        )
    finally:
        viewer.close()
