# SPDX-License-Identifier: Apache-2.0
"""The portal's pages in a real browser: a user signs in, submits while the
scheduler moves, reads output while it grows, and cancels.

    make page                       draws target/pictures/portal*.png
    UPDATE_EXPECTED=1 make page     draws those of docs/pictures
"""

import pathlib
import sys
import tempfile

from browser import PATIENCE_MS, Seen, Server, a_browser, first_paint_ms, free_port, is_narrow_enough, picture, sign_in, until, wait
from fakes import PASSWORD, USER, Session, Slurm

MOST_BYTES = 150_000


class Portal(Server):
    """The real binary. Its programs are found where the system's are: a mount of
    its own puts the made-up ones there, and goes with the process."""

    def __init__(self, binary, directory, slurm, session):
        port = free_port()
        super().__init__(port, [
            "unshare", "--map-root-user", "--mount", "sh", "-c",
            'mount --bind "$0" /usr/local/sbin && exec "$@"', slurm.programs,
            binary, "portal", "--listen", f"127.0.0.1:{port}", "--cluster", "saturn",
            "--state", directory, "--session-socket", session, "--terminal"])


def looks(page, address, seen):
    """What is shown, and to whom."""
    page.goto(address + "/submit")
    assert page.url == address + "/login?then=submit", page.url
    seen.forgiven = True  # a browser writes 401 into its log, too
    sign_in(page, USER, PASSWORD)
    seen.forgiven = False
    page.wait_for_url(address + "/submit")
    page.goto(address + "/")
    wait(page, ".waiting", "It waits for nodes, processors or memory")
    paint = first_paint_ms(page)
    print(f"first paint after {paint:.0f} ms; {seen.bytes / 1000:.1f} kB for two sign-ins and four pages")
    assert seen.bytes < MOST_BYTES, seen.bytes
    assert "secret of bob" not in page.content()
    assert page.locator("bdi", has_text="<script>alert('<b>')</script>").count() == 1
    is_narrow_enough(page)
    picture(page, "portal")
    page.emulate_media(color_scheme="dark")
    picture(page, "portal-dark")
    page.set_viewport_size({"width": 390, "height": 844})
    is_narrow_enough(page)
    picture(page, "portal-phone", full_page=True)
    page.emulate_media(color_scheme="light")
    page.goto(address + "/submit")
    is_narrow_enough(page)
    page.set_viewport_size({"width": 1280, "height": 860})
    page.goto(address + "/nodes")
    wait(page, "table", "fan 2, replaced on Monday")
    picture(page, "portal-nodes")


def submits(page, address, slurm, session):
    """One job, although the scheduler moves and answers are lost."""
    page.goto(address + "/submit?template=mpi")
    page.fill("[name=name]", "turbine, mesh 5")
    page.fill("[name=minutes]", "720")
    token = page.input_value("[name=token]")
    page.reload()
    assert page.input_value("[name=name]") == "turbine, mesh 5"
    assert page.input_value("[name=token]") == token
    away = {"scheduler-away": "Slurm says: Unable to contact slurm controller (connect failure)."}
    session.refusals = [away, away, "under-way", {"answer-lost": "Slurm knows no job with this form's number."}]
    slurm.goes()
    wait(page, "#banner", "The scheduler does not answer")
    page.click(".go")
    wait(page, "#told", "Not submitted yet")
    picture(page, "portal-moving")
    assert page.input_value("[name=name]") == "turbine, mesh 5"
    slurm.comes_back()
    wait(page, "#told", "It may have been accepted")
    assert not session.submitted
    picture(page, "portal-lost")
    page.keyboard.press("Enter")  # the button that asks has the focus
    page.wait_for_url(address + "/jobs/4711")
    [(sent, submission)] = session.submitted.items()
    assert sent == token and submission["again"], submission
    assert submission["options"]["minutes"] == 720 and "\r" not in submission["script"]
    page.goto(address + "/submit")
    assert page.input_value("[name=name]") == "" and page.input_value("[name=token]") != token
    page.set_input_files("#file", {"name": "big.sh", "mimeType": "text/plain", "buffer": b"#" * (10 << 20)})
    wait(page, "#told", "1024 KiB are the most")
    page.set_input_files("#file", {"name": "mine.sh", "mimeType": "text/plain", "buffer": "#!/bin/sh\necho ü\n".encode()})
    wait(page, "#told", "mine.sh is in the editor")
    assert page.input_value("#script") == "#!/bin/sh\necho ü\n"
    page.evaluate("sessionStorage.clear()")
    wait(page, "#told", "mine.sh")
    page.locator(".away").wait_for(state="detached")


