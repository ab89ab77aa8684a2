"""A headless Chromium, spoken to over a pipe (its DevTools protocol): no port, no network."""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import time
from typing import Any, Dict, List, Optional, Tuple

PROGRAM = "/usr/bin/chromium"
TIMEOUT_S = 60

FLAGS = [
    "--headless",
    "--no-sandbox",  # it runs as root in CI, and the page is our own
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]


class Page:
    """One page in a Chromium of its own; use it in a `with` statement."""

    def __init__(self, folder: str):
        self._home = os.path.join(folder, "chromium")  # its profile and what else it writes
        self.complaints: List[str] = []  # console errors and warnings, exceptions
        self.requests: List[str] = []  # URLs
        self._next_id = 0
        self._buffer = b""
        self._session: Optional[str] = None
        self._answers: Dict[int, Any] = {}

    def __enter__(self) -> "Page":
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()

        def pipes() -> None:  # Chromium reads commands from 3 and writes answers to 4.
            reader, writer = os.dup(to_read), os.dup(to_write)
            os.dup2(reader, 3)
            os.dup2(writer, 4)

        os.mkdir(self._home)
        self._process = subprocess.Popen(
            [PROGRAM, *FLAGS, "--user-data-dir=" + os.path.join(self._home, "profile")],
            preexec_fn=pipes,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self._home},
            start_new_session=True,  # its helpers are ended with it
        )
        os.close(to_read)
        os.close(to_write)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")
        return self

    def __exit__(self, *_: Any) -> None:
        os.close(self._to)
        os.close(self._from)
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._clear()

    def _clear(self) -> None:
        """Removes what Chromium wrote. Helpers outlive it for a moment, some of them in sessions of
        their own, and write while their folder is being removed."""
        deadline = time.monotonic() + TIMEOUT_S
        while os.path.exists(self._home):
            shutil.rmtree(self._home, ignore_errors=time.monotonic() < deadline)

    def _receive(self, deadline: float) -> Dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError("Chromium does not answer")
            data = os.read(self._from, 1 << 16)
            if not data:
                raise EOFError("Chromium ended")
            self._buffer += data
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def _note(self, message: Dict[str, Any]) -> None:
        params = message.get("params", {})
        method = message.get("method")
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"])[:2000])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.complaints.append(json.dumps(params["args"])[:2000])
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def call(self, method: str, **params: Any) -> Any:
        self._next_id += 1
        command = {"id": self._next_id, "method": method, "params": params}
        if self._session is not None:
            command["sessionId"] = self._session
        os.write(self._to, json.dumps(command).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            message = self._receive(deadline)
            if message.get("id") != self._next_id:
                self._note(message)
                continue
            if "error" in message:
                raise RuntimeError("%s: %s" % (method, message["error"]))
            return message["result"]

    def open(self, url: str, ready: str) -> None:
        """Opens `url` and waits until the expression `ready` is true."""
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + TIMEOUT_S
        loaded = "location.href === %s && document.readyState === 'complete'" % json.dumps(url)
        while self.evaluate("%s && (%s)" % (loaded, ready)) is not True:
            if time.monotonic() > deadline:
                raise TimeoutError("%s: %s does not come; %s" % (url, ready, self.complaints))

    def evaluate(self, expression: str) -> Any:
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError("%s: %s" % (expression, result["exceptionDetails"]))
        return result["result"].get("value")

    def size(self, width: int, height: int, mobile: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )

    def prefer(self, scheme: str) -> None:
        """ "light" or "dark"."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    # Real input, at CSS pixels of the view.

    def _mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def hover(self, x: float, y: float) -> None:
        self._mouse("mouseMoved", x, y)

    def click(self, x: float, y: float) -> None:
        self.drag([(x, y)])

    def drag(self, places: List[Tuple[float, float]]) -> None:
        """Presses at the first place, moves along them, and lets go at the last."""
        self.hover(*places[0])
        self._mouse("mousePressed", *places[0], button="left", buttons=1, clickCount=1)
        for place in places[1:]:
            self._mouse("mouseMoved", *place, button="left", buttons=1)
        self._mouse("mouseReleased", *places[-1], button="left", buttons=0, clickCount=1)

    def wheel(self, x: float, y: float, down: float, modifiers: int = 0) -> None:
        """`down`: pixels; negative: up. `modifiers`: 1 Alt, 2 Ctrl, 8 Shift."""
        self._mouse("mouseWheel", x, y, deltaX=0, deltaY=down, modifiers=modifiers)

    def pinch(self, x: float, y: float, gap: float, gap_after: float) -> None:
        """Two fingers beside each other about (x, y), that go apart or together."""

        def touch(kind: str, width: float) -> None:
            points = [] if kind == "touchEnd" else [{"x": x - width / 2, "y": y}, {"x": x + width / 2, "y": y}]
            self.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)

        touch("touchStart", gap)
        for step in range(1, 6):
            touch("touchMove", gap + (gap_after - gap) * step / 5)
        touch("touchEnd", gap_after)

    def press(self, key: str) -> None:
        """A key by its DOM name: "n", "Home", "Enter"."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = {"Enter": 13, "Tab": 9, "Escape": 27, "Home": 36}.get(key, 0)
        more = {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **more)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def middle_of(self, selector: str) -> Tuple[float, float]:
        """Of an element, scrolled into view."""
        x, y = self.evaluate(
            "(() => { const e = document.querySelector(%s); e.scrollIntoView({block: 'center'});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
            % json.dumps(selector)
        )
        return x, y

    def wait(self, condition: str) -> None:
        """Until the expression is true."""
        deadline = time.monotonic() + TIMEOUT_S
        while self.evaluate(condition) is not True:
            if time.monotonic() > deadline:
                raise TimeoutError("%s does not come; %s" % (condition, self.complaints))

    def frames(self) -> None:
        """Until two frames are drawn: what was asked for is there."""
        self.evaluate(
            "window.framed = false; requestAnimationFrame(() => requestAnimationFrame(() => {"
            " window.framed = true; })); 0"
        )
        self.wait("window.framed")

    def screenshot(self, whole: bool = True) -> bytes:
        """PNG, of the whole page or of what the screen shows."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])
