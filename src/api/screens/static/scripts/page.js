// The page as the server renders it now: scripts take parts out of it, and render nothing themselves.
import { follow } from './live.js';

const PATIENCE = 10000;
const offline = document.getElementById('sem-conexao');
const over = document.getElementById('sessao');

// The page behind this address; null, and told, where the session is over. Throws where there is no connection.
const load = async (address, options = {}) => {
  const answer = await fetch(address, { ...options, signal: AbortSignal.timeout(PATIENCE) });
  const isOver = new URL(answer.url).pathname === '/entrar';
  over.hidden = !isOver;
  if (isOver) {
    offline.hidden = true;
    const here = document.querySelector('[aria-current=page]').getAttribute('href');
    over.querySelector('a').href = `/entrar?para=${here}`;
    return null;
  }
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
};

// Sends a form as the browser would, and gives the page that follows.
export const send = (form, button) => {
  const body = new URLSearchParams(new FormData(form));
  if (button?.name) body.append(button.name, button.value);
  return load(form.action, { method: 'POST', body });
};

// A function that calls `show` with the page behind this address: one at a time, and once more for all that ask meanwhile.
export const refresher = (address, show) => {
  let loading = false, again = false;
  return async () => {
    again = true;
    if (loading) return;
    loading = true;
    while (again) {
      again = false;
      try {
        show(await load(address));
      } catch { /* The stream tells for how long. */ }
    }
    loading = false;
  };
};

// Refreshes at each change of an open order, each `every` milliseconds, and where the stream is silent.
export const keepCurrent = (refresh, every) => {
  setInterval(refresh, every);
  follow('/pedidos/ao-vivo?lista=cozinha', { lista: refresh, mudanca: refresh, recomeço: refresh }, seconds => {
    offline.hidden = seconds === 0 || !over.hidden;
    offline.querySelector('span').textContent = seconds;
    if (seconds > 0 && seconds % 5 === 0) refresh();
  });
};

// A button that stays pressed, also tomorrow.
export const toggle = (button, initial, changed) => {
  const key = `ambrosia-${button.id}`;
  const set = on => {
    button.setAttribute('aria-pressed', on);
    changed(on);
  };
  button.hidden = false;
  set((localStorage.getItem(key) ?? String(initial)) === 'true');
  button.addEventListener('click', () => {
    const on = button.getAttribute('aria-pressed') !== 'true';
    localStorage.setItem(key, on);
    set(on);
  });
};