def watches(page, address, session):
    """Output that grows, and a job that is cancelled."""
    page.goto(address + "/jobs/41")
    wait(page, ".output", "step  39")
    session.output += "step  40  <b>converged</b>\n"
    wait(page, ".output", "<b>converged</b>")
    picture(page, "portal-job")
    page.click("summary")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait(page, ".how", "cancelled")
    assert session.cancelled == ["41"], session.cancelled


def types(page, address, session):
    """A terminal: what is typed, what a program writes, another size, and its end."""
    page.goto(address + "/terminal")
    screen = ".xterm-accessibility-tree"
    wait(page, screen, "ann$")
    page.keyboard.type("echo $((6 * 7)); printf 'pr\\303\\252t\\n'; stty size")
    page.keyboard.press("Enter")
    wait(page, screen, "prêt")
    wait(page, screen, "42")
    picture(page, "portal-terminal")
    page.set_viewport_size({"width": 800, "height": 860})
    page.keyboard.type("stty size | sed 's/.* /columns=/'")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "columns => Number(document.querySelector('.xterm-accessibility-tree').textContent.match(/columns=(\\d+)/)?.[1]) < columns",
        arg=90)
    page.set_viewport_size({"width": 1280, "height": 860})
    page.keyboard.press("Control+d")
    wait(page, "#terminal-told", "You have logged out of this terminal")
    page.keyboard.press("Enter")  # the button that opens a new one has the focus
    # The screen has the first one's prompt until then.
    until(page, lambda: len(session.terminals) == 2, "a second terminal is opened")
    wait(page, screen, "ann$")


def without_a_script(browser, address, session):
    context = browser.new_context(ignore_https_errors=True, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(address + "/submit")
    sign_in(page, USER, PASSWORD)
    page.wait_for_url(address + "/submit")
    page.fill("[name=name]", "plain")
    session.refusals = [{"no": "sbatch: error: invalid partition specified: batch"}, {"answer-lost": "Slurm knows none."}]
    page.click(".go")
    wait(page, "#told", "invalid partition specified")
    assert page.input_value("[name=name]") == "plain"
    page.click(".go")
    page.click("#told button")
    page.wait_for_url(address + "/jobs/4711")
    assert [it["again"] for it in session.submitted.values()][-1]
    page.click("header button")
    page.wait_for_url(address + "/login")
    context.close()


def check(browser, portal, slurm, session):
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 860})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    seen = Seen(page, portal.address)
    looks(page, portal.address, seen)
    assert not seen.errors, seen.errors
    seen.forgiven = True  # 503 and 409
    submits(page, portal.address, slurm, session)
    seen.forgiven = False
    watches(page, portal.address, session)
    types(page, portal.address, session)
    assert not seen.errors, seen.errors
    without_a_script(browser, portal.address, session)

    # The portal is gone and comes back, without its sessions: what was typed is kept.
    seen.forgiven = True
    page.goto(portal.address + "/submit")
    page.fill("[name=name]", "kept")
    portal.stop()
    wait(page, "#unreached", "The portal does not answer")
    portal.start()
    page.click("#told a")
    sign_in(page, USER, PASSWORD)
    page.wait_for_url(portal.address + "/submit")
    assert page.input_value("[name=name]") == "kept"
    assert not seen.strangers, seen.strangers


def main(binary):
    with tempfile.TemporaryDirectory() as directory, a_browser() as browser:
        directory = pathlib.Path(directory)
        slurm, session = Slurm(directory), Session(directory / "session.sock")
        portal = Portal(binary, directory, slurm, directory / "session.sock")
        try:
            check(browser, portal, slurm, session)
            print("the portal is as it should be")
        finally:
            portal.stop()


main(sys.argv[1])
