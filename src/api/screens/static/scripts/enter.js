// A pad for the PIN, for screens without keys; whoever has chosen a person goes on to the PIN.
const pad = document.getElementById('teclado');
const pin = document.getElementById('pin');

if (pad) {
  pad.hidden = false;
  pad.addEventListener('click', ({ target }) => {
    if (target.type !== 'button') return;
    pin.value = target.value === 'apagar' ? pin.value.slice(0, -1) : (pin.value + target.value).slice(0, pin.maxLength);
  });
  // Arrow keys walk through the people: only a tap or a click is a choice that is over.
  document.querySelector('.fichas').addEventListener('pointerup', ({ target }) => {
    if (target.closest('.ficha')) setTimeout(() => pin.focus());
  });
}
