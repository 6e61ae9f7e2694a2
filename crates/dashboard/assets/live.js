// The live page: facts as they commit. At most so many rows; a pause keeps counting; pressing a value narrows down.

const ROWS_MAX = 500;
const MINUTE_MS = 60_000;

const live = document.querySelector(".live");
const body = live.querySelector("tbody");
const pause = live.querySelector("[data-pause]");
const state = live.querySelector("[data-state]");
const meter = (name) => live.querySelector(`[data-meter="${name}"]`);

let isPaused = false;
let waiting = [];
let skipped = 0;
let lately = [];
const rates = [];
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 6 });

function link(words, base, of) {
  if (!of) return document.createTextNode("—");
  const a = document.createElement("a");
  // The page's own links end with the range: what is linked to stands before it.
  const [path, query] = base.split("?");
  a.href = `${path}/${encodeURIComponent(of)}${query ? `?${query}` : ""}`;
  a.textContent = words;
  return a;
}

function cell(label, content, kind = "") {
  const td = document.createElement("td");
  td.dataset.label = label;
  td.className = kind;
  td.append(content);
  return td;
}

function row(fact) {
  const tr = document.createElement("tr");
  const at = fact.recorded_at ?? fact.at ?? "";
  const what = fact.code ? `${fact.type}: ${fact.code.replaceAll("_", " ")}` : fact.type.replaceAll("_", " ");
  const credits = fact.credits === undefined ? "—" : number.format(fact.credits);
  const left = fact.balance?.available;
  tr.append(
    cell("Time", at.slice(11, 19)),
    cell("What", fact.id?.startsWith("evt_") ? link(what, live.dataset.events, fact.id) : what),
    cell("Event type", link(fact.event, live.dataset.types, fact.event), "wide"),
    cell("Customer", link(fact.customer, live.dataset.customers, fact.customer), "wide"),
    cell("Credits", credits, "number"),
    cell("Left", left === undefined ? "—" : number.format(left), "number"),
  );
  if (fact.code) tr.className = "refused";
  return tr;
}

function draw(facts) {
  body.prepend(...facts.map(row).reverse());
  while (body.rows.length > ROWS_MAX) body.lastElementChild.remove();
}

function say() {
  const parts = [];
  if (waiting.length > 0) parts.push(`${waiting.length}${waiting.length === ROWS_MAX ? " or more" : ""} new`);
  if (skipped > 0) parts.push(`${number.format(skipped)} of this session were counted and not shown: more came than can be read`);
  state.textContent = parts.join(" · ") || (isPaused ? "Paused." : "Live.");
}

function flush() {
  draw(waiting);
  waiting = [];
  say();
}

const source = new EventSource(live.dataset.stream);
let due = [];
source.onmessage = ({ data }) => {
  const fact = JSON.parse(data);
  lately.push({ at: Date.now(), credits: fact.type === "metered" || fact.type === "captured" ? fact.credits ?? 0 : 0, isRefused: Boolean(fact.code) });
  if (isPaused) waiting = [...waiting, fact].slice(-ROWS_MAX);
  else due.push(fact);
};
source.addEventListener("rate", ({ data }) => {
  const rate = JSON.parse(data);
  skipped += rate.skipped;
  meter("rate").textContent = number.format(rate.seen);
  rates.push(rate.seen);
  if (rates.length > 60) rates.shift();
  const most = Math.max(1, ...rates);
  meter("line").setAttribute("points", rates.map((seen, at) => `${(60 - rates.length + at) * 10},${96 - (92 * seen) / most}`).join(" "));
  const since = Date.now() - MINUTE_MS;
  lately = lately.filter((one) => one.at >= since);
  meter("credits").textContent = number.format(lately.reduce((sum, one) => sum + one.credits, 0));
  meter("refused").textContent = number.format(lately.filter((one) => one.isRefused).length);
  say();
});
source.addEventListener("skipped", ({ data }) => {
  skipped += JSON.parse(data).facts ?? 0;
  say();
});
source.onerror = () => {
  state.textContent = "The connection is lost. It is tried again by itself.";
};

// One drawing for all that came since the last: a flood must not draw a row at a time.
function frame() {
  if (due.length > 0) {
    draw(due);
    due = [];
    say();
  }
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);

pause.hidden = false;
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.textContent = isPaused ? "Go on" : "Pause";
  if (!isPaused) flush();
  say();
});
// Whoever reads further down is not pushed around.
document.addEventListener("scroll", () => {
  if (!isPaused && window.scrollY > body.getBoundingClientRect().top + window.scrollY + 200) pause.click();
});
say();
