// The menu, live: the total as one chooses, a cart that outlives the page, and one order however often it is sent.
// What is kept is the form, with its key; the server answers with the page of the order, or with this page again.
const STORE = 'carrinho', PAUSE_MAX = 15;
const KEPT_FOR = 12 * 3600e3, SENDS_FOR = 10 * 60e3, ANSWERS_WITHIN = 20e3;
let store = { getItem: () => null, setItem() {}, removeItem() {} };
try { store = localStorage; } catch { /* told to keep nothing: a reload begins anew */ }
const main = document.getElementById('conteudo');
// What is being sent, until somebody gives up.
let form, sending = null;

const reais = cents => (cents / 100).toLocaleString('pt-BR', { style: 'currency', currency: 'BRL' });
const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
const written = () => new URLSearchParams(new FormData(form)).toString();

const keep = more => store.setItem(STORE, JSON.stringify({ form: written(), at: Date.now(), ...more }));

// Another version of this page, or a person, may have written something else.
const stored = key => { try { return JSON.parse(store.getItem(key)); } catch { return null; } };

const kept = () => {
  const cart = stored(STORE);
  return cart && Date.now() - cart.at < KEPT_FOR ? cart : null;
};

// The table is that of the address: somebody may have moved to another.
const restore = cart => {
  let gone = false;
  for (const [name, value] of new URLSearchParams(cart.form)) {
    const field = form.elements[name];
    if (field && name !== 'mesa' && !(name === 'local' && field.value)) field.value = value;
    gone ||= !field && name[0] === 'q' && value > 0;
  }
  if (!gone) return;
  const words = 'Um item do seu carrinho acabou ou saiu do cardápio, e foi tirado. Confira o total.';
  const alert = Object.assign(element('p', words), { className: 'aviso' });
  alert.setAttribute('role', 'alert');
  form.before(alert);
};

const number = field => Math.min(999, Math.max(0, Math.trunc(field.valueAsNumber || 0)));

const update = () => {
  let [total, pieces, lines] = [0, 0, []];
  for (const dish of form.querySelectorAll('.prato')) {
    const [field, note] = [dish.querySelector('[type=number]'), dish.querySelector('.detalhe input')];
    if (!field) continue;
    const n = number(field);
    dish.classList.toggle('tem', n > 0);
    if (n === 0) continue;
    total += n * dish.dataset.valor;
    pieces += n;
    const what = element('span', `${n}× ${dish.querySelector('h3').textContent} `);
    if (note.value.trim()) what.append(element('i', note.value.trim()));
    const line = document.createElement('li');
    line.append(what, element('span', reais(n * dish.dataset.valor)));
    lines.push(line);
  }
  form.querySelector('.linhas').replaceChildren(...lines);
  form.querySelector('.pecas').textContent = pieces;
  for (const shown of form.querySelectorAll('.quanto-da')) shown.textContent = reais(total);
};

const changed = () => {
  update();
  keep();
};

const steps = field => {
  const name = field.closest('.prato').querySelector('h3').textContent;
  const step = (by, sign, words) => {
    const button = Object.assign(element('button', sign), { type: 'button', className: 'passo secundario' });
    button.setAttribute('aria-label', `${words} ${name}`);
    button.addEventListener('click', () => {
      field.value = Math.min(999, Math.max(0, number(field) + by));
      changed();
    });
    return button;
  };
  field.before(step(-1, '−', 'Menos um:'));
  field.after(step(1, '+', 'Mais um:'));
};

// Says what is going on while the form can be touched by nobody.
const wait = words => {
  const box = document.querySelector('.envio');
  form.inert = words !== null;
  box.hidden = words === null;
  const status = box.querySelector('p');
  if (words === null || status.textContent === words) return;
  status.textContent = words;
  status.focus();
};

const giveUp = () => {
  // The key stays: what was sent may have arrived, and is then the order.
  sending = null;
  wait(null);
  keep();
};

// This page as the server answered, with what is wrong.
const show = html => {
  const fresh = new DOMParser().parseFromString(html, 'text/html').getElementById('conteudo');
  // Not from this page's address: the browser shows what it is.
  if (!fresh?.querySelector('.pedir')) return form.submit();
  main.replaceChildren(...fresh.childNodes);
  begin();
  keep();
  const alert = main.querySelector('[role=alert]');
  alert?.focus();
  alert?.scrollIntoView({ block: 'center' });
};

const pause = seconds => new Promise(done => {
  setTimeout(done, seconds * 1000);
  addEventListener('online', done, { once: true });
});

// The answer, or an error when there is none in time.
const post = async body => {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ANSWERS_WITHIN);
  const request = { method: 'POST', body: new URLSearchParams(body), signal: patience.signal };
  try {
    const answer = await fetch(form.action, request);
    return { answer, html: await answer.text() };
  } finally {
    clearTimeout(timer);
  }
};

const send = async body => {
  const mine = sending = {};
  wait('Enviando seu pedido…');
  for (let seconds = 1; sending === mine; seconds = Math.min(2 * seconds, PAUSE_MAX)) {
    try {
      const { answer, html } = await post(body);
      if (sending !== mine) return;
      if (answer.redirected) {
        store.removeItem(STORE);
        location.assign(answer.url);
        return;
      }
      if (![429, 502, 503, 504].includes(answer.status)) {
        sending = null;
        return show(html);
      }
      wait('O restaurante está muito ocupado. Tentamos de novo sozinhos; seu pedido não vai em dobro.');
      seconds = Number(answer.headers.get('Retry-After')) || seconds;
    } catch {
      if (sending !== mine) return;
      wait('Sem conexão. Tentamos de novo sozinhos; seu pedido não vai em dobro.');
    }
    await pause(seconds);
  }
};

const begin = () => {
  form = main.querySelector('.pedir');
  wait(null);
  form.querySelectorAll('[type=number]').forEach(steps);
  form.addEventListener('input', changed);
  // Enter in a field orders nothing.
  form.addEventListener('keydown', e => e.key === 'Enter' && e.target.matches('input') && e.preventDefault());
  form.addEventListener('submit', event => {
    event.preventDefault();
    if (sending) return;
    keep({ sent: Date.now() });
    send(written());
  });
  main.querySelector('.envio button').addEventListener('click', giveUp);
  update();
};

// Orders of this phone that were under way when it last saw them (`order.js`).
const known = stored('pedidos');
const underWay = (Array.isArray(known) ? known : []).filter(({ at }) => Date.now() - at < KEPT_FOR);
for (const { href, senha } of document.body.classList.contains('totem') ? [] : underWay) {
  const link = Object.assign(element('p', ''), { className: 'feito' });
  link.append(Object.assign(element('a', `Acompanhar seu pedido, senha ${senha}`), { href }));
  main.querySelector('h1').after(link);
}

begin();
const cart = form.hasAttribute('data-escolhido') ? null : kept();
if (cart) {
  restore(cart);
  update();
}
if (Date.now() - cart?.sent < SENDS_FOR) send(cart.form);
else if (cart) keep();

// Another page of this restaurant has changed the cart, or ordered what is in it.
addEventListener('storage', event => {
  if (event.key !== STORE || sending) return;
  if (event.newValue === null) return location.reload();
  restore(JSON.parse(event.newValue));
  update();
});
addEventListener('pageshow', event => event.persisted && location.reload());
