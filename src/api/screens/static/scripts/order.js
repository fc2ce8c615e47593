// One order, live: each news has the page fetched again, and what is another takes the place of what was there.
import { follow } from './live.js';
import { chime } from './sound.js';

const offline = document.querySelector('.sem-conexao');
const news = document.getElementById('novidade');
const sound = document.getElementById('som');
const order = () => document.getElementById('pedido');
const parts = root => root.querySelectorAll('#pedido > section');
// A part as the server wrote it, but for the time that is left.
const written = part => part.outerHTML.replace(/ data-segundos="\d+"/, '');
const shown = new Map();
let deadline = null, asked = 0, audio = null;

const clock = () => {
  const rest = document.getElementById('resta');
  if (!rest) return;
  const seconds = Math.max(0, Math.round((deadline - performance.now()) / 1000));
  const minutes = Math.floor(seconds / 60);
  rest.textContent = ` (faltam ${minutes}:${String(seconds % 60).padStart(2, '0')})`;
};

const copy = async () => {
  const [text, button] = [document.getElementById('pix'), document.getElementById('copiar')];
  text.select();
  try {
    // Only there where the page came over TLS, or from this computer.
    if (navigator.clipboard) await navigator.clipboard.writeText(text.value);
    else if (!document.execCommand('copy')) throw new Error();
    button.textContent = 'Copiado';
    news.textContent = 'Código Pix copiado. Cole no aplicativo do banco.';
  } catch {
    news.textContent = 'Não deu para copiar. O texto está marcado: copie com o menu do aparelho.';
  }
};

const begin = () => {
  const [rest, button] = [document.getElementById('resta'), document.getElementById('copiar')];
  if (rest?.dataset.segundos) {
    deadline = performance.now() + rest.dataset.segundos * 1000;
    delete rest.dataset.segundos;
  }
  if (button) button.hidden = false;
  if (sound) sound.hidden = audio || !window.AudioContext || !['Recebido', 'Em preparação'].includes(order().dataset.estado);
  clock();
};

// So that the menu leads back here; not on a totem, which is everybody's.
const remember = () => {
  if (document.body.classList.contains('totem')) return;
  const known = JSON.parse(localStorage.getItem('pedidos')) ?? [];
  const others = known.filter(({ href }) => href !== location.pathname);
  const isOver = ['Finalizado', 'Cancelado'].includes(order().dataset.estado);
  const mine = { href: location.pathname, senha: document.querySelector('.senha').textContent, at: Date.now() };
  localStorage.setItem('pedidos', JSON.stringify(isOver ? others : [mine, ...others].slice(0, 3)));
};

const tell = before => {
  const state = order().dataset.estado;
  if (state === before) return;
  const [number, words] = ['.senha', '.estado'].map(part => document.querySelector(part).textContent);
  news.textContent = `Senha ${number}: ${words}`;
  if (state !== 'Pronto') return;
  if (audio) chime(audio);
  // Refused, without a word, on a page that nobody has touched.
  navigator.vibrate?.([300, 150, 300, 150, 600]);
};

const refresh = async () => {
  const mine = ++asked;
  let answer;
  try {
    answer = await fetch(location.href);
  } catch {
    return;
  }
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (mine !== asked) return;
  const before = order().dataset.estado;
  const focused = document.activeElement?.id;
  const inside = order().contains(document.activeElement);
  order().dataset.estado = fresh.getElementById('pedido').dataset.estado;
  for (const part of parts(fresh)) {
    if (shown.get(part.id) === written(part)) continue;
    shown.set(part.id, written(part));
    document.getElementById(part.id).replaceWith(part);
  }
  document.title = fresh.title;
  const lost = inside && focused && document.activeElement === document.body;
  if (lost) document.getElementById(focused)?.focus();
  begin();
  tell(before);
  try { remember(); } catch { /* a browser may be told to keep nothing */ }
};

document.addEventListener('click', event => {
  if (event.target.id === 'copiar') copy();
});
sound?.addEventListener('click', () => {
  audio = new AudioContext();
  chime(audio);
  begin();
  news.textContent = 'O som está ligado.';
});
for (const part of parts(document)) shown.set(part.id, written(part));
setInterval(clock, 1000);
begin();
follow(order().dataset.aoVivo, { pedido: refresh }, seconds => {
  offline.hidden = seconds === 0;
  offline.querySelector('span').textContent = seconds;
});
