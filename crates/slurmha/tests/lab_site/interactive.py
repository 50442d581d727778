# SPDX-License-Identifier: Apache-2.0
# Somebody at a terminal types one command after the other and does not wait for it to end.
#
#   interactive.py PATH    until PATH.stop is there
#
# Each command is a line in PATH.ledger when it has ended: when it was typed, how long it took
# (seconds), its exit status, and what it said to stderr.
import itertools, json, os, subprocess, sys, threading, time

# Seconds between two commands: an emulated node needs two for a step.
PAUSE = 3

NOBODY = 65534

COMMANDS = [
    "srun --mem=32M --ntasks=1 hostname",
    "squeue",
    "salloc --mem=32M --ntasks=1 true",
    "sinfo",
]

lock = threading.Lock()


def play(command, ledger):
    at = time.time()
    ran = subprocess.run(
        command.split(), user=NOBODY, group=NOBODY, extra_groups=[], cwd="/tmp",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    line = {
        "command": command.split()[0], "at": at, "took": time.time() - at,
        "status": ran.returncode, "said": ran.stderr,
    }
    with lock:
        print(json.dumps(line), file=ledger, flush=True)


def main(path):
    with open(path + ".ledger", "w") as ledger:
        typed = []
        for command in itertools.cycle(COMMANDS):
            if os.path.exists(path + ".stop"):
                break
            typed.append(threading.Thread(target=play, args=(command, ledger)))
            typed[-1].start()
            time.sleep(PAUSE)
        for one in typed:
            one.join()


main(*sys.argv[1:])
