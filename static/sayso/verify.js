// The verify page with scripts: a place to drop a file on, and what happens while it is sent and looked at.
// Without this file the page is an ordinary form.
"use strict";

(function () {
  const form = document.getElementById("ask");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  const button = form.querySelector("button[type=submit]");
  const progress = form.querySelector(".progress");
  const bar = progress.querySelector("progress");
  const says = progress.querySelector("p");

  drop.classList.add("ready");
  drop.querySelector(".drop-says").hidden = false;

  let depth = 0;
  drop.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) leave(); });
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    leave();
    if (event.dataTransfer.files.length) {
      const one = new DataTransfer();
      one.items.add(event.dataTransfer.files[0]);
      input.files = one.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  // A file that misses the place must not replace the page.
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = input.files[0];
    if (!file) return;
    if (file.size > Number(form.dataset.limit)) { fault(form.dataset.tooLarge); return; }
    send();
  });

  function leave() { depth = 0; drop.classList.remove("over"); }

  function send() {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.responseType = "document";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = Math.round((100 * event.loaded) / event.total);
    });
    request.upload.addEventListener("load", () => { bar.removeAttribute("value"); says.textContent = form.dataset.checking; });
    request.addEventListener("load", () => { rest(); show(request.response); });
    request.addEventListener("error", () => { rest(); fault(form.dataset.notSent); });
    request.addEventListener("timeout", () => { rest(); fault(form.dataset.notSent); });
    request.timeout = 120000;
    clear();
    says.textContent = form.dataset.sending;
    bar.value = 0;
    progress.hidden = false;
    button.disabled = true;
    form.setAttribute("aria-busy", "true");
    request.send(new FormData(form));
  }

  function rest() {
    progress.hidden = true;
    button.disabled = false;
    form.removeAttribute("aria-busy");
  }

  function show(answer) {
    const alert = answer && answer.querySelector("[role=alert] a");
    if (alert) { fault(alert.textContent); return; }
    const main = answer && answer.getElementById("main");
    if (!main) { fault(form.dataset.notSent); return; }
    document.title = answer.title;
    document.getElementById("main").replaceWith(document.adoptNode(main));
    window.history.pushState({}, "", form.action);
    window.scrollTo(0, 0);
    const heading = main.querySelector("h1");
    heading.tabIndex = -1;
    heading.focus();
  }

  function clear() {
    document.querySelectorAll("#main > .note.bad").forEach((note) => note.remove());
    input.removeAttribute("aria-invalid");
  }

  function fault(text) {
    clear();
    const note = document.createElement("div");
    note.className = "note bad";
    note.setAttribute("role", "alert");
    const title = document.createElement("h2");
    title.textContent = form.dataset.faultTitle;
    const line = document.createElement("p");
    const link = document.createElement("a");
    link.href = "#file";
    link.textContent = text;
    line.append(link);
    note.append(title, line);
    form.before(note);
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }

  // Back from an answer is the form again. A link to a place on the form comes here, too, and must not lose the file.
  window.addEventListener("popstate", () => { if (!form.isConnected) window.location.reload(); });
})();
