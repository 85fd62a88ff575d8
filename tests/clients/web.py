#!/usr/bin/env python3
"""The pages as an official uses them, on a phone of 360x800, in headless Chromium, over HTTPS.

usage: web.py FLOW FILE-WITH-THE-DEMO'S-JSON-LINE [FOLDER-FOR-PICTURES]
FLOW: letter | document | recover | script | codings (with "cases" in the file: coding, subject, text)
"""
import base64
import hashlib
import http.client
import imaplib
import json
import smtplib
import ssl
import subprocess
import sys
import time

from browser import Browser

flow = sys.argv[1]
with open(sys.argv[2]) as file:
    told = json.load(file)
pictures = sys.argv[3] if len(sys.argv) > 3 else None
port = {door: int(told[door].rsplit(":", 1)[1]) for door in ("smtp", "imap", "https", "http")}
base = f"https://localhost:{port['https']}"
passwords = {account["address"]: account["password"] for account in told["accounts"]}
LAN, THUY, KHANG = (f"{name}@vamxanh.example" for name in ("lan.nt", "thuy.dtt", "khang.vm"))


def spki():
    """What Chromium is told to trust: the hash of the server's key (turning checks off would change its behaviour)."""
    pem = ssl.get_server_certificate(("127.0.0.1", port["https"]))
    key = subprocess.run(["openssl", "x509", "-pubkey", "-noout"], input=pem.encode(), capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key, capture_output=True, check=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def shot(page, name):
    if pictures:
        page.picture(f"{pictures}/{name}.png")


def sign_in(browser, address, password=None):
    page = browser.page(base + "/", phone=True)
    page.fill("#u", address)
    page.fill("#p", password or passwords[address])
    page.click("form[action='/dang-nhap'] button")
    page.wait("document.querySelector('[data-testid=list], [data-testid=row]')", "the list after signing in")
    return page


def letter(to, subject, body, kind="plain", name="thu-trang"):
    raw = (f"From: Tran Thi Mai <mai@ngoai.example>\r\nTo: {to}\r\nSubject: =?utf-8?B?"
           f"{base64.b64encode(subject.encode()).decode()}?=\r\nMessage-ID: <{name}@ngoai.example>\r\nMIME-Version: 1.0\r\n"
           f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
           f"{base64.encodebytes(body.encode()).decode()}").replace("\r\n", "\n").replace("\n", "\r\n")
    with smtplib.SMTP("127.0.0.1", port["smtp"], timeout=60) as server:
        server.ehlo("may-khach.example")
        server.sendmail("mai@ngoai.example", [to], raw.encode())


def imap(address, password=None):
    client = imaplib.IMAP4("127.0.0.1", port["imap"], timeout=60)
    client.login(address, password or passwords[address])
    return client


def read_and_answer(browser):
    page = sign_in(browser, THUY)
    shot(page, "list")
    # Live updates run: the page is not asked again for the new letter.
    page.js("window.notReloaded = true")
    page.wait("document.querySelector('[data-live]')", "a live list")
    time.sleep(0.5)
    letter(THUY, "V/v rà soát dự toán đặc biệt", "Kính gửi đồng chí Thủy,\n\nĐề nghị rà soát dự toán.")
    page.has("rà soát dự toán đặc biệt")
    assert page.js("window.notReloaded === true"), "the page was loaded again"
    shot(page, "list-live")
    page.click_text("rà soát dự toán đặc biệt", "[data-testid=row], [data-testid=row] a, a[data-testid=row]")
    page.wait("document.querySelector('[data-testid=body]')", "the letter")
    page.has("Đề nghị rà soát dự toán.")
    shot(page, "message")
    page.click_text("Trả lời")
    page.wait("document.querySelector('[data-testid=compose] textarea, #bd')", "the answer's form")
    subject = page.js("document.querySelector('#sj').value")
    assert subject.startswith("Re: "), subject
    page.fill("#bd", "Sở Tài chính đã nhận và đang rà soát.")
    shot(page, "compose")
    page.click("[data-testid=send]")
    # Outside the province: the page asks once whether that is meant.
    page.has("ngoài tỉnh")
    shot(page, "compose-outside")
    page.click("[data-testid=send]")
    page.wait("!document.querySelector('[data-testid=compose]')", "the letter to be sent")
    shot(page, "sent")
    # The answer to the form was the list itself: it has an address of its own, and loading it again sends nothing.
    page.wait("location.pathname === '/' && location.search.startsWith('?tb=gui')", "the list's own address")
    page.say("Page.reload")
    page.settled()
    page.has("Đã gửi thư")
    client = imap(THUY)
    status, _ = client.select("Sent")
    assert status == "OK"
    status, [found] = client.search(None, "HEADER", "In-Reply-To", "thu-trang@ngoai.example")
    assert len(found.split()) == 1, f"the answer is in Sent {len(found.split())} times"
    client.logout()


def api(method, path, token, body=None):
    context = ssl.create_default_context(cafile=told["ca"])
    connection = http.client.HTTPSConnection("localhost", port["https"], context=context, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    return answer.status, json.loads(text) if text else None


def acknowledge_a_document(browser):
    with open(f"{told['data']}/source-qlvb.token") as file:
        token = file.read().strip()
    path = "/api/v1/sources/qlvb/assignments/thu-2026-1"
    put = {"revision": 1, "document": {"number": "501", "notation": "UBND-TH", "subject": "V/v tổng kiểm kê tài sản công",
           "issuer": {"code": "", "name": "Ủy ban nhân dân tỉnh"}, "urgency": 2, "secrecy": "none"},
           "assignees": [{"mailbox": LAN, "role": "lead", "due_at": "2030-01-15T17:00:00+07:00"}],
           "assigned_by": "Dương Ngọc Yến", "assigned_at": "2026-11-20T08:00:00+07:00"}
    assert api("PUT", path, "sai" * 20, put)[0] == 401
    status, state = api("PUT", path, token, put)
    assert status == 201, (status, state)
    assert api("PUT", path, token, put)[0] == 200, "a replay changes nothing"
    other = json.loads(json.dumps(put))
    other["document"]["subject"] = "khác"
    assert api("PUT", path, token, other)[0] == 409
    assert api("PUT", path, token, {**put, "revision": 0})[0] in (412, 422)
    secret = json.loads(json.dumps({**put, "revision": 2}))
    secret["document"]["secrecy"] = "mật"
    assert api("PUT", path, token, secret)[0] == 422, "nothing secret is stored"

    page = sign_in(browser, LAN)
    page.go(base + "/duoc-giao")
    page.has("tổng kiểm kê tài sản công")
    shot(page, "assigned")
    page.click_text("tổng kiểm kê tài sản công", "a, summary")
    page.has("501")
    shot(page, "assigned-one")
    page.click("form[action$='/xac-nhan'] button")
    page.has("nhận")
    shot(page, "assigned-acknowledged")
    status, state = api("GET", path, token)
    assert status == 200, (status, state)
    assignee = state["assignees"][0]
    assert assignee["state"] == "acknowledged" and assignee["acknowledged_at"], state


def recover_an_account(browser):
    old = imap(LAN)
    admin = sign_in(browser, KHANG)
    admin.go(base + "/quan-tri?ten=nguyen+thi+lan")
    admin.has("Nguyễn Thị Lan")
    shot(admin, "admin-find")
    admin.click_text("Nguyễn Thị Lan", "a")
    admin.click("form[action$='/phieu'] button")
    link = admin.wait("(document.querySelector('a[href*=\"/khoi-phuc/\"]') || {}).href || "
                      "(document.body.innerText.match(/https:\\S+khoi-phuc\\/\\S+/) || [''])[0]", "the slip's link")
    shot(admin, "slip")
    link = base + "/khoi-phuc/" + link.rsplit("/", 1)[1]
    phone = browser.page(link, phone=True)
    phone.has("Nguyễn Thị Lan")
    shot(phone, "recover")
    new = "chim se dau mai dinh 93"
    inputs = phone.js("document.querySelectorAll('input[type=password]').length")
    for number in range(inputs):
        phone.js(f"document.querySelectorAll('input[type=password]')[{number}].value = {json.dumps(new)}")
    phone.js("document.querySelector('input[type=password]').form.requestSubmit()")
    time.sleep(0.3)
    phone.settled()
    shot(phone, "recovered")
    used = browser.page(link, phone=True)
    used.wait("!document.querySelector('input[type=password][autocomplete=new-password]')", "the slip to be used up")
    sign_in(browser, LAN, new)
    imap(LAN, new).logout()
    try:
        imap(LAN)
        raise SystemExit("the old passphrase still opens the mailbox")
    except imaplib.IMAP4.error:
        pass
    del old


def harmless_script(browser):
    evil = ("<p>Chào chị</p><script>document.title='hỏng'; top.document.title='hỏng'</script>"
            "<img src=x onerror=\"top.hong=1\"><svg onload=\"top.hong=1\"></svg><a href=\"javascript:top.hong=1\">bấm</a>"
            "<img src=\"https://evil.example/pixel.png\"><form action=\"https://evil.example/\"><input name=p></form>")
    letter(THUY, "<script>hong=1</script> kịch bản", evil, "html", "kich-ban")
    page = sign_in(browser, THUY)
    page.click_text("kịch bản", "[data-testid=row], [data-testid=row] a, a[data-testid=row]")
    page.wait("document.querySelector('[data-testid=body]')", "the letter")
    time.sleep(1)
    assert page.js("typeof window.hong === 'undefined' && !document.title.includes('hỏng')"), "script ran"
    asked = [event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent"]
    outside = [url for url in asked if "evil.example" in url]
    assert not outside, f"the letter made the page ask {outside}"
    shot(page, "script")


def every_coding(browser):
    page = sign_in(browser, LAN)
    assert page.js("document.documentElement.lang") == "vi"
    wrong = []
    listed = page.js("document.querySelector('[data-testid=list]').innerText").lower()
    places = {}
    for case in told["cases"]:
        subject = case["subject"].lower()
        if subject not in listed:
            wrong.append(f"{case['coding']}: {subject!r} is not in the list")
            continue
        find = f"[...document.querySelectorAll('[data-testid=row]')].find(r => r.innerText.toLowerCase().includes({json.dumps(subject)}))"
        places[case["coding"]] = page.js(f"{find}.getAttribute('href')")
    shot(page, "codings-list")
    for case in told["cases"]:
        if case["coding"] not in places:
            continue
        page.go(base + places[case["coding"]])
        heading = page.js("document.querySelector('[data-testid=msg] h1').innerText")
        body = page.js("document.querySelector('[data-testid=body]').innerText").strip()
        # Some of the old codings have no capitals with tones: case apart, every letter must be right.
        if case["subject"].lower() not in heading.lower() or body.lower() != case["text"].lower():
            wrong.append(f"{case['coding']}: {heading!r}, {body!r}")
        wide = page.js("document.documentElement.scrollWidth")
        if wide > 360:
            wrong.append(f"{case['coding']}: the page is {wide} wide")
        shot(page, f"coding-{case['coding']}")
    assert not wrong, "\n".join(wrong) + "\n" + listed


with Browser(spki()) as browser:
    {"codings": every_coding, "letter": read_and_answer, "document": acknowledge_a_document, "recover": recover_an_account, "script": harmless_script}[flow](browser)
print("done", flow)
