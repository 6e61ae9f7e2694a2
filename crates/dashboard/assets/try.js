// `/try` with a script: clicks without leaving the page, the stream as it commits, tabs, and calculators that answer while
// one types. Nothing is computed here: every amount comes from the server, as it stands on the page without a script.

const find = (id) => document.getElementById(id);

/* Parts of the page as the server shows it now, put in the place of the old ones. */
const take = (page, ids) => {
  for (const id of ids) {
    const fresh = page.getElementById(id);
    const old = find(id);
    if (!fresh || !old) continue;
    old.replaceChildren(...fresh.childNodes);
    old.hidden = fresh.hidden;
  }
};

const read = async (response) => new DOMParser().parseFromString(await response.text(), "text/html");

const say = (words) => {
  const said = document.createElement("p");
  said.className = "trouble";
  said.textContent = words;
  find("answer").replaceChildren(said);
};

/* The stream. */
let source;
const known = () => new Set([...find("stream").querySelectorAll("[data-id]")].map((row) => row.dataset.id));

const follow = () => {
  const url = new URL("try/stream", document.baseURI);
  url.searchParams.set("after", find("stream").dataset.after);
  source = new EventSource(url);
  source.onmessage = (message) => {
    const { row, tiles } = JSON.parse(message.data);
    const holder = document.createElement("template");
    holder.innerHTML = row;
    const line = holder.content.firstElementChild;
    if (!known().has(line.dataset.id)) {
      line.classList.add("fresh");
      find("stream").tBodies[0].prepend(line);
    }
    if (tiles) find("figures").innerHTML = tiles;
    find("stream").hidden = false;
    find("nothing").hidden = true;
  };
};
follow();

/* Clicks. A key belongs to one click: sent again, it would be the same one. */
let clicks = 0;
const form = find("clicks");
form.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (!button || button.value.startsWith("top_up")) return;
  event.preventDefault();
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  const fields = new URLSearchParams(new FormData(form, button));
  fields.set("key", `${fields.get("key")}-${(clicks += 1)}`);
  try {
    const page = await read(await fetch(form.action, { method: "POST", body: fields }));
    // Where there is no stream, the page has it all; otherwise each event comes by itself.
    const isLive = source.readyState === EventSource.OPEN;
    take(page, ["answer", "balance", "code-of", ...(isLive ? [] : ["stream", "figures", "nothing"])]);
    makeTabs();
  } catch {
    say("The server did not answer. Look again in a moment; the same click counts once.");
  } finally {
    form.removeAttribute("aria-busy");
  }
});

/* Tabs of the sections that stand below each other without a script. The one that was chosen stays so. */
let chosen = 0;
function makeTabs() {
  const codes = document.querySelector(".codes");
  if (!codes || codes.querySelector("[role=tablist]")) return;
  const sections = [...codes.querySelectorAll("section")];
  const list = document.createElement("div");
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", "Ways to call");
  const choose = (at) => {
    chosen = (at + sections.length) % sections.length;
    sections.forEach((section, place) => {
      section.hidden = place !== chosen;
      tabs[place].setAttribute("aria-selected", String(place === chosen));
      tabs[place].tabIndex = place === chosen ? 0 : -1;
    });
  };
  const tabs = sections.map((section, place) => {
    const heading = section.querySelector("h3");
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `tab-${section.id}`;
    tab.textContent = heading.textContent;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", section.id);
    tab.addEventListener("click", () => choose(place));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      choose(chosen + step);
      tabs[chosen].focus();
    });
    heading.remove();
    section.setAttribute("role", "tabpanel");
    section.setAttribute("aria-labelledby", tab.id);
    list.append(tab);
    return tab;
  });
  codes.prepend(list);
  choose(chosen);
}
makeTabs();

/* Calculators: the form's own answer, fetched while one types. */
for (const calculator of document.querySelectorAll("form[data-live]")) {
  let timer;
  let newest = 0;
  const ask = async () => {
    const mine = (newest += 1);
    const url = new URL("try", document.baseURI);
    url.search = new URLSearchParams(new FormData(calculator));
    const response = await fetch(url).catch(() => null);
    if (!response || mine !== newest) return;
    take(await read(response), [calculator.dataset.live]);
  };
  calculator.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 200);
  });
  calculator.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
}
