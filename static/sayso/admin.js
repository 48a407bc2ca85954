// What the theme leaves out for people who use a keyboard or a screen reader.
"use strict";

(function () {
  const NAMES = { dock_to_right: "Menu", close: "Close", more_horiz: "Actions" };

  // The theme opens its menus by clicks on elements that no keyboard reaches.
  function makeButton(control) {
    control.setAttribute("role", "button");
    control.tabIndex = 0;
    const name = NAMES[control.textContent.trim()];
    if (name) control.setAttribute("aria-label", name);

    if (control.matches("[href]")) control.addEventListener("click", (event) => event.preventDefault());
    control.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      control.click();
    });
  }

  function setAttribute(selector, attribute, value) {
    for (const element of document.querySelectorAll(selector)) element.setAttribute(attribute, value);
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const control of document.querySelectorAll("span, div, a:not([href]), a[href='#']"))
      if (control.hasAttribute("x-on:click") && control.textContent.trim()) makeButton(control);

    // Icons are words in a font of signs, which would be read aloud.
    setAttribute(".material-symbols-outlined:not([role])", "aria-hidden", "true");
    setAttribute("#nav-sidebar-inner a:has(> .material-symbols-outlined:only-child)", "aria-label", "First page");
    setAttribute("#nav-sidebar-inner", "aria-label", "Tables");
    setAttribute("#searchbar", "aria-label", "Search");
    setAttribute("#searchbar-submit", "aria-label", "Search");
    setAttribute("#main", "role", "main");
  });

  // The theme's scrolled boxes come later, and all have one name.
  window.addEventListener("load", () => setAttribute(".simplebar-content-wrapper", "role", "group"));
})();
