// A form is sent once: a second tap, while the answer is on its way, would make a second one of what it makes.
let sent = null;
addEventListener('submit', event => {
  if (event.target === sent) event.preventDefault();
  sent = event.target;
});
// Back from the answer it may be sent again.
addEventListener('pageshow', () => {
  sent = null;
});
