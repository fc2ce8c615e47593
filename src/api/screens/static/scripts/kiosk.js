// A totem: nobody leaves its pages, and after a while without a touch it begins anew, but asks first.
const QUIET = 60, ASKED_FOR = 20, AGAIN = 5;
const START = '/totem', LOW = 'baixo', CARTS = 'carrinho';
const dialog = document.querySelector('dialog');
const low = document.getElementById('baixo');
const isStart = document.body.classList.contains('convite');
let touched = Date.now(), leaving = false;

const seconds = () => Math.floor((Date.now() - touched) / 1000);

const forget = () => {
  sessionStorage.removeItem(LOW);
  localStorage.removeItem(CARTS);
};

const setLow = on => {
  document.documentElement.classList.toggle(LOW, on);
  low.setAttribute('aria-pressed', on);
};

// Where the restaurant does not answer, a browser would show its own page.
const restart = async () => {
  if (leaving) return;
  leaving = true;
  try {
    const answer = await fetch(START);
    if (!answer.ok) throw new Error(answer.status);
    forget();
    location.replace(START);
  } catch {
    setTimeout(() => { leaving = false; }, AGAIN * 1000);
  }
};

const look = () => {
  const quiet = seconds();
  if (isStart) {
    if (quiet >= QUIET && low.getAttribute('aria-pressed') === 'true') restart();
    return;
  }
  if (quiet >= QUIET + ASKED_FOR) return restart();
  if (quiet < QUIET) return;
  document.getElementById('faltam').textContent = QUIET + ASKED_FOR - quiet;
  if (!dialog.open) dialog.showModal();
};

const touch = () => {
  if (!dialog.open) touched = Date.now();
};

for (const sign of ['pointerdown', 'keydown', 'input', 'scroll']) addEventListener(sign, touch, true);
// However it is closed, somebody is there; the event comes a while after the button.
const stay = () => { touched = Date.now(); };
dialog.addEventListener('close', stay);
dialog.querySelector('button').addEventListener('click', () => {
  stay();
  dialog.close();
});
document.addEventListener('click', event => {
  if (!event.target.closest('.recomecar')) return;
  event.preventDefault();
  restart();
});
addEventListener('contextmenu', event => event.preventDefault());
addEventListener('dragstart', event => event.preventDefault());

low.hidden = false;
low.addEventListener('click', () => {
  const on = low.getAttribute('aria-pressed') !== 'true';
  sessionStorage.setItem(LOW, on);
  setLow(on);
});
setLow(sessionStorage.getItem(LOW) === 'true');
setInterval(look, 1000);
