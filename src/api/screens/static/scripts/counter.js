// The counter: products by their letters, the total and the change while one types, lists that follow what happens.
import { keepCurrent, refresher } from './page.js';

const AGAIN = 30000, LISTS = ['abertos', 'pendencias'];
const search = document.getElementById('busca');
const products = [...document.querySelectorAll('.produto')];
const money = new Intl.NumberFormat('pt-BR', { style: 'currency', currency: 'BRL' });
const reais = centavos => money.format(centavos / 100).replace('\u00a0', ' ');
const plain = text => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

const add = () => {
  const amount = product => Number(product.querySelector('[type=number]')?.value || 0);
  const total = products.reduce((sum, product) => sum + amount(product) * Number(product.dataset.preco), 0);
  document.getElementById('total').value = reais(total);
  for (const product of products) product.classList.toggle('escolhido', amount(product) > 0);
};

// «3 suco»: how many, and what.
const wanted = () => {
  const [, count, words] = search.value.match(/^\s*(?:(\d{1,3})\s+)?(.*)$/);
  return { count: Number(count ?? 1), words: plain(words).split(/\s+/).filter(Boolean) };
};

const filter = () => {
  const { words } = wanted();
  for (const product of products) {
    const name = plain(product.dataset.nome);
    product.hidden = !words.every(word => name.includes(word));
  }
  for (const group of document.querySelectorAll('.produtos')) group.hidden = !group.querySelector('.produto:not([hidden])');
};

const take = () => {
  const { count, words } = wanted();
  const product = products.find(product => !product.hidden && product.querySelector('[type=number]'));
  if (words.length === 0 || !product) return;
  const field = product.querySelector('[type=number]');
  field.value = Number(field.value || 0) + count;
  document.getElementById('posto').textContent = `${field.value} de ${product.dataset.nome}`;
  search.value = '';
  filter();
  add();
};

document.getElementById('procura').hidden = false;
search.addEventListener('input', filter);
search.addEventListener('keydown', event => {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  take();
});
document.getElementById('novo').addEventListener('input', add);
add();

const given = document.getElementById('recebido');
given?.addEventListener('input', () => {
  const typed = given.value.trim().replace(/^R\$\s*/, '');
  const amount = Math.round(100 * Number(typed.includes(',') ? typed.replaceAll('.', '').replace(',', '.') : typed));
  const change = amount - Number(given.dataset.total);
  const words = change < 0 ? `Faltam ${reais(-change)}` : `Troco: ${reais(change)}`;
  document.getElementById('troco').value = typed === '' || Number.isNaN(change) ? '' : words;
});

const KEYS = { F2: 'busca', F4: 'senha' };
addEventListener('keydown', event => {
  if (!KEYS[event.key]) return;
  event.preventDefault();
  document.getElementById(KEYS[event.key]).select();
  document.getElementById(KEYS[event.key]).focus();
});

// Not the address of this page, where a form has led to.
const refresh = refresher('/caixa', page => {
  for (const id of LISTS) {
    const [now, fresh] = [document.getElementById(id), page?.getElementById(id)];
    // Whoever is in a list with the keyboard keeps the place.
    if (fresh && !now.contains(document.activeElement)) now.replaceWith(fresh);
  }
});

keepCurrent(refresh, AGAIN);
