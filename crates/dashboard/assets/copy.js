// A button that copies what stands above it. Without a script a press on the text marks all of it.

for (const beside of document.querySelectorAll("[data-copy]")) {
  const text = beside.querySelector("pre");
  const button = beside.querySelector("button");
  button.hidden = false;
  button.addEventListener("click", async () => {
    // Only where the page came by https, or from this machine, may a script reach the clipboard itself.
    const copied = await navigator.clipboard?.writeText(text.textContent).then(() => true, () => false);
    getSelection().selectAllChildren(text);
    button.textContent = copied || document.execCommand("copy") ? "Copied" : "Copy what is marked";
  });
}
