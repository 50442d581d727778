# SPDX-License-Identifier: Apache-2.0
"""A cluster that does not exist: squeue and sinfo as scripts, and the user's side
of the portal behind its socket. And what root does for the console."""

import base64
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import queue
import select
import shlex
import socketserver
import struct
import termios
import threading
import time

PASSWORD = "right horse"
USER = "ann"

QUEUE = """\
WORD|40|bob|batch|RUNNING|None|{began}|41:07|2:00:00|1|4|cn3|secret of bob
WORD|41|ann|batch|RUNNING|None|{began}|41:07|2:00:00|1|4|cn1|turbine, mesh 3
WORD|42_7|ann|batch|RUNNING|None|{began}|12:41|1:00:00|1|1|cn2|sweep
WORD|42_[8-90%5]|ann|batch|PENDING|JobArrayTaskLimit|N/A|0:00|1:00:00|1|1||sweep
WORD|43|ann|batch|PENDING|Resources|{begins}|0:00|12:00:00|4|64||turbine, mesh 4
WORD|44|ann|batch,long|PENDING|Priority|N/A|0:00|UNLIMITED|1|8||<script>alert('<b>')</script>
WORD|45|ann|batch|PENDING|ReqNodeNotAvail, UnavailableNodes:cn5|N/A|0:00|1:00:00|1|8||on cn5 "only"
WORD|46|ann|long|PENDING|JobHeldUser|N/A|0:00|1-00:00:00|1|8||later
"""

NODES = "".join(
    f"batch*|up|1-00:00:00|cn{nth}|{state}|16|64000|{why}\n"
    for nth, state, why in [(1, "mixed", "none"), (2, "mixed", "none"), (3, "allocated", "none"), (4, "idle", "none"),
                            (5, "down*", "Not responding"), (6, "drained", "fan 2, replaced on Monday")]
) + "long|up|infinite|cn4|idle|16|64000|none\n"

ENDED = [
    {"job": "39", "name": "turbine, mesh 2", "state": "COMPLETED", "partition": "batch", "began": "2026-11-28T16:00:00Z", "ended": "2026-11-28T17:12:44Z", "exit": "0:0"},
    {"job": "38", "name": "turbine, mesh 2", "state": "OUT_OF_MEMORY", "partition": "batch", "began": "2026-11-28T15:00:00Z", "ended": "2026-11-28T15:04:10Z", "exit": "0:125"},
    {"job": "37", "name": "try", "state": "FAILED", "partition": "batch", "began": "2026-11-28T14:00:00Z", "ended": "2026-11-28T14:00:02Z", "exit": "1:0"},
]


def iso(after_s, end=""):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + after_s)) + end


class Slurm:
    """Scripts that say what the programs would, in a directory of their own."""

    def __init__(self, directory):
        self.programs = directory / "programs"
        self.programs.mkdir()
        self.queue = directory / "queue"
        self.away = directory / "away"
        self.write("squeue", f"""\
            for format in "$@"; do :; done
            sed "s/^WORD/${{format%%|*}}/" {shlex.quote(str(self.queue))}""")
        nodes = directory / "nodes"
        nodes.write_text(NODES)
        self.write("sinfo", f"cat {shlex.quote(str(nodes))}")
        self.tell()

    def tell(self, more=""):
        text = QUEUE.format(began=iso(-2467), begins=iso(4200)) + more
        self.queue.write_text(text)

    def write(self, name, body):
        path = self.programs / name
        away = shlex.quote(str(self.away))
        path.write_text(f"""#!/bin/sh
            if [ -e {away} ]; then
                echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2
                exit 1
            fi
            {body}
            """)
        path.chmod(0o755)

    def goes(self):
        self.away.touch()

    def comes_back(self):
        self.away.unlink()


