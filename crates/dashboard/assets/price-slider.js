// A slider beside each number of credits. It writes the number and sends the form, as the button does; nothing else.
for (const number of document.querySelectorAll("input[data-slider]")) {
  const now = Number(number.value);
  if (!Number.isFinite(now) || now <= 0) continue;
  const slider = document.createElement("input");
  const step = now >= 4 ? 1 : now / 20;
  Object.assign(slider, { type: "range", className: "slide", min: 0, step, max: Math.ceil((now * 3) / step) * step });
  slider.value = number.value;
  slider.setAttribute("aria-label", "Credits, by sliding");
  number.after(slider);
  let waiting;
  slider.addEventListener("input", () => {
    number.value = String(Number(Number(slider.value).toFixed(6)));
    clearTimeout(waiting);
  });
  number.addEventListener("input", () => (slider.value = number.value));
  const form = number.form;
  if (form?.hasAttribute("data-slides")) {
    slider.addEventListener("change", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => form.requestSubmit(), 700);
    });
  }
}
