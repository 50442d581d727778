// SPDX-License-Identifier: Apache-2.0
// Draws what the console tells. Every word about the cluster comes from there;
// this file only knows where to put it.

const byId = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; texts are texts, never markup. */
function make(space, name, attributes, children) {
  const element = space ? document.createElementNS(space, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
const html = (name, attributes, ...children) => make(null, name, attributes, children);
const svg = (name, attributes, ...children) => make(SVG, name, attributes, children);
const words = (x, y, text, attributes) => svg("text", { x, y, ...attributes }, text);
const mark = (tone, place) => svg("svg", { class: `mark ${tone}`, "aria-hidden": "true", ...place }, svg("use", { href: `#${tone}` }));
const fact = (tone, ...text) => html("li", {}, mark(tone), html("span", {}, ...text));

const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = (at) => new Date(at).toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" });
const when = (at) => html("time", { datetime: new Date(at).toISOString(), title: new Date(at).toLocaleString() }, clock(at));
const seconds = (ms) => (ms < 99_950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`);
function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) { count /= 1024; unit += 1; }
  return `${count < 10 && unit ? count.toFixed(1) : Math.round(count)} ${units[unit]}`;
}

// What is known, and when it came.
let picture = null;
let failovers = [];
let heardAt = [0, 0];
let isFull = false; // as many browsers look on as are allowed
const hear = () => { heardAt = [performance.now(), Date.now()]; };
/** How long ago, in ms: the one clock stands still while this machine sleeps, the other one can be set. */
const quiet = () => Math.max(performance.now() - heardAt[0], Date.now() - heardAt[1]);
hear();
let ahead = 0; // the console's clock before this one's
const now = () => Date.now() + ahead;

// ---- Where things are in the drawing

const narrow = matchMedia("(max-width: 640px)");

/** Two layouts: side by side, and one above the other on a phone. */
function layout() {
  if (narrow.matches) {
    return {
      size: [380, 798], boxes: [[10, 62], [10, 544]], box: [360, 244], columns: 2, chip: [164, 38],
      wire: (nth) => ({ from: [32 + 18 * nth, 307], to: [32 + 18 * nth, 543], label: [64, 334 + 22 * nth], anchor: "start" }),
      limbo: (nth) => [66 + 156 * (nth % 2), 374 + 38 * Math.floor(nth / 2)], arbiter: [190, 20], votes: [], bars: null,
    };
  }
  return {
    size: [1000, 470], boxes: [[2, 110], [638, 110]], box: [360, 350], columns: 2, chip: [164, 44],
    wire: (nth) => ({ from: [362, 150 + 46 * nth], to: [638, 150 + 46 * nth], label: [500, 141 + 46 * nth], anchor: "middle" }),
    limbo: (nth) => [418, 212 + 35.5 * nth], arbiter: [500, 26], votes: [[500, 52, 182, 110], [500, 52, 818, 110]],
      bars: (nth) => [392, 252 + 76 * nth, 216],
  };
}

// ---- The drawing

const chips = new Map(); // kept from picture to picture, so that they move

function draw() {
  const place = layout();
  const drawing = byId("drawing");
  drawing.setAttribute("viewBox", `0 0 ${place.size.join(" ")}`);
  const layers = [arbiter(place), ...wires(place), ...bars(place), ...picture.controllers.map((it, nth) => controller(place, it, nth))];
  const title = byId("drawing-words");
  title.textContent = description();
  const moving = picture.parts.map((part, nth) => chip(place, part, nth));
  const old = [...drawing.children].filter((child) => child !== title && !child.classList.contains("moves"));
  old.forEach((child) => child.remove());
  title.after(...layers.filter(Boolean));
  for (const it of [...moving, flag(place)]) if (it.parentNode !== drawing) drawing.append(it);
  byId("remarks").replaceChildren(...remarks());
}

/** The drawing in words, for those who do not see it. */
function description() {
  const machines = picture.controllers.map((it) => `${it.name}: ${it.role.text}, ${it.member.text}, ${spoken(it)}.`);
  const links = picture.links.map((it) => `${it.name} network: ${it.state.text}.`);
  const parts = picture.parts.map((it) => `${it.name}: ${it.fact.text}.`);
  return [...machines, `Address ${picture.vip.address}: ${picture.vip.state.text}.`, ...links, ...parts].join(" ");
}

const spoken = (it) => ({ heard: "tells how it is", silent: `silent since ${clock(it.silent_since)}`, never: "not heard yet" })[it.contact];

function controller(place, it, nth) {
  const [x, y] = place.boxes[nth];
  const [width, height] = place.box;
  const kind = it.is_active ? "is-active" : it.is_gone ? "bad" : it.contact;
  return svg("g", {},
    svg("rect", { class: `box ${kind}`, x, y, width, height, rx: 14 }),
    words(x + 20, y + 36, it.name, { class: "name" }),
    words(x + 20, y + 56, it.address, { class: "small" }),
    mark(it.role.tone, { x: x + 20, y: y + 69, width: 15, height: 15 }),
    words(x + 41, y + 82, it.role.text, { class: `tone ${it.role.tone}` }),
    words(x + width - 20, y + height - 14, it.contact === "heard" ? `Pacemaker: ${it.member.text}` : spoken(it), { class: "small", "text-anchor": "end" }));
}

function arbiter(place) {
  const it = picture.arbiter;
  const [x, y] = place.arbiter;
  const quorum = words(x, y + (it ? 20 : 0), picture.quorum.text, { class: `tone ${picture.quorum.tone}`, "text-anchor": "middle" });
  if (!it) return quorum;
  const votes = place.votes.map(([x1, y1, x2, y2], nth) => picture.controllers[nth].is_gone ? null :
    svg("path", { class: `wire ${it.vote.tone}`, d: `M${x1} ${y1}C${x1} ${y1 + 40} ${x2} ${y2 - 55} ${x2} ${y2}`, "stroke-width": "1.5", opacity: ".45" }));
  return svg("g", {}, ...votes.filter(Boolean), words(x, y, `${it.name} ${it.vote.text}`, { "text-anchor": "middle" }), quorum);
}

function wires(place) {
  return picture.links.map((link, nth) => {
    const { from, to, label, anchor } = place.wire(nth);
    const middle = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
    const isCut = link.state.tone === "bad";
    const gap = narrow.matches ? [0, 12] : [12, 0];
    const line = isCut
      ? `M${from}L${middle[0] - gap[0]} ${middle[1] - gap[1]}M${middle[0] + gap[0]} ${middle[1] + gap[1]}L${to}`
      : `M${from}L${to}`;
    const latency = link.latency_ms === null || isCut ? "" : `, ${link.latency_ms < 1 ? "< 1" : link.latency_ms} ms`;
    return svg("g", {},
      svg("path", { class: `wire ${link.state.tone}`, d: line }),
      isCut ? svg("path", { class: "cut", d: `M${middle[0] - 7} ${middle[1] - 7}l14 14m0-14l-14 14` }) : null,
      words(...label, `${link.name} ${link.state.text}${latency}`, { class: `small ${link.state.tone}`, "text-anchor": anchor }));
  });
}

const isHome = (part) => part.state !== "down" && part.state !== "unknown" && picture.controllers.some((it) => it.name === part.place);

/** How far both copies agree, while nothing else stands between the two. */
function bars(place) {
  if (!place.bars || !picture.parts.every(isHome)) return [];
  return picture.volumes.map((it, nth) => {
    const [x, y, width] = place.bars(nth);
    const part = (it.in_sync_percent ?? 0) / 100;
    return svg("g", { class: `bars ${it.state.tone}` },
      words(x + width / 2, y, it.name, { "text-anchor": "middle" }),
      svg("rect", { class: "empty", x, y: y + 9, width, height: 10, rx: 5 }),
      svg("rect", { class: "full", x, y: y + 9, width: width * part, height: 10, rx: 5 }),
      words(x + width / 2, y + 36, it.state.text, { class: "small", "text-anchor": "middle" }));
  });
}

/** Where a part stands: in its controller, or between the two. */
function chip(place, part, nth) {
  const [width, height] = place.chip;
  let it = chips.get(part.id);
  if (!it) {
    it = svg("g", { class: "chip moves" }, svg("rect", { rx: 9 }), svg("g", {}), words(32, 0, ""), words(32, 0, "", { class: "small" }));
    chips.set(part.id, it);
  }
  const home = picture.controllers.findIndex((controller) => controller.name === part.place);
  const stands = isHome(part);
  const [x, y] = stands
    ? [place.boxes[home][0] + 12 + (nth % place.columns) * (width + 8), place.boxes[home][1] + 98 + Math.floor(nth / place.columns) * (height + (narrow.matches ? -6 : 12))]
    : place.limbo(nth);
  const tall = stands && !narrow.matches;
  it.setAttribute("class", `chip moves ${part.fact.tone}`);
  it.style.transform = `translate(${x}px, ${y}px)`;
  const [box, symbol, name, word] = it.children;
  box.setAttribute("width", stands || !narrow.matches ? width : 148);
  box.setAttribute("height", tall ? height : 30);
  symbol.replaceChildren(mark(part.fact.tone, { x: 11, y: tall ? 14 : 7.5, width: 15, height: 15 }));
  name.setAttribute("y", tall ? 19 : 20);
  name.textContent = part.name;
  word.setAttribute("y", 36);
  word.textContent = tall ? part.fact.text.replace(/ on .*/, "") : "";
  return it;
}

/** The address that moves, as a flag on whoever has it. */
function flag(place) {
  let it = chips.get("flag");
  if (!it) {
    it = svg("g", { class: "flag moves" }, svg("path", { d: "M0 0h150l-9 14 9 14H0z" }), words(12, 19, ""));
    chips.set("flag", it);
  }
  const home = picture.controllers.findIndex((controller) => picture.vip.holders.includes(controller.name));
  const isUp = picture.vip.holders.length === 1;
  const [x, y] = home >= 0 ? place.boxes[home] : [place.arbiter[0] - 180, place.arbiter[1] + 40];
  it.setAttribute("class", `flag moves ${picture.vip.state.tone}`);
  it.style.transform = `translate(${x + place.box[0] - 164}px, ${y + 14}px)`;
  it.style.visibility = home >= 0 ? "visible" : "hidden";
  it.lastChild.textContent = isUp ? picture.vip.address : `${picture.vip.address} ${picture.vip.state.text}`;
  return it;
}

function remarks() {
  const about = picture.controllers.flatMap((it) => it.remarks.map((remark) => fact(remark.tone, `${it.name} ${remark.text}`)));
  const fences = Object.values(picture.fences).map((it) => fact(it.tone, it.text));
  const vip = picture.vip.state.tone === "good" ? [] : [fact(picture.vip.state.tone, `${picture.vip.address} ${picture.vip.state.text}`)];
  const fencing = picture.fencing.tone === "bad" ? [fact("bad", `fencing ${picture.fencing.text}`)] : [];
  return [...vip, ...about, ...fencing, ...fences];
}

// ---- Beside the drawing

function head() {
  const { tone, text } = picture.headline;
  byId("name").textContent = picture.cluster;
  const verdict = byId("verdict");
  if (verdict.textContent !== text || verdict.className !== tone) {
    verdict.className = tone;
    verdict.replaceChildren(mark(tone), text);
  }
  byId("clock").replaceChildren("as of ", when(picture.at));
  document.title = `${picture.verdict}: ${picture.cluster}`;
}

const TONES = { down: "bad", degraded: "warning", unknown: "unknown" };

function problems() {
  const items = picture.problems.map((it) =>
    html("li", {}, mark(TONES[it.severity]), html("span", {}, it.text, it.next ? html("span", { class: "next" }, it.next) : null)));
  byId("problem-list").replaceChildren(...(items.length ? items : [fact("good", "Nothing.")]));
}

/** What is offered, and why not now. Where one asks for it is a page of its own. */
function acts() {
  const it = picture.actions;
  byId("acts").hidden = !it;
  if (!it) return;
  const told = JSON.stringify(it);
  const list = byId("act-list");
  // Not under somebody's fingers.
  if (list.dataset.told === told) return;
  list.dataset.told = told;
  const offer = (one) => one.refusal
    ? html("li", {}, html("span", { class: "off" }, one.title),
      html("details", {}, html("summary", {}, "not now"), html("p", { class: "refusal" }, one.refusal.text), ...one.refusal.next.map((next) => html("span", { class: "next" }, next))))
    : html("li", {}, html("a", { href: one.path }, one.title));
  list.replaceChildren(...(it.here ? [...it.offers.map(offer), html("li", {}, html("a", { href: "/act" }, "What was done last"))]
    : [html("li", {}, "Actions are asked for on ", html("a", { href: it.address }, `${it.at}'s console`), ".")]));
}

function slurm() {
  const it = picture.scheduler;
  const figure = (name, value, unit = "") => html("div", {}, html("dt", {}, name), html("dd", {}, value === null ? "–" : `${value}${unit}`));
  byId("figures").replaceChildren(figure("jobs running", it.running), figure("jobs waiting", it.pending),
    figure("threads", it.threads), figure("saved ago", it.saved_ago_s, " s"), figure("for accounting", it.records_waiting));
  const total = it.nodes.reduce((sum, [, count]) => sum + count, 0);
  const stack = html("div", { class: "stack", "aria-hidden": "true" });
  for (const [, count, tone] of it.nodes) {
    const part = html("span", { class: tone });
    part.style.flex = String(count);
    stack.append(part);
  }
  const legend = it.nodes.map(([state, count, tone]) => html("span", {}, mark(tone), `${count} ${state}`));
  byId("nodes").replaceChildren(...(total ? [stack, html("p", { class: "legend" }, html("span", {}, `${total} nodes:`), ...legend)]
    : [html("p", { class: "empty" }, "Nodes are not known.")]));
  byId("daemons").replaceChildren(...["slurmctld", "slurmdbd", "mariadb"].map((name) => fact(it[name].tone, `${name} ${it[name].text}`)));
}

function volumes() {
  const all = picture.volumes.map((it) => {
    const percent = it.in_sync_percent;
    const missing = it.out_of_sync_bytes ? `, ${bytes(it.out_of_sync_bytes)} differ` : "";
    const full = it.full_percent === null ? "" : `${it.full_percent} % full`;
    const bar = html("meter", { class: it.state.tone, min: 0, max: 100, value: percent ?? 0, "aria-label": `${it.name} volume in sync` },
      percent === null ? "not known" : `${Math.floor(percent)} %`);
    const sides = it.sides.map((side) => html("span", {}, mark(side.disk.tone), ` ${side.controller}: ${side.disk.text}`));
    return html("div", { class: "volume" },
      html("h3", {}, mark(it.state.tone), `${it.name}: ${it.state.text}${missing}`, html("small", {}, full)),
      bar, html("div", { class: "sides" }, ...sides));
  });
  byId("volumes").replaceChildren(html("ul", { class: "facts" }, fact(picture.connection.tone, `DRBD ${picture.connection.text}`)), ...all);
}

// ---- Failovers

/** Rows of phases, each a bar on the same line of time. */
function gantt(failover) {
  const end = failover.ended ?? now();
  const span = Math.max(end - failover.began, 1);
  return failover.phases.flatMap((phase) => {
    const ended = phase.ended ?? end;
    const isOpen = phase.ended === null;
    const tone = isOpen ? "warning" : phase.id.startsWith("loss-") ? "unknown" : phase.id.startsWith("fence-") ? "bad" : "notice";
    const bar = html("span", { class: `bar ${tone}${isOpen ? " open" : ""}` });
    bar.style.left = `${(100 * (phase.began - failover.began)) / span}%`;
    bar.style.width = `${(100 * (ended - phase.began)) / span}%`;
    const starting = phase.started ? `the last ${seconds(ended - phase.started)} of it being started` : null;
    if (starting && ended > phase.began) {
      // Before it was started it waited for others.
      const waited = html("span", { class: "waited" });
      waited.style.width = `${(100 * (phase.started - phase.began)) / (ended - phase.began)}%`;
      bar.append(waited);
    }
    return [html("span", { class: "n" }, mark(isOpen ? "notice" : "good"), phase.name),
      html("span", { class: "s", title: starting }, seconds(ended - phase.began), starting ? html("span", { class: "unseen" }, `, ${starting}`) : null),
      html("span", { class: "track", "aria-hidden": "true" }, bar)];
  });
}

function current() {
  const it = failovers.find((failover) => failover.ended === null);
  byId("now").hidden = !it;
  if (!it) return;
  byId("now-title").textContent = it.title;
  byId("now-cost").textContent = `${seconds(now() - it.began)} so far${it.cost ? `, ${it.cost}` : ""}`;
  byId("now-phases").replaceChildren(...gantt(it));
}

function past() {
  const ended = failovers.filter((failover) => failover.ended !== null);
  const opened = new Set([...byId("failovers").querySelectorAll("details[open]")].map((it) => it.dataset.began));
  const isFirst = !byId("failovers").querySelector("details");
  const all = ended.map((it, nth) => {
    const isOpen = opened.has(String(it.began)) || (isFirst && nth === 0);
    return html("details", { open: isOpen ? "" : null, "data-began": it.began },
      html("summary", {}, html("span", {}, `${day(it.began)} `, when(it.began)), html("b", {}, it.title),
        html("span", {}, `${it.cost}, ${seconds(it.ended - it.began)} in all`)),
      html("div", { class: "gantt" }, ...gantt(it)));
  });
  byId("failovers").replaceChildren(...(all.length ? all : [html("p", { class: "empty" }, "None since this console began to look.")]));
}

// ---- What happened

const MOST_EVENTS = 120;

function happened(event) {
  const list = byId("events");
  list.prepend(html("li", { "data-id": event.id }, when(event.at), mark(event.tone), html("span", {}, event.text)));
  while (list.children.length > MOST_EVENTS) list.lastChild.remove();
}

// ---- Plots

const WIDE = 300;
const HIGH = 90;

function plot(it, from, to) {
  const values = it.lines.flatMap((line) => line.points.map(([, value]) => value)).filter((value) => value !== null);
  const most = Math.max(...values, 0);
  const top = most || 1;
  const x = (at) => (WIDE * (at - from)) / (to - from);
  const y = (value) => HIGH - ((HIGH - 4) * value) / top;
  const lines = it.lines.map((line, nth) => {
    let pen = "M";
    let path = "";
    for (const [at, value] of line.points) {
      if (value === null) { pen = "M"; continue; }
      path += `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
    }
    return svg("path", { class: `plot p${nth % 5}`, d: path });
  });
  const last = (line) => line.points.at(-1)?.[1] ?? null;
  const text = (value) => (value === null ? "–" : `${value < 10 ? Math.round(value * 100) / 100 : Math.round(value)}`);
  const keys = it.lines.map((line, nth) => html("span", {},
    it.lines.length > 1 ? svg("svg", { class: "key", viewBox: "0 0 28 8", "aria-hidden": "true" }, svg("path", { class: `plot p${nth % 5}`, d: "M0 4h28" })) : null,
    `${line.name} ${text(last(line))} ${it.unit}`.trim()));
  return html("figure", {},
    html("figcaption", {}, html("b", {}, it.title), html("span", {}, `up to ${text(most)} ${it.unit}`.trim())),
    svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": `${it.title}: at most ${text(most)} ${it.unit}` },
      svg("path", { class: "grid", d: `M0 ${HIGH}H${WIDE}M0 ${HIGH / 2}H${WIDE}` }), ...lines),
    html("div", { class: "legend" }, ...keys));
}

async function plots() {
  const list = byId("plot-list");
  const say = (text) => list.replaceChildren(html("p", { class: "empty" }, text));
  try {
    const answer = await fetch(`/api/plots?hours=${byId("hours").value}`);
    if (answer.status === 401) { location.replace("/login"); return; }
    const told = await answer.json();
    if (told.why) { say(`No plots: ${told.why}.`); return; }
    const to = now() / 1000;
    list.replaceChildren(...told.plots.map((it) => plot(it, to - told.hours * 3600, to)));
  } catch {
    say("No plots: the console does not answer.");
  }
}

// ---- What keeps it alive

/** Says when what is shown is old, before anybody has to wonder. */
function age() {
  const old = byId("old");
  const quietFor = Math.round(quiet() / 1000);
  const silent = picture?.controllers.every((it) => it.contact !== "heard");
  let text = "";
  const why = isFull ? "as many browsers look on as are allowed" : "the console does not answer";
  if (quietFor > 11) text = `What you see is ${quietFor} s old: ${why}. Trying again.`;
  else if (silent) text = "Neither controller tells this console anything, so how the cluster is now is not known.";
  if (old.textContent !== text) old.textContent = text;
  old.hidden = !text;
}

let source = null;

function connect() {
  source?.close();
  const last = Number(byId("events").firstChild?.dataset.id ?? 0);
  source = new EventSource("/events");
  source.addEventListener("picture", (message) => {
    picture = JSON.parse(message.data);
    hear();
    isFull = false;
    ahead = picture.at - Date.now();
    for (const part of [head, draw, problems, acts, slurm, volumes, age]) part();
  });
  source.addEventListener("failovers", (message) => {
    failovers = JSON.parse(message.data);
    current();
    past();
  });
  source.addEventListener("happened", (message) => {
    const event = JSON.parse(message.data);
    if (event.id > last && !byId("events").querySelector(`[data-id="${event.id}"]`)) happened(event);
  });
  source.onerror = async () => {
    // Cut off, it tries again by itself; refused, it does not.
    if (source.readyState !== EventSource.CLOSED) return;
    const answer = await fetch("/events", { method: "HEAD" }).catch(() => null);
    if (answer?.status === 401) location.replace("/login");
    isFull = answer?.status === 503;
    setTimeout(connect, 4000);
  };
}

connect();
plots();
past();
setInterval(current, 250);
setInterval(() => {
  age();
  if (quiet() > 20_000 && source.readyState === EventSource.OPEN) connect();
}, 1000);
setInterval(plots, 30_000);
// What is told at first is the past, and not read out.
setTimeout(() => byId("events").setAttribute("aria-live", "polite"), 3000);
byId("hours").addEventListener("change", plots);
narrow.addEventListener("change", () => { if (picture) draw(); });
