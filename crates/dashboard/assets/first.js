// The first minute: notices the first event, and how far the sample data is.

const first = document.querySelector("[data-first]");
if (first) {
  const state = first.querySelector("[data-state]");
  state.textContent = "Waiting for the event…";
  const source = new EventSource(first.dataset.first);
  source.onmessage = ({ data }) => {
    const fact = JSON.parse(data);
    if (fact.type !== "metered" && !fact.code) return;
    source.close();
    state.textContent = fact.code ? `It arrived, and was refused: ${fact.code.replaceAll("_", " ")}.` : "It arrived.";
    if (!fact.code) location.assign(first.dataset.then);
  };
}

// The sample data is being made: look again until it is.
if (document.querySelector("[data-reload]")) setTimeout(() => location.reload(), 1000);
