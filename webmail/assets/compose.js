// Compose: proposals for names, autosave, upload with progress, text kept when the session or the network is gone.
const form = document.getElementById('thu'), saved = document.getElementById('da-luu'), bar = document.getElementById('tai');
const KEY = 'thu-dang-soan', text = ['den', 'dong-gui', 'gui-an', 'trich-yeu', 'noi-dung'];
const field = n => form.elements.namedItem(n);
let dirty = false, saving = null, leaving = false, timer = 0;

// proposals: a datalist cannot hang on a textarea, so a small list of buttons stands under the field
for (const id of ['to', 'cc', 'bcc']) {
  const box = document.getElementById(id), list = document.createElement('div');
  list.className = 'chips'; list.setAttribute('role', 'group'); list.setAttribute('aria-label', box.previousElementSibling?.textContent || '');
  list.hidden = true; box.after(list);
  let wait = 0, asked = '';
  const word = () => box.value.slice(0, box.selectionStart).split(/[,;\n]/).pop().trim();
  box.addEventListener('input', () => {
    clearTimeout(wait);
    wait = setTimeout(async () => {
      const q = word(); asked = q;
      if (q.length < 2) { list.hidden = true; return; }
      try {
        const got = await fetch('/goi-y?q=' + encodeURIComponent(q));
        if (!got.ok || got.redirected || asked !== q) return;
        const names = await got.json();
        list.replaceChildren(...names.filter(n => !box.value.includes(n)).slice(0, 6).map(n => {
          const b = document.createElement('button'); b.type = 'button'; b.textContent = n;
          b.addEventListener('click', () => {
            const head = box.value.slice(0, box.selectionStart), tail = box.value.slice(box.selectionStart).replace(/^[^,;\n]*/, '');
            const start = Math.max(head.lastIndexOf(','), head.lastIndexOf(';'), head.lastIndexOf('\n')) + 1;
            box.value = (start ? head.slice(0, start) + ' ' : '') + n + ', ' + tail.replace(/^[,;\s]+/, '');
            list.hidden = true; box.focus(); changed();
          });
          return b;
        }));
        list.hidden = !list.children.length;
      } catch { list.hidden = true; }
    }, 250);
  });
}

const hasText = () => text.some(n => field(n).value.trim());
const changed = () => {
  dirty = true; clearTimeout(timer); timer = setTimeout(save, 5000);
  try { sessionStorage.setItem(KEY, JSON.stringify(Object.fromEntries(text.map(n => [n, field(n).value])))); } catch { /* storage is off: the server's draft remains */ }
};
form.addEventListener('input', e => { if (e.target.type !== 'file') changed(); });

// autosave sends the words and the names of files that are stored already; new files travel when the letter is sent
async function save() {
  if (!dirty || leaving || saving || !hasText()) return;
  dirty = false;
  const data = new FormData(form); data.delete('tep'); data.set('viec', 'nhap');
  saving = fetch('/soan', { method: 'POST', body: data, headers: { accept: 'application/json' } });
  try {
    const got = await saving;
    if (!got.ok || got.redirected) throw 0;
    const answer = await got.json();
    field('nhap').value = answer.nhap;
    const kept = form.querySelectorAll('#da-co input[name=giu]:checked');
    kept.forEach((box, i) => { if (answer.giu[i]) box.value = answer.giu[i]; });
    saved.textContent = answer.loi;
  } catch { dirty = true; timer = setTimeout(save, 15000); } finally { saving = null; }
}

// with files: progress while they travel; without: the browser sends the form itself
form.addEventListener('submit', async e => {
  if (leaving) return;
  const files = [...document.getElementById('tep').files], size = files.reduce((n, f) => n + f.size, 0), by = e.submitter;
  e.preventDefault();
  leaving = true; clearTimeout(timer);
  if (saving) await saving.catch(() => {});
  const data = new FormData(form); if (by?.name) data.set(by.name, by.value);
  if (size < 200000) { const h = document.createElement('input'); h.type = 'hidden'; h.name = by?.name || 'viec'; h.value = by?.value || 'gui'; const n = h.cloneNode(); n.name = 'ngay'; n.value = '1'; form.append(h, n); try { sessionStorage.removeItem(KEY); } catch { /* off */ } HTMLFormElement.prototype.submit.call(form); return; }
  bar.hidden = false;
  const sent = new XMLHttpRequest();
  sent.open('POST', '/soan');
  sent.upload.onprogress = p => { bar.value = p.loaded / p.total * 100; saved.textContent = (p.loaded / 1e6).toFixed(1).replace('.', ',') + ' / ' + (p.total / 1e6).toFixed(1).replace('.', ',') + ' MB'; };
  sent.onload = () => {
    if (sent.responseURL && new URL(sent.responseURL).pathname !== '/soan') { try { sessionStorage.removeItem(KEY); } catch { /* off */ } location.assign(sent.responseURL); return; }
    const page = new DOMParser().parseFromString(sent.responseText, 'text/html');
    document.querySelector('main').replaceWith(page.querySelector('main')); scrollTo(0, 0);
  };
  sent.onerror = () => { leaving = false; bar.hidden = true; document.getElementById('offline').hidden = false; dirty = true; };
  sent.send(data);
});

// what was typed before the session or the network went away comes back
try {
  const old = JSON.parse(sessionStorage.getItem(KEY) || 'null');
  if (old && !hasText() && !field('tra-loi').value && !field('chuyen-tiep').value) for (const n of text) if (old[n]) field(n).value = old[n];
} catch { /* nothing kept */ }
addEventListener('beforeunload', e => { if (dirty && !leaving && hasText()) e.preventDefault(); });
