// A button that copies what stands in the field beside it. Without a script the field is there to be marked.

for (const beside of document.querySelectorAll("[data-copy]")) {
  const field = beside.querySelector("input");
  const button = beside.querySelector("button");
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    field.select();
    // Only where the page came by https, or from this machine, may a script reach the clipboard itself.
    const copied = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
    button.textContent = copied || document.execCommand("copy") ? "Copied" : "Copy what is marked";
  });
}
