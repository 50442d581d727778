# SPDX-License-Identifier: Apache-2.0
# A person with a browser, as far as the portal can tell.
#
#   portal.py story STRANGER    everything once; STRANGER is a job of somebody else
#   portal.py load              submits until /run/lab-portal-stop is there
#   portal.py way ADDRESS       a job that outlives the controller at ADDRESS, to its last line
import json, os, re, sys, time

from lab_browser import Browser, WebSocket, check, must, until

HOST = "10.77.0.31:8443"
STOP = "/run/lab-portal-stop"
LEDGER = "/run/lab-portal-ledger"
# What the test waits for.
RUNS = "the job runs"
ARRIVED = "all the way"


class Person(Browser):
    def __init__(self):
        super().__init__(HOST)

    def sign_in(self, password="a long password", user="anna"):
        return super().sign_in(user, password)

    def token(self):
        return re.search(r'name="token"[^>]*value="([\w-]{22})"', self.ask("/submit")[1])[1]

    def submit(self, form):
        """The answer, once there is one that is final: what the page's script does."""
        while True:
            try:
                status, text = self.ask("/submit", form, accept="application/json")
            except OSError as error:
                print("again after", repr(error), flush=True)
                time.sleep(2)
                continue
            # Anything else is a page that says what went wrong: an error that a person sees.
            must("an answer to a form", text.startswith("{"), status, text)
            answer = json.loads(text)
            if "away" in answer or "underway" in answer:
                print("again after", answer, flush=True)
                time.sleep(2)
                continue
            return status, answer


def form(token, name, script):
    return {"token": token, "name": name, "script": "#!/bin/bash\r\n" + script, "minutes": "5"}


def story(stranger):
    anna = Person()
    check("without a session there is the way to the sign-in", anna.ask("/")[0] in (302, 303, 307))
    check("a wrong password is refused", anna.sign_in("wrong") == 401)
    check("the right one is not", anna.sign_in() == 303)
    sent = form(anna.token(), "first", "for i in 1 2 3; do echo line $i; sleep 1; done; id -un")
    status, answer = anna.submit(sent)
    check("a job is submitted", status == 200 and "job" in answer, status, answer)
    job = answer["job"]
    check("the same form is the same job", anna.submit(sent)[1] == answer)

    def output():
        return json.loads(anna.ask(f"/jobs/{job}/output?stream=output&from=0")[1]).get("text", "")

    until("its output is read", lambda: "anna" in output())
    check("all of it", output().split() == "line 1 line 2 line 3 anna".split(), output())
    page = anna.ask(f"/jobs/{job}")[1]
    check("its page says how it ended", "COMPLETED" in page or "ompleted" in page, page)
    until("it is among those that have ended", lambda: f"/jobs/{job}" in anna.ask("/")[1])

    status, answer = anna.submit(form(anna.token(), "second", "sleep 600"))
    until("another runs", lambda: "unning" in anna.ask(f"/jobs/{answer['job']}")[1])
    status, text = anna.ask(f"/jobs/{answer['job']}/cancel", {})
    check("it is cancelled", status == 303, status, text)
    until("and ends", lambda: "ancelled" in anna.ask(f"/jobs/{answer['job']}")[1])

    check("a stranger's job is in no list", "strangers" not in anna.ask("/")[1])
    status, text = anna.ask(f"/jobs/{stranger}")
    check("nor on a page", "strangers" not in text, text)
    status, text = anna.ask(f"/jobs/{stranger}/cancel", {})
    check("nor can it be cancelled", status not in (200, 303), status, text)
    status, text = anna.ask(f"/jobs/{answer['job']}/cancel", {}, origin="https://evil.example")
    check("another site's form is refused", status == 403, status)
    status, answer = anna.submit(form(anna.token(), "third", "true") | {"partition": "none"})
    check("what Slurm refuses is told", status == 422 and "no" in answer, status, answer)
    check("there are partitions", "main" in anna.ask("/nodes")[1])
    types(anna)
    anna.ask("/logout", {})
    check("nobody is in after signing out", anna.ask("/")[0] in (302, 303, 307))


# A login like every other: in a home that can be written to, and within the limits of people.
TYPED = b"""echo I am $(id -un) on $(tty); touch ~/typed && echo wrote $?; stty size; cat /proc/self/cgroup
exit
"""


def types(anna):
    path = "/terminal/connection?columns=91&rows=31"
    check("another site opens no terminal", WebSocket(anna, path, "https://evil.example").status == 403)
    terminal = WebSocket(anna, path)
    check("a terminal opens", terminal.status == 101, terminal.status)
    terminal.send(TYPED)
    written, why = terminal.read()
    for word in ("I am anna on /dev/pts/", "wrote 0", "31 91", "/user.slice/user-20001.slice/session-"):
        check(f"it shows {word}", word in written, written, why)
    check("and ends", "logged out" in why, why)


# The job sees the controller go: three times nothing answers there. It asks node_exporter, because an sshd that
# is asked every second starts a process for each, and that alone is a fifth of what an emulated controller can do.
OUTLIVES = """echo before
gone=0
while [ $gone -lt 3 ]; do
  sleep 3
  if timeout 3 bash -c 'exec 3<>/dev/tcp/ADDRESS/9100' 2>/dev/null; then gone=0; else gone=$((gone + 1)); fi
done
echo the controller is gone
sleep 5
id -un
"""


def way(address):
    anna = Person()
    check("signed in", anna.sign_in() == 303)
    sent = form(anna.token(), "way", OUTLIVES.replace("ADDRESS", address)) | {"minutes": "20"}
    status, answer = anna.submit(sent)
    check("submitted", status == 200 and "job" in answer, status, answer)
    job, unreadable = answer["job"], []

    def reads(last):
        # A page has to come whatever the scheduler does; what is not known is said on it.
        for path in ("/", f"/jobs/{job}"):
            status, text = anna.ask(path)
            must("a page comes", status == 200, path, status, text)
        answer = json.loads(anna.ask(f"/jobs/{job}/output?stream=output&from=0")[1])
        if "text" not in answer:
            unreadable.append(answer)
        return last in answer.get("text", "")

    until(RUNS, lambda: reads("before"))
    until("its last line is read", lambda: reads("anna"))
    until("its page says how it ended", lambda: "ompleted" in anna.ask(f"/jobs/{job}")[1])
    until("it is among those that have ended", lambda: f"/jobs/{job}" in anna.ask("/")[1])
    print("times without output:", len(unreadable), unreadable[:1], flush=True)
    print(ARRIVED, flush=True)


def load():
    anna = Person()
    check("signed in", anna.sign_in() == 303)
    turn = 0
    with open(LEDGER, "w") as ledger:
        while not os.path.exists(STOP):
            begin = time.monotonic()
            sent, lost = form(anna.token(), f"portal-{turn:03}", "true"), False
            status, answer = anna.submit(sent)
            if "lost" in answer:
                lost = True
                status, answer = anna.submit(sent | {"again": "yes"})
            print(json.dumps({"name": sent["name"], "lost": lost, **answer}), file=ledger, flush=True)
            turn += 1
            # As long as the last form took, so that a slow portal is not kept slow.
            time.sleep(max(8, time.monotonic() - begin))


if __name__ == "__main__":
    {"story": story, "load": load, "way": way}[sys.argv[1]](*sys.argv[2:])
