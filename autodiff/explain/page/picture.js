/* A folded box is a link to the picture of its inside. This script shows one picture at a time: the one that the address names. */
const figures = [...document.querySelectorAll('figure')];
document.documentElement.classList.add('js');
const at = id => figures.find(f => f.id == id);
let open = null;
function show() {
  const last = open;
  open = at(location.hash.slice(1)) || figures[0];
  figures.forEach(f => f.classList.toggle('open', f == open));
  if (!last || last == open) return;
  /* The focus goes to the box that was closed, or to the way out of the one that was opened. */
  const box = open.querySelector(`svg a[href="#${last.id}"]`);
  (box || open.querySelector('.close') || open.querySelector('a'))?.focus();
  scrollTo(0, 0);
}
addEventListener('hashchange', show);
addEventListener('keydown', e => {
  const box = e.target.closest?.('svg a');
  const close = open.querySelector('.close');
  if (e.key == ' ' && box) location.hash = box.getAttribute('href');
  else if (e.key == 'Escape' && close) location.hash = close.getAttribute('href');
  else return;
  e.preventDefault();
});
show();
