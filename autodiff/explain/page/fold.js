/* Folded boxes, where a page has some: each has a picture of its own, and one moment in the place of those in it. What see.js asks
   about boxes and moments is answered here anew. */
const folds = all('.fold'), open = new Set();
let view = -1;  // the group whose picture is shown
const around = j => j >= 0 ? data.P[j] : -1;
/* A box or a group, and those that it is in, from the inside outwards. */
const upwards = j => { const found = []; for (; j >= 0; j = around(j)) found.push(j); return found };
const groupsOf = m => m.dataset.g == null ? [] : upwards(m.classList.contains('fold') ? around(+m.dataset.g) : +m.dataset.g);
const isOpen = g => upwards(g).every(j => open.has(j));
const figureOf = g => figures.find(f => g < 0 ? f.dataset.g == null : +f.dataset.g == g);
inView = e => figure.contains(e);
/* A box, or the folded one that it is in, in the picture that is shown; -1 where it is elsewhere. */
seen = j => upwards(j).find(i => inView(nodes[i])) ?? -1;
/* The picture is that of the innermost box around the moment that is open, or one that was asked for. */
turnTo = (m, group) => {
  view = group ?? groupsOf(m).find(isOpen) ?? -1;
  figure = figureOf(view);
  figures.forEach(f => f.classList.toggle('shown', f == figure));
  at('view').scrollTo(0, 0);
};
/* What a folded box shows: that something in it has been computed, is spoken of, or has a gradient. */
also = (m, boxes, on) => {
  const folded = m.classList.contains('fold') ? +m.dataset.g : -1, first = upwards(folded >= 0 ? folded : on[0] ?? -1), some = new Set(on.flatMap(upwards));
  const there = new Set(boxes.flatMap((b, j) => b.v >= 0 && nodes[j].classList.contains('result') ? upwards(around(j)) : []));
  for (const n of all('.n.group')) {
    const j = +n.id.slice(1), g = boxes[j].g, slot = n.querySelector('.s');
    n.classList.toggle('off', !there.has(j));
    n.classList.toggle('cur', first.includes(j));
    n.classList.toggle('on', some.has(j) && !first.includes(j));
    if (slot) slot.innerHTML = g < 0 ? '' : `<text>‖g‖ ${number(pool[g][1][0])}</text>`;
  }
  for (const n of all('.out')) n.classList.toggle('on', some.has(+n.dataset.of) || first.includes(+n.dataset.of));
  /* It is what the moment is about, and not what it is computed from. */
  if (folded >= 0) {
    for (const j of on) nodes[j].classList.replace('cur', 'on');
    on.unshift(folded);
  }
};

/* What the slider stops at: a moment, or the one that stands for all those of a box that is folded. */
function stopAgain() {
  const starting = {};
  for (const f of folds) (starting[f.dataset.first - 1] ||= []).push(f);
  stops = [];
  moments.forEach((m, k) => {
    if (stops.length && k <= stops[stops.length - 1].last) return;
    const fold = (starting[k] || []).find(f => !isOpen(+f.dataset.g));
    stops.push({m: fold || m, first: k, last: fold ? fold.dataset.last - 1 : k});
  });
  at('r').max = stops.length;
}
/* Open the boxes around a moment, so that it is a stop. */
reveal = k => {
  groupsOf(moments[k]).forEach(g => open.add(g));
  stopAgain();
  return stopOf(k);
};
function unfold(g) {
  const first = stops[now].first;
  upwards(g).forEach(j => open.add(j));
  stopAgain();
  show(stopOf(first), true, false, g);
  (figure.querySelector('.close') || at('view')).focus();
}
/* Close a group with all that is open in it; the picture is that around it. */
close = (g = view) => {
  if (g < 0) return;
  const first = stops[now].first;
  for (const j of [...open]) if (upwards(j).includes(g)) open.delete(j);
  stopAgain();
  show(stopOf(first), true, false, around(g));
  focusNode(g);
};
pick = j => nodes[j].classList.contains('group') ? unfold(j) : card(j);
for (const f of folds) f.querySelector('.unfold').onclick = () => unfold(+f.dataset.g);
for (const n of all('.out')) n.onclick = () => { const j = +n.dataset.of; show(now, true, false, around(j)); focusNode(j) };
for (const a of all('figcaption a')) a.onclick = e => {
  e.preventDefault();
  const to = at(a.getAttribute('href').slice(1)), g = to.dataset.g == null ? -1 : +to.dataset.g;
  close(upwards(view).find(j => around(j) == g));
};
/* A link may lead to a moment in a box, which opens then, or to the one that stands for several. */
const single = fromAddress;
fromAddress = () => {
  const range = /step=(\d+)-(\d+)/.exec(location.hash), fold = range && at(`m${range[1]}-${range[2]}`);
  if (!fold) return single();
  groupsOf(fold).forEach(g => open.add(g));
  open.delete(+fold.dataset.g);
  stopAgain();
  show(stopOf(range[1] - 1), false);
};
stopAgain();
