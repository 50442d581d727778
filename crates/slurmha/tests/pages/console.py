# SPDX-License-Identifier: Apache-2.0
"""The console's page in a real browser, while a controller loses its power.

    make page                       draws target/pictures/console*.png
    UPDATE_EXPECTED=1 make page     draws those of docs/pictures
"""

import pathlib
import sys
import tempfile
import time

from browser import PATIENCE_MS, ROOT, Seen, Server, a_browser, first_paint_ms, free_port, is_narrow_enough, picture, sign_in, wait
from fakes import Helper
from replay import CONTROLLERS, Replay, prometheus

RECORDING = ROOT / "crates/core/tests/fixtures/console/power-loss.jsonl"
USER, PASSWORD, ACTS = "admin", "a wall display", "a key to it"
MOST_BYTES = 300_000
LOST = 3  # the step in which Pacemaker says that ctl1 is lost
BACK = 14  # the step in which ctl1 is back
MOVES_MS = 1200


ACTIONS = """
[console]
password_file = "~/look"
actions = ["switchover", "standby"]
actions_password_file = "~/act"
"""


class Console(Server):
    """The real binary, told by the replay, with the helper behind a socket."""

    def __init__(self, binary, directory, exporters, plots, helper):
        secret = directory / "password"
        secret.write_text(PASSWORD + "\n")
        site = directory / "site.toml"
        site.write_text((ROOT / "examples/lab/site.toml").read_text() + ACTIONS)
        port = free_port()
        super().__init__(port, [
            binary, "console", "--listen", f"127.0.0.1:{port}",
            "--site", site, "--password-file", secret, "--actions", helper,
            "--state", directory, "--exporters", *exporters, "--prometheus", plots])


def form_without_token(page, address):
    """What a page that guessed the form would send, with the session's cookie."""
    body = "verb=switchover&controller=ctl2&token=&password=" + ACTS.replace(" ", "+")
    return page.evaluate("""async ([url, body]) => (await fetch(url, {method: "POST", body,
        headers: {"Content-Type": "application/x-www-form-urlencoded"}})).status""", [address + "/act", body])


def acting(context, console, helper):
    """By keyboard, and without the script: what is asked for, refused and done."""
    page = context.new_page()
    page.goto(console.address + "/")
    page.get_by_role("link", name="Move the active role to ctl2").press("Enter")
    wait(page, "h1", "Move the active role to ctl2")
    wait(page, "li", "Jobs go on")
    assert page.evaluate("document.activeElement.name") == "password"
    is_narrow_enough(page)
    picture(page, "console-action")
    page.keyboard.type(PASSWORD)  # that of looking
    page.keyboard.press("Enter")
    wait(page, "[role=alert]", "not the password of the actions")
    assert form_without_token(page, console.address) == 403
    assert not helper.orders, helper.orders

    page.keyboard.type(ACTS)
    page.keyboard.press("Enter")
    wait(page, "[role=status]", "Under way")
    assert [order["action"] for order in helper.orders] == [{"verb": "switchover", "controller": "ctl2"}]
    helper.say({"step": "ctl2: runs drbd"})
    wait(page, "[role=log]", "ctl2: runs drbd")
    helper.say({"ended": {"code": 0, "text": "all runs on ctl2", "next": []}})
    wait(page, "[role=status]", "all runs on ctl2")

    # What is not safe is said in the words of the command line, and has no form.
    page.get_by_role("link", name="Back to the cluster").click()
    page.locator("#act-list li", has_text="Set ctl1 aside").locator("summary").press("Enter")
    wait(page, "#act-list .refusal", "ctl1 is active: its role has to move away first")
    page.goto(console.address + "/act/standby/ctl1")
    wait(page, "[role=alert]", "ctl1 is active")
    assert page.locator("form").count() == 0
    assert page.goto(console.address + "/act/reboot/ctl1").status == 404
    page.close()


def text(page, selector):
    return page.locator(selector).inner_text()


def enter(page, address):
    page.goto(address + "/")
    assert page.url == address + "/login", page.url
    sign_in(page, USER, PASSWORD)
    page.wait_for_url(address + "/")