def talk(path, conversation):
    """Has a conversation, in a thread of its own, with whoever comes to a socket;
    it is given what hears the next line, None at the end, and what tells one."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            conversation(self.hear, self.tell)

        def hear(self):
            line = self.rfile.readline()
            return json.loads(line) if line else None

        def tell(self, word):
            self.wfile.write(json.dumps(word).encode() + b"\n")

    server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


class Session:
    """What a user's process answers; `refusals` come before the job."""

    def __init__(self, path: pathlib.Path):
        self.refusals, self.submitted, self.cancelled = [], {}, []
        self.terminals = []
        self.output = "".join(f"step {nth:3}  residual {1 / (nth + 1):.6f}\n" for nth in range(40))
        talk(path, self.serve)

    def serve(self, hear, tell):
        is_in = hear() == {"user": USER, "password": PASSWORD}
        tell({"in": {"user": USER}} if is_in else "wrong")
        turn = threading.Lock()

        def work(asked):
            answer = self.answer(asked["request"])
            # Whoever looked at a terminal may have gone.
            with turn, contextlib.suppress(OSError, ValueError):
                tell({"number": asked["number"], "answer": answer})

        while is_in and (asked := hear()) is not None:
            threading.Thread(target=work, args=[asked], daemon=True).start()

    def answer(self, request):
        if request == "ended":
            return {"Ok": {"ended": ENDED}}
        [(kind, it)] = request.items()
        return getattr(self, f"do_{kind.replace('-', '_')}")(it)

    def do_submit(self, it):
        if self.refusals:
            time.sleep(0.5)
            return {"Err": self.refusals.pop(0)}
        self.submitted.setdefault(it["token"], it)
        return {"Ok": {"submitted": "4711"}}

    def do_cancel(self, job):
        self.cancelled.append(job)
        return {"Ok": "cancelled"}

    def do_job(self, job):
        state = "CANCELLED" if job in self.cancelled else "RUNNING"
        return {"Ok": {"job": {
            "job": job, "name": "turbine, mesh 3", "state": state, "reason": None, "partition": "batch", "nodes": "cn1",
            "submitted": iso(-2500, "Z"), "begins": iso(-2467, "Z"), "ends": iso(4733, "Z"), "restarts": 0, "exit": "0:0",
            "output_file": f"/home/ann/slurm-{job}.out", "errors_file": None}}}

    def do_output(self, it):
        text = self.output[it["from"]:it["from"] + 65536]
        return {"Ok": {"output": {"from": it["from"], "text": text, "next": it["from"] + len(text), "size": len(self.output)}}}

    def do_open_terminal(self, window):
        child, terminal = pty.fork()
        if child == 0:
            os.environ.update(PS1="ann$ ", TERM="xterm-256color")
            os.execlp("sh", "sh")
        self.terminals.append(terminal)
        self.do_resize_terminal({"terminal": len(self.terminals), "window": window})
        return {"Ok": {"terminal": len(self.terminals)}}

    def do_read_terminal(self, number):
        terminal = self.terminals[number - 1]
        try:
            there = select.select([terminal], [], [], 2)[0]
            written = {"bytes": os.read(terminal, 32768) if there else b"", "is_over": False}
        except OSError:  # its programs have ended
            written = {"bytes": b"", "is_over": True}
        written["bytes"] = base64.b64encode(written["bytes"]).decode()
        return {"Ok": {"written": written}}

    def do_write_terminal(self, it):
        os.write(self.terminals[it["terminal"] - 1], base64.b64decode(it["typed"]))
        return {"Ok": "done"}

    def do_resize_terminal(self, it):
        size = struct.pack("HHHH", it["window"]["rows"], it["window"]["columns"], 0, 0)
        fcntl.ioctl(self.terminals[it["terminal"] - 1], termios.TIOCSWINSZ, size)
        return {"Ok": "done"}

    def do_close_terminal(self, number):
        os.close(self.terminals[number - 1])
        return {"Ok": "done"}


class Helper:
    """What root does for the console, which here does nothing."""

    def __init__(self, path, password):
        self.orders, self.words, self.password = [], queue.Queue(), password
        talk(path, self.serve)

    def serve(self, hear, tell):
        order = hear()
        if order.pop("password") != self.password:
            tell("wrong")
            return
        self.orders.append(order)
        tell("in")
        word = {}
        while "ended" not in word:
            word = self.words.get()
            tell(word)

    def say(self, word):
        self.words.put(word)
