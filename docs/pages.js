// What the theme leaves out for screen readers and keyboards. It adds its own parts late, so look again when it does.

function mend() {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  document.querySelectorAll(".md-code__nav").forEach((nav, index) => nav.setAttribute("aria-label", `Code ${index + 1}`));
  for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset pre > code")) {
    if (wrap.scrollWidth > wrap.clientWidth) wrap.tabIndex = 0;
  }
  for (const header of document.querySelectorAll("th:empty")) {
    header.replaceWith(document.createElement("td"));
  }
}

mend();
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
