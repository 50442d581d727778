# SPDX-License-Identifier: Apache-2.0
"""Two exporters that replay a recording, and a Prometheus that makes up the rest.

A recording has a line for each word: {"after_ms": when, "view": what}. The
words of the same moment are a step; a controller without a word in a step is
silent from then on.
"""

import json
import math
import threading
import time
import urllib.parse
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTROLLERS = ("ctl1", "ctl2")


class Replay:
    def __init__(self, recording):
        steps = {}
        with open(recording, encoding="utf-8") as lines:
            for word in map(json.loads, lines):
                step = steps.setdefault(word["after_ms"], {})
                step[word["view"]["controller"]] = word["view"]
        self.steps = sorted(steps.items())
        self.changed = threading.Condition()
        self.told, self.said = self.steps[0][1], time.monotonic()

    def tell(self, nth):
        """From now on the exporters tell what this step says."""
        self.say(self.steps[nth][1])

    def say(self, views):
        with self.changed:
            self.told, self.said = views, time.monotonic()
            self.changed.notify_all()

    def play(self, first=0, last=None):
        """Step after step, in the time that it took."""
        chosen = self.steps[first:last]
        began = time.monotonic()
        for after_ms, views in chosen:
            wait = (after_ms - chosen[0][0]) / 1000 - (time.monotonic() - began)
            time.sleep(max(wait, 0))
            self.say(views)

    def exporter(self, controller):
        replay = self

        class Handler(Quiet):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                last = None
                try:
                    while True:
                        with replay.changed:
                            replay.changed.wait_for(lambda: replay.told is not last, timeout=1)
                            last, age = replay.told, time.monotonic() - replay.said
                        if controller in last:
                            view = later(last[controller], age)
                            self.wfile.write(b"data: " + json.dumps(view).encode() + b"\n\n")
                except OSError:
                    pass

        return serve(Handler)


def later(view, age):
    """The same word, said so many seconds later."""
    said = datetime.fromisoformat(view["time"]) + timedelta(seconds=age)
    return view | {"time": said.isoformat()}


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}"


def prometheus():
    lines = {
        "slurm_jobs": [{"state": "pending"}, {"state": "running"}],
        "slurm_nodes": [{"state": "idle"}, {"state": "mixed"}],
        "out_of_sync": [{"volume": "state"}, {"volume": "database"}],
        "latency": [{"link": "cluster"}, {"link": "replication"}],
    }

    class Handler(Quiet):
        def do_GET(self):
            asked = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(self.path).query))
            start, end, step = (int(asked[key]) for key in ("start", "end", "step"))
            metrics = next((it for name, it in lines.items() if name in asked["query"]), [{}])
            result = []
            for nth, metric in enumerate(metrics):
                wave = [(t, 8 + 9 * nth + 5 * math.sin(t / (900 + 400 * nth)) + (t // 60 * 7919 % 3)) for t in range(start, end, step)]
                result.append({"metric": metric, "values": [[t, str(value)] for t, value in wave]})
            body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

    return serve(Handler)
