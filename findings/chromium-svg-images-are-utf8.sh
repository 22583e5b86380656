#!/usr/bin/env bash
# Chromium 156 (Debian 12), asked through Playwright 1.65.2.
#
# An SVG may declare its encoding, as any XML: `<?xml version="1.0" encoding="iso-8859-1"?>`. Opened
# as a document, Chromium honours that. The same bytes, served by the same server, as the source of
# an <img> are decoded as UTF-8 whatever they declare: with one letter beyond ASCII the picture is
# broken. So a drawing that opens well by a double click may still be none on a page.
#
# Seen: "latin-1: document ok, image broken", "utf-8: document ok, image ok"
# Remedy: save drawings as UTF-8.
set -euo pipefail
command -v chromium >/dev/null || { echo "Install Debian's chromium." >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check playwright==1.65.2 2>/dev/null
said=$("$folder/venv/bin/python" - "$folder" <<'PY'
import functools
import http.server
import shutil
import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

folder = Path(sys.argv[1])
for encoding in ("latin-1", "utf-8"):
    declared = {"latin-1": "iso-8859-1"}.get(encoding, encoding)
    drawing = (
        f'<?xml version="1.0" encoding="{declared}"?>'
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30">'
        '<text y="20">caf\u00e9</text></svg>'
    )
    (folder / f"{encoding}.svg").write_bytes(drawing.encode(encoding))
(folder / "page.html").write_text("<!doctype html><title>page</title>")
quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", 0), functools.partial(quiet, directory=str(folder))
)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"
DECODES = "src => { const i = new Image(); i.src = src; return i.decode().then(() => 1, () => 0); }"
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"),
        args=["--no-sandbox", "--disable-background-networking"],
    )
    print("Chromium", browser.version, file=sys.stderr)
    page = browser.new_page()
    for encoding in ("latin-1", "utf-8"):
        page.goto(f"{base}/{encoding}.svg")
        document = page.evaluate("document.documentElement.textContent") == "caf\u00e9"
        page.goto(f"{base}/page.html")
        image = page.evaluate(DECODES, f"{base}/{encoding}.svg")
        words = ("broken", "ok")
        print(f"{encoding}: document {words[document]}, image {words[image]}")
    browser.close()
PY
)
echo "$said"
[[ "$said" == "latin-1: document ok, image broken
utf-8: document ok, image ok" ]]
