// Says on the page why a security key or a passkey did not work. The library says it to the console alone.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const note = document.getElementById("key_fault");
  if (!note) return;
  const numbered = /^[0-9.]+$|^\[/.test(location.hostname);
  if (numbered) {
    const named = new URL(location.href);
    named.hostname = "localhost";
    const link = document.createElement("a");
    link.href = named.href;
    link.textContent = named.origin;
    note.replaceChildren(note.dataset.address + " ", link, ".");
  } else {
    note.replaceChildren(note.dataset.refused);
  }
  note.hidden = false;
});
