// "Thông báo": subscribe and unsubscribe this device; the server's list and the browser's are compared at each visit.
const box = document.getElementById('thiet-bi'), state = document.getElementById('tinh-trang'), [on, off, test] = ['bat', 'tat', 'gui-thu'].map(i => document.getElementById(i));
const csrf = document.querySelector('script[data-csrf]')?.dataset.csrf || '';
const post = (to, body) => fetch(to, { method: 'POST', headers: { 'x-csrf': csrf, 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(body) });
const key = k => { const s = atob(k.replace(/-/g, '+').replace(/_/g, '/')); return Uint8Array.from(s, c => c.charCodeAt(0)); };
const say = (text, isOn) => { state.textContent = text; on.hidden = isOn !== false; off.hidden = isOn !== true; if (test) test.hidden = isOn !== true; };
const keys = s => { const j = s.toJSON(); return { endpoint: s.endpoint, p256dh: j.keys.p256dh, auth: j.keys.auth }; };

async function look() {
  const iphone = /iPhone|iPad/.test(navigator.userAgent) && !navigator.standalone;
  if (!('serviceWorker' in navigator) || !('PushManager' in window)) return say(iphone ? box.dataset.iphone : box.dataset.none, null);
  if (Notification.permission === 'denied') return say(box.dataset.blocked, null);
  const worker = await navigator.serviceWorker.register('/sw.js');
  const sub = await worker.pushManager.getSubscription();
  if (!sub) return say(box.dataset.off, false);
  // the server may have forgotten this device (410, new database): tell it again
  if (![...document.querySelectorAll('[data-endpoint]')].some(e => e.dataset.endpoint === sub.endpoint)) await post('/thong-bao/dang-ky', keys(sub));
  say(box.dataset.on, true);
}
if (box) {
  on.addEventListener('click', async () => {
    try {
      if (await Notification.requestPermission() !== 'granted') return say(box.dataset.blocked, null);
      await navigator.serviceWorker.register('/sw.js');
      const worker = await navigator.serviceWorker.ready;
      const sub = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key(box.dataset.key) });
      const got = await post('/thong-bao/dang-ky', keys(sub));
      if (!got.ok) { await sub.unsubscribe(); throw new Error(got.status); }
      say(box.dataset.on, true);
    } catch (e) { say(box.dataset.failed, false); }
  });
  off.addEventListener('click', async () => {
    const sub = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
    if (sub) { await post('/thong-bao/huy', { endpoint: sub.endpoint }); await sub.unsubscribe(); }
    say(box.dataset.off, false);
  });
  test?.addEventListener('click', async () => { const got = await post('/thong-bao/thu', {}); state.textContent = got.ok ? (await got.json()).loi : box.dataset.failed; });
  look().catch(() => say(box.dataset.failed, null));
}
