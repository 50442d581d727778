# SPDX-License-Identifier: Apache-2.0
# An operator with a browser, as far as the console can tell.
#
#   console.py refused ADDRESS ACTIVE PASSIVE    what is not done, and what it says
#   console.py act ADDRESS VERB CONTROLLER       one action, to its end
import re, sys

from lab_browser import Browser, check, until

LOOKING = "only for looking"
ACTING = "only for acting"


class Operator(Browser):
    def token(self, verb, controller):
        """What the form carries; nothing while the page says why not."""
        status, self.page = self.ask(f"/act/{verb}/{controller}")
        found = re.search(r'name="token" value="([\w-]+)"', self.page)
        return found and found[1]

    def order(self, verb, controller, token, password=ACTING):
        form = {"verb": verb, "controller": controller, "token": token, "password": password}
        return self.ask("/act", form)[0]


def signed_in(address):
    operator = Operator(f"{address}:9818")
    status = operator.sign_in("admin", LOOKING)
    check("signed in", status == 303, status)
    return operator


def refused(address, active, passive):
    stranger = Operator(f"{address}:9818")
    check("who is not signed in is asked to", stranger.ask(f"/act/standby/{passive}")[0] == 401)
    check("acting's password is not looking's", stranger.sign_in("admin", ACTING) == 401)
    operator = signed_in(address)
    token = until("a move is offered", lambda: operator.token("switchover", passive))
    check("a wrong password is refused", operator.order("switchover", passive, token, LOOKING) == 403)
    check("a form of another session, too", operator.order("switchover", passive, "x" * 43) == 403)
    check("the active one is not set aside", operator.token("standby", active) is None)
    check("and the page says why", "its role has to move away first" in operator.page, operator.page)
    check("nor is it by force", operator.order("standby", active, token) == 409)
    check("no other machine is known", operator.ask("/act/standby/login1")[0] == 404)
    check("nothing was done", "Nothing has been done" in operator.ask("/act")[1])


def act(address, verb, controller):
    operator = signed_in(address)
    token = until("it is offered", lambda: operator.token(verb, controller))
    check("it is begun", operator.order(verb, controller, token) == 303)

    def ended():
        page = operator.ask("/act")[1]
        return page if "Under way" not in page else None

    page = until("it is over", ended)
    print(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)), flush=True)
    check("it went well", 'class="done"' in page, page)


if __name__ == "__main__":
    {"refused": refused, "act": act}[sys.argv[1]](*sys.argv[2:])