def by_keyboard(page):
    """Everything that can be used is reached with Tab, in the order of the page."""
    reached = []
    page.evaluate("document.activeElement.blur()")
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.slice(0, 8)"))
    for wanted in ("To the c", "Sign out", "events", "hours"):
        assert wanted in reached, reached


def runbooks(browser, console):
    """Where an alert's link leads, for somebody who has not signed in, on a phone, and in the dark."""
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1000, "height": 700})
    page = context.new_page()
    seen = Seen(page, console.address)
    page.goto(console.address + "/runbooks/corosync#slurmhacorosynctokenlost")
    wait(page, "h2:target", "SlurmhaCorosyncTokenLost")
    picture(page, "console-runbook")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    is_narrow_enough(page)
    page.get_by_role("link", name="All runbooks").click()
    wait(page, "h1", "Runbooks")
    is_narrow_enough(page)
    assert not seen.errors and not seen.strangers, (seen.errors, seen.strangers)
    context.close()


def check(browser, console, replay, helper):
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    seen = Seen(page, console.address)
    seen.forgiven = True  # a browser writes 401 into its log, too
    enter(page, console.address)
    seen.forgiven = False
    wait(page, "#verdict", "All is well. ctl1 is active.")
    # Without the time that the password takes.
    page.reload()
    page.locator("figure").first.wait_for()
    paint = first_paint_ms(page)
    print(f"first paint after {paint:.0f} ms; {seen.bytes / 1000:.1f} kB for two sign-ins and two pages")
    assert seen.bytes < MOST_BYTES, seen.bytes
    by_keyboard(page)
    is_narrow_enough(page)
    picture(page, "console", MOVES_MS)
    acting(context, console, helper)
    runbooks(browser, console)

    # A controller loses its power, in the time that it took.
    replay.play(1, LOST)
    time.sleep(2.3)
    replay.tell(LOST)
    told = time.monotonic()
    wait(page, "#now-title", "ctl1")
    print(f"a loss is on the page {time.monotonic() - told:.2f} s after Pacemaker says so")
    replay.play(LOST, 8)
    wait(page, "#now-phases", "scheduler away")
    picture(page, "console-failover", MOVES_MS)
    replay.play(8, BACK)
    wait(page, "#verdict", "ctl2 serves")
    page.locator("#now").wait_for(state="hidden")
    wait(page, "#failovers", "ctl1 was lost, ctl2 took over")
    replay.tell(BACK + 1)
    wait(page, "#volumes", "resync, 31 % in sync")
    picture(page, "console-resync", MOVES_MS)
    assert "ctl1 was fenced by ctl2" in text(page, "#events")

    # Dark, and on a phone.
    replay.tell(len(replay.steps) - 1)
    wait(page, "#verdict", "All is well. ctl2 is active.")
    page.emulate_media(color_scheme="dark")
    picture(page, "console-dark", MOVES_MS)
    page.set_viewport_size({"width": 390, "height": 844})
    picture(page, "console-phone", MOVES_MS, full_page=True)
    is_narrow_enough(page)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 1000})

    # Neither tells anything; then the console itself is gone.
    replay.say({})
    wait(page, "#old", "Neither controller")
    wait(page, "#verdict", "Too little is known")
    assert "not heard" not in text(page, "#problems")
    assert not seen.errors, seen.errors
    seen.forgiven = True
    console.stop()
    wait(page, "#old", "the console does not answer")
    console.start()
    page.wait_for_url(console.address + "/login")
    enter(page, console.address)
    wait(page, "#failovers", "ctl1 was lost, ctl2 took over")
    assert not seen.strangers, seen.strangers


def main(binary):
    with tempfile.TemporaryDirectory() as directory, a_browser() as browser:
        replay = Replay(RECORDING)
        exporters = [replay.exporter(controller) for controller in CONTROLLERS]
        socket = pathlib.Path(directory) / "helper.sock"
        helper = Helper(socket, ACTS)
        console = Console(binary, pathlib.Path(directory), exporters, prometheus(), socket)
        try:
            check(browser, console, replay, helper)
            print("the page is as it should be")
        finally:
            console.stop()


main(sys.argv[1])
