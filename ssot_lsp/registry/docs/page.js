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
  const read = (element) => {
    const texts = [...element.querySelectorAll("code, dd, .why")].map((part) => part.textContent);
    return { element, isLeft: element.classList.contains("left"), text: plain([element.id, ...texts].join("\n")) };
  };
  const sections = [...document.querySelectorAll("main > section")].map((element) => ({
    element,
    link: links.get(element.id),
    runs: [...element.querySelectorAll(".run")].map((run) => ({
      element: run,
      items: [...run.querySelectorAll("article")].map(read),
    })),
  }));

  const show = ({ element }, items) => {
    element.style.setProperty("--items", items);
    hide(element, items === 0);
    return items;
  };
  const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);

  const filter = () => {
    const wanted = words(search.value);
    const isOnlyLeft = onlyLeft !== null && onlyLeft.checked;
    const filtered = ({ element, isLeft, text }) => {
      const isShown = (isLeft || !isOnlyLeft) && wanted.every((word) => text.includes(word));
      hide(element, !isShown);
      return Number(isShown);
    };
    const shown = sections.map((section) => {
      const inside = show(section, sum(section.runs.map((run) => show(run, sum(run.items.map(filtered))))));
      hide(section.link, inside === 0);
      return inside;
    });
    const isAll = !isOnlyLeft && wanted.length === 0;
    count.textContent = isAll ? all : `${sum(shown).toLocaleString("en")} of ${all}`;
    if (sections.length) hide(nothing, sum(shown) > 0);
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
