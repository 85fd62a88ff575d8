"""A headless Chromium driven over the DevTools protocol through a pipe: no driver program, no package, no port.

    with Browser(spki) as browser:
        page = browser.page("https://localhost:1234/", phone=True)
        page.fill("#user", "…"); page.click("button"); page.wait("document.title")
"""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time

PATIENCE = 60


class Browser:
    def __init__(self, spki=""):
        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        assert program, "chromium is not installed; ./check installs it"
        self.folder = tempfile.mkdtemp()
        to_browser, self.out = os.pipe()
        self.inp, from_browser = os.pipe()

        def pipes():
            # The protocol: the browser reads descriptor 3 and writes descriptor 4.
            os.dup2(to_browser, 30), os.dup2(from_browser, 31)
            os.dup2(30, 3), os.dup2(31, 4)

        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=vi",
                 "--disable-features=Translate,OptimizationHints,MediaRouter", "--remote-debugging-pipe",
                 f"--user-data-dir={self.folder}"]
        if spki:
            flags.append(f"--ignore-certificate-errors-spki-list={spki}")
        self.process = subprocess.Popen([program, *flags, "about:blank"], preexec_fn=pipes, close_fds=False,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.last, self.answers, self.events = 0, {}, []
        self.arrived = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        buffer = b""
        while piece := os.read(self.inp, 1 << 16):
            buffer += piece
            *whole, buffer = buffer.split(b"\0")
            with self.arrived:
                for text in whole:
                    message = json.loads(text)
                    if "id" in message:
                        self.answers[message["id"]] = message
                    else:
                        self.events.append(message)
                self.arrived.notify_all()

    def say(self, method, session=None, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        with self.arrived:
            while message["id"] not in self.answers:
                assert self.arrived.wait(until - time.monotonic()), f"{method}: no answer"
            answer = self.answers.pop(message["id"])
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def page(self, url, phone=False):
        context = self.say("Target.createBrowserContext")["browserContextId"]
        target = self.say("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.say("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.say(f"{domain}.enable")
        page.say("Emulation.setTimezoneOverride", timezoneId="Asia/Ho_Chi_Minh")
        if phone:
            page.say("Emulation.setDeviceMetricsOverride", width=360, height=800, deviceScaleFactor=2, mobile=True)
            page.say("Emulation.setTouchEmulationEnabled", enabled=True)
        page.go(url)
        return page

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session

    def say(self, method, **params):
        return self.browser.say(method, self.session, **params)

    def go(self, url):
        answer = self.say("Page.navigate", url=url)
        assert not answer.get("errorText"), f"{url}: {answer['errorText']}"
        self.settled()

    def js(self, expression):
        answer = self.say("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def wait(self, expression, why=""):
        """Until the expression is true in the page (which may be changing under it)."""
        until = time.monotonic() + PATIENCE
        problem = None
        while time.monotonic() < until:
            try:
                if value := self.js(f"((v) => v instanceof Node ? true : v)({expression})"):
                    return value
            except AssertionError as gone:
                problem = gone
            time.sleep(0.05)
        raise AssertionError(f"waited in vain for {why or expression}: {problem or ''}\n{self.text()[:3000]}")

    def settled(self):
        self.wait("document.readyState === 'complete'")

    def text(self):
        return self.js("document.title + '\\n' + location.href + '\\n' + document.body.innerText") or ""

    def has(self, words):
        return self.wait(f"document.body.innerText.includes({json.dumps(words)})", f"the words {words!r}")

    def fill(self, selector, text):
        self.wait(f"document.querySelector({json.dumps(selector)})", selector)
        self.js(f"""(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus();
            e.value = {json.dumps(text)}; e.dispatchEvent(new Event('input', {{bubbles: true}}));
            e.dispatchEvent(new Event('change', {{bubbles: true}})); }})()""")

    def click(self, selector):
        """Clicks the first match and waits for the page that follows, if one follows."""
        self.wait(f"document.querySelector({json.dumps(selector)})", selector)
        self.js(f"document.querySelector({json.dumps(selector)}).click()")
        time.sleep(0.2)
        self.settled()

    def click_text(self, words, within="a, button, summary"):
        find = f"[...document.querySelectorAll({json.dumps(within)})].find(e => e.innerText.includes({json.dumps(words)}))"
        self.wait(f"!!{find}", f"something to press with {words!r}")
        self.js(f"{find}.click()")
        time.sleep(0.2)
        self.settled()

    def picture(self, path):
        data = self.say("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
