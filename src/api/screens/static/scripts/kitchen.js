// The kitchen, live: a change anywhere brings the board anew; a tap or a key moves a ticket, and can be undone for a while.
import { keepCurrent, refresher, send, toggle } from './page.js';
import { chime, speak } from './sound.js';

const UNDO = 10000, AGES = 30000, BOUNCE = 400;
const news = document.getElementById('avisos');
const address = (() => {
  const url = new URL(location.href);
  for (const said of ['movido', 'produto']) url.searchParams.delete(said);
  history.replaceState(null, '', url);
  return url.href;
})();
let audio = null, wantsSound = false, keys = true;
let held = false, waiting = null, moving = false, moved = 0, undo;

const received = page => [...page.querySelectorAll('#recebidos .comanda')].map(ticket => ticket.dataset.senha);
let known = new Set(received(document));

const welcome = () => {
  const now = received(document);
  const fresh = now.filter(number => !known.has(number));
  known = new Set([...document.querySelectorAll('.comanda')].map(ticket => ticket.dataset.senha));
  if (fresh.length === 0) return;
  for (const number of fresh) {
    document.querySelector(`#recebidos .comanda[data-senha="${number}"]`).classList.add('nova');
  }
  const words = `Pedido novo, senha ${fresh.join(', ')}`;
  document.getElementById('novos').textContent = words;
  if (!audio) return;
  chime(audio);
  speak(words);
};

// While a finger is down nothing moves below it.
const show = page => {
  const board = page?.getElementById('quadro');
  if (!board) return false;
  if (held) {
    waiting = page;
    return true;
  }
  waiting = null;
  const focused = document.activeElement?.id;
  document.getElementById('quadro').replaceWith(board);
  document.getElementById('esgotados').replaceWith(page.getElementById('esgotados'));
  if (focused) document.getElementById(focused)?.focus();
  welcome();
  return true;
};

for (const type of ['pointerup', 'pointercancel']) {
  addEventListener(type, () => {
    held = false;
    // The click comes behind it.
    if (waiting) setTimeout(() => show(waiting));
  });
}
addEventListener('pointerdown', ({ target }) => {
  held = Boolean(target.closest('#quadro, #esgotados'));
  if (wantsSound) audio ??= new AudioContext();
});

const refresh = refresher(address, show);

const say = text => {
  const box = document.createElement('div');
  box.className = 'aviso recado';
  box.textContent = text;
  news.replaceChildren(box);
};

const forget = () => {
  // Whoever is at the button has the time.
  if (news.contains(document.activeElement)) undo = setTimeout(forget, UNDO);
  else news.replaceChildren();
};

const move = async (form, button) => {
  if (moving || Date.now() - moved < BOUNCE) return;
  moving = true;
  clearTimeout(undo);
  try {
    const page = await send(form, button);
    if (page && show(page)) news.replaceChildren(...page.getElementById('avisos').childNodes);
    else if (page) say('Não deu certo agora. Tente de novo em um instante.');
    undo = setTimeout(forget, UNDO);
  } catch {
    say('Sem conexão: não se sabe se mudou. Confira na tela e toque de novo.');
  }
  [moving, moved] = [false, Date.now()];
};

addEventListener('submit', event => {
  if (!new URL(event.target.action).pathname.startsWith('/cozinha')) return;
  event.preventDefault();
  move(event.target, event.submitter);
});

addEventListener('keydown', event => {
  if (!keys || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (['0', 'z', 'Backspace'].includes(event.key)) document.getElementById('desfazer')?.requestSubmit();
  const hint = [...document.querySelectorAll('.comanda kbd')].find(hint => hint.textContent === event.key);
  const button = hint?.closest('.comanda').querySelector('.passos button');
  button?.form.requestSubmit(button);
});

toggle(document.getElementById('teclas'), true, on => {
  keys = on;
  document.body.classList.toggle('sem-teclas', !on);
});
toggle(document.getElementById('som'), false, on => {
  wantsSound = on;
  if (!on) audio = null;
  else if (navigator.userActivation?.isActive) chime(audio ??= new AudioContext());
});

keepCurrent(refresh, AGES);
