"use strict";
{
  const search = document.getElementById("search");
  const onlyLeft = document.getElementById("only-left");
  const count = document.getElementById("count");
  const nothing = document.getElementById("nothing");
  const packages = document.getElementById("packages");
  const all = count.textContent;

  // `a.b:C`, `a.b.C` and `from a.b import C` look for the same
  const plain = (text) => text.toLowerCase().replaceAll(":", ".");
  const words = (text) => plain(text).split(/[\s,()]+/).filter((word) => word && word !== "from" && word !== "import");
  const hide = (element, isHidden) => {
    if (element && element.hidden !== isHidden) element.hidden = isHidden;
  };

  const links = new Map();
  for (const link of document.querySelectorAll("nav a")) links.set(link.getAttribute("href").slice(1), link.parentElement);
  const sections = [...document.querySelectorAll("main > section")].map((element) => ({
    element,
    link: links.get(element.id),
    items: [...element.querySelectorAll("article")].map((item) => {
      const texts = [...item.querySelectorAll("code, dd, .why")].map((part) => part.textContent);
      return { element: item, isLeft: item.classList.contains("left"), text: plain([item.id, ...texts].join("\n")) };
    }),
  }));
  const total = sections.reduce((sum, section) => sum + section.items.length, 0);

  const filter = () => {
    const wanted = words(search.value);
    const isOnlyLeft = onlyLeft !== null && onlyLeft.checked;
    let found = 0;
    for (const section of sections) {
      let inside = 0;
      for (const item of section.items) {
        const isShown = (item.isLeft || !isOnlyLeft) && wanted.every((word) => item.text.includes(word));
        hide(item.element, !isShown);
        if (isShown) inside += 1;
      }
      section.element.style.setProperty("--items", inside);
      hide(section.element, inside === 0);
      hide(section.link, inside === 0);
      found += inside;
    }
    count.textContent = found === total ? all : `${found.toLocaleString("en")} of ${all}`;
    if (total) hide(nothing, found > 0);
  };

  const clear = () => {
    search.value = "";
    if (onlyLeft) onlyLeft.checked = false;
    filter();
  };

  // a link leads to what it names, whatever is looked for
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) clear();
    let frames = 5; // what is above it may be of another height once it is laid out
    const settle = () => {
      target.scrollIntoView();
      if (--frames > 0) requestAnimationFrame(settle);
    };
    settle();
  };

  const copied = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea"); // a page that came over plain HTTP has no clipboard
    field.value = text;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    if (!isCopied) throw new Error("not copied");
  };

  search.addEventListener("input", filter);
  if (onlyLeft) onlyLeft.addEventListener("change", filter);
  window.addEventListener("hashchange", follow);
  document.addEventListener("keydown", (event) => {
    const isTyped = event.ctrlKey || event.metaKey || event.altKey || event.target === search;
    if (event.key === "/" && !isTyped) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape") {
      clear();
    }
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".import button");
    if (!button) return;
    try {
      await copied(button.parentElement.querySelector("code").textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Failed";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });

  document.documentElement.classList.add("js");
  if (packages && matchMedia("(max-width: 59.99rem)").matches) packages.open = false;
  filter(); // a browser may remember what was typed before the page was loaded again
  follow();
}
