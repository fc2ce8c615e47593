// The token of the link goes into the form, and out of the address and the history.
const take = () => {
  const field = document.getElementById('convite');
  if (!field || location.hash.length < 2) return;
  field.value = location.hash.slice(1);
  history.replaceState(null, '', location.pathname);
  document.querySelector('main details').open = false;
  [...field.form.elements].find(input => input.value === '').focus();
};
take();
addEventListener('hashchange', take);
