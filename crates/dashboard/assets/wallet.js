// A wallet page with a script: times are the reader's own, and a page in a frame tells the page around it when credits
// have arrived. Nothing is computed here.

const FORMS = {
  day: { dateStyle: "long" },
  time: { timeStyle: "short" },
};

for (const time of document.querySelectorAll("time[data-form]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) {
    time.textContent = new Intl.DateTimeFormat(undefined, FORMS[time.dataset.form]).format(at);
    time.title = at.toLocaleString();
  }
}

/* In a frame: the payment opens beside the app, and the frame waits for what comes of it. */
const LOOK_AGAIN_MS = 3000;
const main = document.querySelector("main.wallet");

if (main && window.parent !== window) {
  const state = new URL(`${location.pathname}/state?back=1`, location.href);
  const wait = async () => {
    const response = await fetch(state).catch(() => null);
    const now = response?.ok ? await response.json() : null;
    if (now?.arrived && now.arrived.at !== main.dataset.arrived) {
      window.parent.postMessage({ type: "chargly:credited", credits: now.arrived.credits, balance: now.available }, "*");
      location.reload();
      return;
    }
    setTimeout(wait, LOOK_AGAIN_MS);
  };
  for (const form of document.querySelectorAll("form[target=_top]")) {
    form.target = "_blank";
    form.addEventListener("submit", () => setTimeout(wait, LOOK_AGAIN_MS), { once: true });
  }
}
