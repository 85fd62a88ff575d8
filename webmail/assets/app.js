// Enhances pages that work without it: live lists, arrow keys, offline bar, the page's own module, the worker.
const me = document.querySelector('script[data-csrf], script[data-more], script[type=module]');
export const csrf = me?.dataset.csrf || '';
// a page that answered a form takes its own address: loading it again sends nothing twice
if (me?.dataset.place) history.replaceState(null, '', me.dataset.place);
const $ = id => document.getElementById(id);

// the list follows the mailbox: an event says only that something changed, the page is asked again
const region = $('vung');
if (region?.dataset.live && 'EventSource' in window) {
  let stream, first = null, busy = false, again = false;
  const swap = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const got = await fetch(location.href, { headers: { 'x-vung': '1' }, credentials: 'same-origin' });
      if (got.redirected || !got.ok) return;
      const page = new DOMParser().parseFromString(await got.text(), 'text/html'), fresh = page.getElementById('vung');
      if (!fresh) return;
      const old = new Set([...region.querySelectorAll('.row')].map(r => r.getAttribute('href')));
      const held = document.activeElement?.closest?.('#vung .row')?.getAttribute('href');
      region.innerHTML = fresh.innerHTML;
      if (held) [...region.querySelectorAll('.row')].find(r => r.getAttribute('href') === held)?.focus({ preventScroll: true });
      const h = page.querySelector('.bar h1'), mine = document.querySelector('.bar h1');
      if (h && mine) mine.innerHTML = h.innerHTML;
      document.title = page.title;
      const news = [...region.querySelectorAll('.row')].filter(r => !old.has(r.getAttribute('href')));
      if (news.length && $('tin-moi')) $('tin-moi').textContent = (news.length > 1 ? news.length + ' × ' : '') + (news[0].querySelector('.who')?.textContent || '') + ': ' + (news[0].querySelector('.subj')?.textContent || '');
    } catch { /* the network is away: the next event asks again */ } finally {
      busy = false;
      if (again) { again = false; swap(); }
    }
  };
  const open = () => {
    stream = new EventSource(region.dataset.live);
    stream.addEventListener('doi', e => { if (first !== null && first !== e.data) swap(); first = e.data; });
  };
  // a hidden page holds no connection; coming back, it looks once
  document.addEventListener('visibilitychange', () => { if (document.hidden) { stream?.close(); stream = null; } else if (!stream) open(); });
  window.addEventListener('pagehide', () => { stream?.close(); stream = null; });
  window.addEventListener('pageshow', e => { if (e.persisted) { if (!stream) open(); swap(); } });
  open();
}

// arrow keys walk through a list
document.addEventListener('keydown', e => {
  const row = document.activeElement?.closest?.('.row');
  if (!row || e.altKey || e.ctrlKey || e.metaKey) return;
  const li = row.parentElement, to = e.key === 'ArrowDown' ? li.nextElementSibling : e.key === 'ArrowUp' ? li.previousElementSibling : null;
  const next = to?.querySelector('.row');
  if (next) { e.preventDefault(); next.focus(); }
});

// a menu closes when one looks elsewhere
document.addEventListener('click', e => { for (const d of document.querySelectorAll('details.switch[open]')) if (!d.contains(e.target)) d.open = false; });
document.addEventListener('keydown', e => { if (e.key === 'Escape') for (const d of document.querySelectorAll('details.switch[open]')) { d.open = false; d.querySelector('summary').focus(); } });

// no network: said, not hidden
const bar = $('offline'), net = () => { if (bar) bar.hidden = navigator.onLine; };
addEventListener('online', net); addEventListener('offline', net); net();

// one press is one letter, one slip, one move
document.addEventListener('submit', e => { const f = e.target; if (e.defaultPrevented || f.method !== 'post') return; if (f.dataset.sent) { e.preventDefault(); return; } f.dataset.sent = '1'; setTimeout(() => delete f.dataset.sent, 4000); });

const print = $('in');
if (print) { print.hidden = false; print.addEventListener('click', () => window.print()); }

if (me?.dataset.more) import(me.dataset.more);
if (me?.dataset.worker && 'serviceWorker' in navigator) addEventListener('load', () => setTimeout(() => navigator.serviceWorker.register('/sw.js').catch(() => {}), 2500));
