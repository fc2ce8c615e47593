// The board on the wall, live: a number that becomes ready flashes, chimes and is spoken.
import { follow } from './live.js';
import { chime, speak } from './sound.js';

const PREPARING = 2, READY = 3;
const lists = { [PREPARING]: document.getElementById('preparando'), [READY]: document.getElementById('prontas') };
const offline = document.querySelector('.sem-conexao');
const button = document.getElementById('som');
let orders = new Map(), audio = null;

// Numbers begin anew each day: with its time one names an order.
const key = order => `${order.senha} ${order.datahora_recebido}`;

const show = fresh => {
  for (const [status, list] of Object.entries(lists)) {
    const shown = [...orders.values()].filter(order => order.status_pedido === Number(status));
    // The newest first: of many the last may be below the edge of a screen that nobody scrolls.
    if (list === lists[READY]) shown.reverse();
    list.replaceChildren(...shown.map(order => {
      const item = document.createElement('li');
      item.textContent = order.senha ?? '–';
      item.classList.toggle('nova', fresh.has(key(order)));
      return item;
    }));
  }
};

const call = order => {
  if (!audio) return;
  chime(audio);
  speak(`Senha ${order.senha}`);
};

const change = ({ mudaram, sairam }) => {
  const fresh = new Set();
  for (const order of sairam) orders.delete(key(order));
  for (const order of mudaram) {
    if (order.status_pedido === READY && orders.get(key(order))?.status_pedido !== READY) {
      fresh.add(key(order));
      call(order);
    }
    // Behind those that were there.
    orders.delete(key(order));
    orders.set(key(order), order);
  }
  show(fresh);
};

// Browsers let a page make sound only after somebody has touched it.
button.hidden = !window.AudioContext;
button.addEventListener('click', () => {
  audio = new AudioContext();
  chime(audio);
  button.hidden = true;
});

follow('/pedidos/ao-vivo?lista=painel', {
  lista: all => {
    orders = new Map(all.map(order => [key(order), order]));
    show(new Set());
  },
  mudanca: change,
}, seconds => {
  offline.hidden = seconds === 0;
  offline.querySelector('span').textContent = seconds;
});
