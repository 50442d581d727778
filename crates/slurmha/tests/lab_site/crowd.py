# SPDX-License-Identifier: Apache-2.0
# Many clients of one kind on one machine, each submitting again and again.
#
#   crowd.py portal|sbatch COUNT USERS PATH    until PATH.stop is there
#
# Each answer is a line in PATH.ledger: the job's name, the seconds that the answer
# took and when it came (since the epoch), and what was wrong with it, if anything was.
import json, os, random, subprocess, sys, threading, time

from lab_portal import Person, form

# Between two submissions of a client, seconds: an emulated login node does less than one a
# second for everybody together.
PAUSE = (60, 120)

lock = threading.Lock()


def note(ledger, **line):
    with lock:
        print(json.dumps(line), file=ledger, flush=True)


class InPortal:
    def __init__(self, user):
        self.person = Person()
        status = self.person.sign_in(user=user)
        if status != 303:
            sys.exit(f"{user} cannot sign in: {status}")

    def submit(self, name):
        """What is wrong, or nothing."""
        status, answer = self.person.submit(form(self.person.token(), name, "true"))
        return None if status == 200 and "job" in answer else repr((status, answer))


class AtTerminal:
    def __init__(self, user):
        self.user = user

    def submit(self, name):
        command = ["sbatch", "--parsable", f"--job-name={name}", "--output=/dev/null", "--wrap=true"]
        ran = subprocess.run(
            command, user=self.user, group=self.user, extra_groups=[], cwd="/tmp",
            capture_output=True, text=True,
        )
        return None if ran.returncode == 0 else f"{ran.returncode}: {ran.stderr}"


def client(me, number, ledger, stop):
    turn = 0
    while not os.path.exists(stop):
        name = f"{type(me).__name__}-{os.uname().nodename}-{number}-{turn}"
        began = time.time()
        try:
            wrong = me.submit(name)
        except Exception as error:
            wrong = repr(error)
        now = time.time()
        note(ledger, client=number, name=name, at=now, took=now - began, wrong=wrong)
        turn += 1
        time.sleep(random.uniform(*PAUSE))


def main(kind, count, users, path):
    kind = {"portal": InPortal, "sbatch": AtTerminal}[kind]
    with open(path + ".ledger", "w") as ledger:
        clients = []
        # One signs in after the other: an emulated machine needs seconds for each.
        for number in range(int(count)):
            me = kind(f"p{number % int(users)}")
            clients.append(threading.Thread(target=client, args=(me, number, ledger, path + ".stop")))
            clients[-1].start()
        for one in clients:
            one.join()


main(*sys.argv[1:])
