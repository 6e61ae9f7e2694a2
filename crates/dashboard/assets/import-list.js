// A file of prices goes into the field that is sent: read here, so that the form stays a form.
for (const input of document.querySelectorAll("input[type=file][data-into]")) {
  input.closest("label").hidden = false;
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (file) input.form.elements[input.dataset.into].value = await file.text();
  });
}
