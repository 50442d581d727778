# SPDX-License-Identifier: Apache-2.0
"""What the tests of both pages do: run the binary, watch what a page asks for, and
draw it."""

import contextlib
import os
import pathlib
import socket
import subprocess
import time

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[4]
# A browser draws no picture twice the same: those of the docs are drawn when asked for.
PICTURES = ROOT / ("docs/pictures" if os.environ.get("UPDATE_EXPECTED") else "target/pictures")

# On a busy host a browser takes its time.
PATIENCE_MS = 120_000


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextlib.contextmanager
def a_browser():
    """Chromium, until the end of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Server:
    """The real binary."""

    def __init__(self, port, command):
        self.port, self.command = port, command
        self.address = f"https://localhost:{port}"
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command)
        for _ in range(1200):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("it does not listen")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Seen:
    """What a page asked for, and what went wrong in it."""

    def __init__(self, page, address):
        self.bytes, self.strangers, self.errors, self.forgiven = 0, [], [], False
        page.on("request", lambda it: it.url.startswith((address, "data:")) or self.strangers.append(it.url))
        page.on("requestfinished", self.count)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda it: it.type in ("error", "warning") and not self.forgiven and self.errors.append(it.text))

    def count(self, request):
        sizes = request.sizes()
        self.bytes += sizes["responseBodySize"] + sizes["responseHeadersSize"]


def until(page, condition, what):
    """Waits for something that is not on the page."""
    for _ in range(PATIENCE_MS // 50):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError(what)


def first_paint_ms(page):
    """The browser tells it some frames later."""
    entries = "performance.getEntriesByName('first-contentful-paint')"
    page.wait_for_function(f"{entries}.length > 0")
    return page.evaluate(f"{entries}[0].startTime")


def wait(page, selector, words):
    page.locator(selector, has_text=words).first.wait_for(state="visible")


def sign_in(page, user, password):
    """By keyboard alone; a wrong password first."""
    for attempt in ("wrong", password):
        # The browser puts it there some time after the page is loaded.
        page.locator("[name=user]:focus").wait_for(state="attached")
        page.keyboard.type(user)
        page.keyboard.press("Tab")
        page.keyboard.type(attempt)
        page.keyboard.press("Enter")
        if attempt == "wrong":
            wait(page, "[role=alert]", "not the password")


def picture(page, name, moves_ms=0, **options):
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(moves_ms)  # until what moves has arrived
    page.screenshot(path=PICTURES / f"{name}.png", **options)


def is_narrow_enough(page):
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        widest = page.evaluate("[...document.querySelectorAll('*')].filter((it) => it.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((it) => it.outerHTML.slice(0, 80))")
        raise AssertionError(f"the page is {wide} px wider than the screen: {widest}")
