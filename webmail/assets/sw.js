// The worker: shows every push, keeps pages that were read for the time without network, forgets them at sign-out.
const PAGES = 'trang-1', SHELL = 'vo-1', KEPT = 60, OFFLINE = '/mat-ket-noi';
self.addEventListener('install', e => e.waitUntil(caches.open(SHELL).then(c => c.add(new Request(OFFLINE, { cache: 'reload' }))).catch(() => {}).then(() => self.skipWaiting())));
self.addEventListener('activate', e => e.waitUntil((async () => {
  for (const k of await caches.keys()) if (k !== PAGES && k !== SHELL) await caches.delete(k);
  if (self.registration.navigationPreload) await self.registration.navigationPreload.enable();
  await self.clients.claim();
})()));

// pages worth keeping: the inbox, lists, letters, documents; never settings, slips or administration
const keep = u => u.origin === location.origin && /^\/($|hop-thu|thu\/\d+\/\d+$|duoc-giao)/.test(u.pathname);
self.addEventListener('fetch', e => {
  const r = e.request, u = new URL(r.url);
  if (u.origin !== location.origin) return;
  if (r.method === 'POST') { if (u.pathname === '/dang-xuat' || u.pathname === '/cai-dat/thiet-bi') e.waitUntil(caches.delete(PAGES)); return; }
  if (r.method !== 'GET') return;
  if (r.mode === 'navigate') { e.respondWith(page(e, u)); return; }
  if (u.pathname.startsWith('/t/')) e.respondWith(asset(r));
});
async function asset(r) {
  const hit = await caches.match(r); if (hit) return hit;
  const got = await fetch(r);
  if (got.ok) { const c = await caches.open(SHELL); await c.put(r, got.clone()); trim(c, 40); }
  return got;
}
async function page(e, u) {
  try {
    const got = (await e.preloadResponse) || await fetch(e.request);
    if (got.ok && !got.redirected && keep(u) && (got.headers.get('content-type') || '').startsWith('text/html')) { const copy = got.clone(); e.waitUntil(caches.open(PAGES).then(async c => { await c.put(e.request, copy); await trim(c, KEPT); })); }
    return got;
  } catch {
    return (await caches.match(e.request, { ignoreVary: true })) || (await caches.match(OFFLINE)) || Response.error();
  }
}
async function trim(c, n) { const all = await c.keys(); for (const k of all.slice(0, Math.max(0, all.length - n))) await c.delete(k); }

// a push always shows: iOS ends subscriptions that stay silent (declarative form, W3C Push)
self.addEventListener('push', e => {
  let d = {}; try { d = e.data.json(); } catch { /* empty or foreign: shown as one plain notice */ }
  const n = d.notification || {};
  e.waitUntil((async () => {
    await self.registration.showNotification(n.title || 'Thư công vụ', { body: n.body || 'Có thư mới', lang: n.lang || 'vi', tag: n.tag || 'thu', renotify: true, icon: n.icon, badge: n.badge, data: { to: n.navigate || '/' } });
    const count = Number(d.app_badge ?? n.app_badge);
    if (navigator.setAppBadge && Number.isFinite(count)) await navigator.setAppBadge(count).catch(() => {});
    for (const c of await self.clients.matchAll({ type: 'window' })) c.postMessage({ push: 1 });
  })());
});
self.addEventListener('notificationclick', e => {
  e.notification.close();
  let to = new URL(e.notification.data?.to || '/', location.origin);
  if (to.origin !== location.origin) to = new URL('/', location.origin);
  e.waitUntil((async () => {
    for (const c of await self.clients.matchAll({ type: 'window', includeUncontrolled: true })) { try { await c.focus(); if ('navigate' in c) await c.navigate(to.href); return; } catch { /* that window is not ours to steer: open one */ } }
    await self.clients.openWindow(to.href);
  })());
});
// the browser changed its endpoint: pages compare lists at the next visit; here it is renewed at once where the old options are known
self.addEventListener('pushsubscriptionchange', e => e.waitUntil((async () => {
  const old = e.oldSubscription, sub = e.newSubscription || (old && await self.registration.pushManager.subscribe(old.options));
  if (!sub) return;
  const got = await fetch('/cai-dat/thong-bao', { credentials: 'same-origin' }), token = /data-csrf="([^"]+)"/.exec(await got.text())?.[1];
  if (!token) return;
  const j = sub.toJSON(), body = new URLSearchParams({ endpoint: sub.endpoint, p256dh: j.keys.p256dh, auth: j.keys.auth });
  await fetch('/thong-bao/dang-ky', { method: 'POST', headers: { 'x-csrf': token }, body });
})()));
