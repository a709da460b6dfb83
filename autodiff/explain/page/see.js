/* The page is a document: every moment stands in it as text. This script shows one moment at a time, and draws the numbers. */
const data = JSON.parse(document.getElementById('data').textContent);
const pool = data.T;
const at = id => document.getElementById(id);
const all = (query, within = document) => [...within.querySelectorAll(query)];
const moments = all('.m:not(.fold)'), edges = all('.e'), lines = all('.l'), figures = all('#view figure');
/* Boxes by their numbers. In a folded picture some stand for groups, and have numbers behind those of all the others. */
const nodes = [];
for (const n of all('.n')) nodes[n.id.slice(1)] = n;
const quiet = matchMedia('(prefers-reduced-motion:reduce)');
document.documentElement.classList.add('js');
const esc = text => text.replace(/[&<>"]/g, c => '&#' + c.charCodeAt() + ';');

/* ---- numbers ---- */
/* An entry of the pool is [shape, numbers] or, of a large tensor, [shape, a letter for each number of its picture, the picture's shape, low, high]. */
const shades = ([, text, , low, high]) => [...text].map(c => c < '0' ? real({'+': 'inf', '-': '-inf'}[c] || 'nan') : (c.charCodeAt() - 94) / 31 * (largest([low, high].map(real))));
const real = x => typeof x == 'number' ? x : x == 'nan' ? NaN : x == 'inf' ? Infinity : -Infinity;
const rows = shape => shape.length == 0 ? [1, 1] : shape.length == 1 ? [1, shape[0]] : [shape.slice(0, -1).reduce((a, b) => a * b, 1), shape[shape.length - 1]];
const minus = text => text.replaceAll('-', '−');
const number = x => x == 0 ? '0' : !isFinite(x) ? (x != x ? 'nan' : x > 0 ? '∞' : '−∞') : minus(Math.abs(x) >= 1e5 || Math.abs(x) < 1e-4 ? x.toExponential(2) : String(+x.toPrecision(4)));
const largest = numbers => Math.max(...numbers.filter(isFinite).map(Math.abs), 0) || 1;
for (const entry of pool) entry[1] = entry[2] ? shades(entry) : entry[1].map(real);
/* How many decimals suit a whole tensor: three digits for its largest number, two where there are many. */
const decimals = numbers => numbers.every(Number.isInteger) ? 0 : Math.min(5, Math.max(0, (numbers.length > 6 ? 1 : 2) - Math.floor(Math.log10(largest(numbers)))));
/* A tensor as rows and columns, turned on its side where the equation has it so. */
function table(i, turned) {
  const [shape, numbers, seen] = pool[i], [r, c] = rows(seen || shape);
  if (!turned) return [r, c, numbers];
  return [c, r, Array.from({length: r * c}, (_, k) => numbers[(k % r) * c + Math.floor(k / r)])];
}

/* ---- grids, in the place of a tensor's text ---- */
function grid(i, name, turned) {
  const [shape, , seen, low, high] = pool[i], [r, c, numbers] = table(i, turned), places = decimals(numbers), most = largest(numbers);
  const big = seen || r * c > 64 || c > 10, side = Math.max(3, Math.min(10, 220 / c));
  const caption = name + (seen ? ` (${shape.join(', ')}), ${number(real(low))} … ${number(real(high))}` : '');
  const cells = numbers.map(x => {
    const text = isFinite(x) ? (x == 0 ? '0' : minus(x.toFixed(places))) : number(x);
    return `<span style="--m:${isFinite(x) ? (Math.abs(x) / most).toFixed(2) : 1}"${+text == 0 ? ' class="nil"' : ''}>${big ? '' : text}</span>`;
  });
  const said = `${caption || 'tensor'}, ${r} by ${c}: ${numbers.slice(0, 24).map(number).join(', ')}`;
  return `<span class="grid">${caption ? `<span class="cap">${esc(caption)}</span>` : ''}<span class="cells${big ? ' big' : ''}" data-c="${c}" role="img" aria-label="${esc(said)}" style="grid-template-columns:repeat(${c},auto);--px:${side}px">${cells.join('')}</span></span>`;
}
for (const t of all('.t')) {
  const i = +t.dataset.t;
  if (pool[i][1].length > 1) t.innerHTML = grid(i, t.dataset.n || '', t.dataset.r);
}

/* ---- the small pictures in boxes and beside lines: filled is plus, hollow is minus ---- */
function thumbnail(i, room) {
  const [shape, numbers, seen] = pool[i], [r, c] = rows(seen || shape);
  if (!numbers.length) return '<text y="4">∅</text>';
  const cell = Math.min(8, room[0] / c, room[1] / r), most = largest(numbers), w = c * cell, h = r * cell;
  const plus = ['', '', '', ''], hollow = ['', '', '', ''];
  numbers.forEach((x, k) => {
    if (!x || !isFinite(x)) return;
    const level = Math.min(3, Math.floor(Math.abs(x) / most * 4)), left = k % c * cell - w / 2, top = Math.floor(k / c) * cell - h / 2;
    const side = (x > 0 ? Math.max(cell - .8, cell * .7) : Math.max(cell - 2, cell * .4)).toFixed(1), shift = x > 0 ? 0 : .6;
    (x > 0 ? plus : hollow)[level] += `M${(left + shift).toFixed(1)} ${(top + shift).toFixed(1)}h${side}v${side}h-${side}z`;
  });
  const paths = (list, kind) => list.map((d, q) => d && `<path${kind} d="${d}" opacity="${[.22, .45, .72, 1][q]}"/>`).join('');
  return `<rect class="frame" x="${(-w / 2 - 2).toFixed(1)}" y="${(-h / 2 - 2).toFixed(1)}" width="${(w + 3.2).toFixed(1)}" height="${(h + 3.2).toFixed(1)}" rx="2"/>` + paths(plus, '') + paths(hollow, ' class="neg"');
}
const slot = i => i < 0 ? '' : pool[i][0].length ? thumbnail(i, [40, 34]) : `<text>${number(pool[i][1][0])}</text>`;
function beside(element, i) {
  if (i < 0) return element.innerHTML = '';
  if (!pool[i][0].length) return element.textContent = number(pool[i][1][0]);
  element.innerHTML = `<svg width="46" height="21" viewBox="-23 -10.5 46 21" class="s ${element.classList[1]}" aria-hidden="true">${thumbnail(i, [42, 17])}</svg>`;
}

/* ---- the state at a moment: all changes up to it, made again ---- */
const slots = nodes.map(n => [n.querySelector('.s.v'), n.querySelector('.s.g')]);
const changes = moments.map(m => (m.dataset.set || '').split(' ').filter(Boolean).map(text => {
  const [, box, which, i] = /^(\d+)([vgw])(-?\d+)$/.exec(text);
  return [+box, which, +i];
}));
function state(k) {
  const boxes = data.S.map(g => ({v: -1, g, w: -1}));
  for (let j = 0; j <= k; j++) for (const [box, which, i] of changes[j]) boxes[box][which] = i;
  return boxes;
}
/* What the slider stops at: each moment. Where boxes are folded, fold.js has other stops, and other answers to these questions. */
let stops = moments.map((m, k) => ({m, first: k, last: k}));
let reveal = k => k, figure = figures[0], inView = e => true, seen = j => j, pick = j => card(j), close = () => {};
let turnTo = m => {}, also = (m, boxes, on) => {};
const stopOf = k => stops.findIndex(s => s.first <= k && k <= s.last);
const plain = lines.map(l => l.querySelector('code').innerHTML);
let now = -1, timer = 0, covered = false, guessing = false, drawn = [];
const numbersOf = (m, key) => (m.dataset[key] || '').split(' ').filter(Boolean);

function show(k, moved = true, revealed = false, group = null) {
  k = Math.max(0, Math.min(stops.length - 1, k));
  const back = k < now, {m, first, last} = stops[k], phase = m.classList[1];
  now = k;
  turnTo(m, group);
  cover(!revealed && guessing && phase == 'backward');
  for (const x of all('.m.now')) x.classList.remove('now');
  m.classList.add('now');
  at('moments').className = phase;
  const boxes = state(covered ? first - 1 : last), on = numbersOf(m, 'on').map(Number);
  drawBoxes(boxes, on, phase, back);
  also(m, boxes, on);
  drawEdges(m, phase, moved && !back);
  drawCode(m, phase, boxes);
  at('r').value = k + 1;
  at('r').setAttribute('aria-valuetext', `step ${k + 1} of ${stops.length}, ${m.querySelector('h2').textContent}`);
  const number = m.id.slice(1);
  at('num').textContent = `${number.replace('-', '–')} / ${moments.length}`;
  for (const p of all('.ph')) {
    const next = p.nextElementSibling;
    p.classList.toggle('cur', +p.dataset.go <= first && (!next || first < +next.dataset.go));
  }
  at('prev').disabled = k == 0;
  at('next').disabled = k == stops.length - 1 && !covered;
  follow(on);
  if (!timer) at('live').textContent = m.querySelector('h2').textContent + '. ' + (m.querySelector('p') || {}).textContent;
  if (moved) try { history.replaceState(null, '', '#step=' + number) } catch { /* a page inside a notebook has no address */ }
}

function drawBoxes(boxes, on, phase, back) {
  nodes.forEach((n, j) => {
    const box = boxes[j], waiting = box.w >= 0, g = waiting ? box.w : box.g;
    n.classList.toggle('off', box.v < 0 && !n.classList.contains('failed'));
    n.classList.toggle('on', on.includes(j) && j != on[0]);
    n.classList.toggle('cur', j == on[0] || phase == 'zero_grad' && on.includes(j));
    const key = [box.v, g, waiting].join();
    if (drawn[j] == key) return;
    const [oldV, oldG, oldW] = (drawn[j] || ',,').split(','), [v, gradient] = slots[j];
    if (v && oldV != String(box.v)) { v.innerHTML = slot(box.v); v.classList.toggle('new', !back) }
    if (gradient && (oldG != String(g) || oldW != String(waiting))) {
      const frame = waiting && g >= 0 && !pool[g][0].length ? '<rect class="frame" x="-27" y="-13" width="54" height="18" rx="4"/>' : '';
      gradient.innerHTML = frame + slot(g);
      gradient.classList.toggle('new', !back);
      gradient.classList.toggle('wait', waiting);
    }
    drawn[j] = key;
  });
}

function drawEdges(m, phase, moving) {
  const labels = Object.fromEntries(numbersOf(m, 'e').map(text => { const k = text.indexOf(':'); return [text.slice(0, k), text.slice(k + 1)] }));
  const over = figure.querySelector('.over');
  for (const x of all('.over')) x.innerHTML = '';
  edges.forEach((e, j) => {
    const active = j in labels && inView(e);
    e.classList.toggle('f', active && phase == 'forward');
    e.classList.toggle('b', active && phase == 'backward');
    if (!active || phase != 'backward') return;
    const length = e.getTotalLength(), p = e.getPointAtLength(length / 2), text = covered ? '?' : labels[j], w = text.length * 7.6 + 12;
    if (moving && !quiet.matches) travel(e, length);
    over.insertAdjacentHTML('beforeend', `<g><rect x="${p.x - w / 2}" y="${p.y - 10}" width="${w}" height="20" rx="10"/><text x="${p.x}" y="${p.y + 4.3}">${esc(text)}</text></g>`);
  });
}
/* A dot goes along the line once, the way the gradient goes. */
function travel(e, length) {
  const dot = document.createElementNS('http://www.w3.org/2000/svg', 'circle'), start = performance.now(), mine = now;
  dot.setAttribute('r', 5);
  figure.querySelector('.over').append(dot);
  (function go(t) {
    const part = Math.min(1, Math.max(0, (t - start) / 520));
    if (mine != now || part == 1) return dot.remove();
    const p = e.getPointAtLength(length * (1 - part * part * (3 - 2 * part)));
    dot.setAttribute('cx', p.x);
    dot.setAttribute('cy', p.y);
    requestAnimationFrame(go);
  })(start);
}

function drawCode(m, phase, boxes) {
  lines.forEach((l, j) => {
    l.querySelector('code').innerHTML = plain[j];
    l.classList.remove('cur');
    if (l.dataset.n == null) return;
    const box = boxes[l.dataset.n];
    beside(l.querySelector('.a.v'), box.v);
    beside(l.querySelector('.a.g'), box.w >= 0 ? box.w : box.g);
  });
  if (!m.dataset.at) return;
  const [line, column, end, last] = m.dataset.at.split(',').map(Number), l = at('l' + line);
  if (!l) return;
  l.classList.add('cur');
  l.style.setProperty('--c', `var(--${{forward: 'v', backward: 'g', step: 'u', zero_grad: 'z'}[phase] || 'ink'})`);
  if (line == end && last > column) underline(l.querySelector('code'), column, last);
  const box = at('src'), top = l.offsetTop - box.offsetTop;
  if (top < box.scrollTop + 20 || top + 40 > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 2;
}
function underline(code, from, to) {
  const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT), parts = [];
  for (let place = 0, text; text = walker.nextNode(); place += text.length) {
    const start = Math.max(from - place, 0), end = Math.min(to - place, text.length);
    if (start < end) parts.push([text, start, end]);
  }
  for (const [text, start, end] of parts) {
    const range = document.createRange();
    range.setStart(text, start);
    range.setEnd(text, end);
    range.surroundContents(document.createElement('mark'));
  }
}
/* The picture is never smaller than 0.85: it scrolls to where the story is. */
function fit() {
  for (const svg of all('#view svg')) {
    const [, , w, h] = svg.getAttribute('viewBox').split(' ').map(Number), z = Math.max(.85, Math.min(1, (at('view').clientWidth - 2) / w));
    svg.setAttribute('width', w * z);
    svg.setAttribute('height', h * z);
  }
}
function follow(on) {
  on = on.map(seen).filter(j => j >= 0);
  if (!on.length) return;
  const view = at('view'), r = view.getBoundingClientRect(), boxes = on.slice(0, 4).map(j => nodes[j].getBoundingClientRect()), to = {top: view.scrollTop, left: view.scrollLeft};
  for (const [low, high, size, way] of [['top', 'bottom', 'height', 'top'], ['left', 'right', 'width', 'left']]) {
    const x = Math.min(...boxes.map(q => q[low])), y = Math.max(...boxes.map(q => q[high]));
    if (x < r[low] + 10 || y > r[high] - 10) to[way] += (y - x < r[size] - 24 ? (x + y) / 2 : boxes[0][low] + boxes[0][size] / 2) - (r[low] + r[size] / 2);
  }
  view.scrollTo(to);
}

/* ---- guess first: what comes out stays covered until it is asked for ---- */
function cover(yes) {
  const {m} = stops[now];
  covered = yes && !!m.querySelector('.res');
  m.classList.toggle('hide', covered);
  at('next').textContent = covered ? 'Reveal' : 'Next ›';
}
const next = () => covered ? show(now, true, true) : show(now + 1);
const guess = () => { guessing = !guessing; at('guess').setAttribute('aria-pressed', guessing); show(now) };
function play() {
  if (timer) { clearInterval(timer); timer = 0 } else {
    if (now == stops.length - 1) show(0);
    timer = setInterval(() => now < stops.length - 1 ? show(now + 1) : play(), 1800);
  }
  at('play').textContent = timer ? 'Pause' : 'Play';
  at('play').setAttribute('aria-label', timer ? 'Pause' : 'Play');
}
const help = () => { at('help').hidden = !at('help').hidden; at('keys').setAttribute('aria-expanded', !at('help').hidden) };
const theme = () => { const root = document.documentElement; root.dataset.theme = getComputedStyle(root).colorScheme.includes('dark') ? 'light' : 'dark' };
/* The next moment of a phase, from here on, around the end. */
function phaseFrom(name) {
  const firsts = moments.flatMap((m, j) => m.classList.contains(name) && (j == 0 || !moments[j - 1].classList.contains(name)) ? [j] : []);
  if (firsts.length) show(stopOf(firsts.find(j => j > stops[now].last) ?? firsts[0]));
}

at('prev').onclick = () => show(now - 1);
at('next').onclick = next;
at('play').onclick = play;
at('guess').onclick = guess;
at('keys').onclick = help;
at('theme').onclick = theme;
at('r').oninput = e => show(e.target.value - 1);
for (const p of all('.ph')) p.onclick = () => show(stopOf(+p.dataset.go));

/* ---- keys ---- */
addEventListener('keydown', e => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const key = e.key, node = e.target.closest?.('.n');
  if (node && nodeKey(nodes.indexOf(node), key)) return e.preventDefault();
  const phase = {f: 'forward', b: 'backward', s: 'step', z: 'zero_grad'}[key.toLowerCase()];
  if (key == 'ArrowRight' && e.target.id != 'r') next();
  else if (key == 'ArrowLeft' && e.target.id != 'r') show(now - 1);
  else if (key == 'Home') show(0);
  else if (key == 'End') show(stops.length - 1);
  else if (key == 'Escape') close();
  else if (phase) phaseFrom(phase);
  else if (key == 'p' || key == 'P') guess();
  else if (key == '?') help();
  else if (key == ' ' && !e.target.closest?.('button')) play();
  else return;
  e.preventDefault();
});
/* In the picture the arrows walk from box to box: up and down along the lines, left and right in reading order. */
function nodeKey(j, key) {
  if (key == 'Enter' || key == ' ') { pick(j); return true }
  const along = {ArrowUp: ['b', 'a'], ArrowDown: ['a', 'b']}[key];
  if (along) {
    const line = edges.find(e => +e.dataset[along[0]] == j && inView(e) && seen(+e.dataset[along[1]]) == +e.dataset[along[1]]);
    if (line) focusNode(+line.dataset[along[1]]);
    return true;
  }
  if (key != 'ArrowLeft' && key != 'ArrowRight') return false;
  const here = [...nodes.keys()].filter(i => inView(nodes[i]));
  focusNode(here[(here.indexOf(j) + (key == 'ArrowRight' ? 1 : here.length - 1)) % here.length]);
  return true;
}
function focusNode(j) {
  for (const n of all('.n', figure)) n.tabIndex = n == nodes[j] ? 0 : -1;
  nodes[j].focus();
}
/* The card of a box: the moments that speak of it. */
function card(j) {
  const c = at('card'), same = !c.hidden && c.dataset.j == j;
  nodes.forEach((n, i) => n.classList.toggle('pick', i == j && !same));
  c.hidden = same;
  if (same) return;
  c.dataset.j = j;
  c.innerHTML = `<b>${esc(nodes[j].getAttribute('aria-label'))}</b><br>` + moments.map((m, i) => numbersOf(m, 'on').includes(String(j)) ? `<button class="${m.classList[1]}" data-k="${i}">${i + 1} ${esc(m.querySelector('h2').lastChild.data.trim())}</button>` : '').join('');
  for (const b of all('button', c)) b.onclick = () => show(reveal(+b.dataset.k));
}
nodes.forEach((n, j) => { n.onclick = () => pick(j) });
for (const f of figures) { const n = f.querySelector('.n'); if (n) n.tabIndex = 0 }

/* ---- the lens: point at a number of a result, and see which numbers made it ---- */
const tip = document.createElement('div');
tip.id = 'tip';
tip.hidden = true;
document.body.append(tip);
const bracket = text => text.startsWith('−') ? `(${text})` : text;
for (const eq of all('.eq[data-lens]')) {
  const grids = all('.cells', eq), out = grids[grids.length - 1];
  if (!out || grids.length < 2 || grids.some(g => g.classList.contains('big'))) continue;
  const tables = grids.map(g => { const t = g.closest('.t'); return table(+t.dataset.t, t.dataset.r) });
  const clear = () => all('.hot', eq).forEach(x => x.classList.remove('hot'));
  out.addEventListener('pointerover', e => {
    const k = [...out.children].indexOf(e.target);
    if (k < 0) return;
    clear();
    e.target.classList.add('hot');
    const [, c, numbers] = tables[grids.length - 1], i = Math.floor(k / c), j = k % c;
    let text;
    if (eq.dataset.lens == 'mm') {
      const [, inner, left] = tables[0], [, wide, right] = tables[1];
      text = Array.from({length: inner}, (_, a) => {
        grids[0].children[i * inner + a].classList.add('hot');
        grids[1].children[a * wide + j].classList.add('hot');
        return `${number(left[i * inner + a])} · ${bracket(number(right[a * wide + j]))}`;
      }).join(' + ');
    } else {
      text = tables.slice(0, -1).map(([r, w, values], g) => {
        const place = (r == 1 ? 0 : i) * w + (w == 1 ? 0 : j);
        grids[g].children[place]?.classList.add('hot');
        return number(values[place]);
      }).join(' , ');
    }
    say(`${text} ${eq.dataset.lens == 'mm' ? '=' : '→'} ${number(numbers[k])}`, e.target);
  });
  out.addEventListener('pointerleave', () => { clear(); say('') });
}
function say(text, near) {
  tip.textContent = text;
  tip.hidden = !text;
  if (!text) return;
  const r = near.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(innerWidth - tip.offsetWidth - 8, r.left + r.width / 2 - tip.offsetWidth / 2)) + 'px';
  tip.style.top = r.bottom + 8 + 'px';
}
/* A name in the words points at its box. */
for (const name of all('.m b, .cap')) {
  const text = name.textContent.replace(/ᵀ|\.grad$/g, ''), node = nodes.find(n => n.getAttribute('aria-label').startsWith(text + ', '));
  if (node) {
    name.onpointerenter = () => node.classList.add('pick');
    name.onpointerleave = () => node.classList.remove('pick');
  }
}

fit();
addEventListener('resize', fit);
let fromAddress = () => show(reveal(Math.max(0, Math.min(moments.length, (/step=(\d+)/.exec(location.hash) || [0, 1])[1]) - 1)), false);
addEventListener('hashchange', () => fromAddress());
