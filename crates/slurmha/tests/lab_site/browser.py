# SPDX-License-Identifier: Apache-2.0
# A browser, as far as a page of ours can tell, and what a story that is played with it says.
import base64, os, socket, ssl, struct, sys, time, urllib.error, urllib.parse, urllib.request


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    def __init__(self, host):
        self.host = host
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        https = urllib.request.HTTPSHandler(context=context)
        self.opener = urllib.request.build_opener(https, NoRedirect())
        self.cookie = ""

    def ask(self, path, form=None, origin=None, **headers):
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(f"https://{self.host}{path}", data=data, headers=headers)
        request.add_header("Cookie", self.cookie)
        if data is not None:
            request.add_header("Origin", origin or f"https://{self.host}")
        try:
            answer = self.opener.open(request, timeout=320)
        except urllib.error.HTTPError as error:
            answer = error
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            self.cookie = cookie.split(";")[0]
        return answer.status, answer.read().decode()

    def sign_in(self, user, password):
        return self.ask("/login", {"user": user, "password": password})[0]


class WebSocket:
    """As much of RFC 6455 as a terminal needs."""

    def __init__(self, browser, path, origin=None):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        host, port = browser.host.split(":")
        self.stream = context.wrap_socket(socket.create_connection((host, int(port)), 120)).makefile("rwb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.stream.write((f"GET {path} HTTP/1.1\r\nHost: {browser.host}\r\nOrigin: {origin or 'https://' + browser.host}\r\n"
                           f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                           f"Sec-WebSocket-Key: {key}\r\nCookie: {browser.cookie}\r\n\r\n").encode())
        self.stream.flush()
        self.status = int(self.stream.readline().split()[1])
        while self.stream.readline().strip():
            pass

    def send(self, data):
        mask = os.urandom(4)
        self.stream.write(bytes([0x82, 0x80 | len(data)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
        self.stream.flush()

    def read(self):
        """All that comes, until the other end closes; with its reason."""
        came = b""
        while True:
            kind, length = self.stream.read(2)
            if length == 126:
                [length] = struct.unpack(">H", self.stream.read(2))
            data = self.stream.read(length)
            if kind & 15 == 8:
                return came.decode(), data[2:].decode()
            came += data


def until(what, look):
    for _ in range(300):
        begin = time.monotonic()
        found = look()
        if found:
            print(what, flush=True)
            return found
        # Each look is a page or two, and each page some programs of Slurm: without a rest they are all that an
        # emulated login node does, and the cluster is never found healthy. Slow ones rest longer.
        time.sleep(max(6, 2 * (time.monotonic() - begin)))
    sys.exit("waited for: " + what)


def check(what, is_so, *seen):
    must(what, is_so, *seen)
    print(what, flush=True)


def must(what, is_so, *seen):
    if not is_so:
        sys.exit(f"not so: {what}: {seen}")
