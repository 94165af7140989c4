// Shows one part of the page at a time, searches, and highlights the lineage. Without it the page is one
// long document. Nothing is fetched, nothing is stored, and no text of the project becomes markup.
"use strict";

document.documentElement.dataset.script = "on";

document.addEventListener("DOMContentLoaded", () => {
  const pages = [...document.querySelectorAll(".page")];
  const contents = document.getElementById("contents");
  const menu = document.querySelector(".menu-button");
  const project = document.documentElement.dataset.project;
  const graph = lineage(document.querySelector(".lineage"));

  menu.hidden = false;
  menu.addEventListener("click", () => openContents(!("open" in contents.dataset)));

  function openContents(isOpen) {
    contents.toggleAttribute("data-open", isOpen);
    menu.setAttribute("aria-expanded", String(isOpen));
  }

  // The address says what is shown: #model/gold.sales, #column/gold.sales/day, #lineage/gold.sales.
  function target() {
    try {
      return document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return null;
    }
  }

  function show(isFirst) {
    const found = target();
    const page = found?.closest(".page") ?? (found && !isFirst ? null : pages[0]);
    // A place outside of the parts, such as the skip link's, changes nothing.
    if (!page) return;
    const wasShown = "shown" in page.dataset;
    for (const other of pages) other.toggleAttribute("data-shown", other === page);
    for (const link of contents.querySelectorAll("a")) {
      if (link.hash === `#${page.id}`) {
        link.setAttribute("aria-current", "page");
        if (link.offsetParent) link.scrollIntoView({ block: "nearest" });
      } else {
        link.removeAttribute("aria-current");
      }
    }
    document.title = `${page.dataset.title} · ${project}`;
    openContents(false);
    graph.fitOnce();
    if (found && found !== page) {
      found.scrollIntoView({ block: "center", inline: "center" });
      if (found.matches(".node")) {
        found.closest(".card").scrollIntoView({ block: "start" });
        found.focus({ preventScroll: true });
      }
    } else if (!isFirst || !wasShown) {
      window.scrollTo(0, 0);
      if (!isFirst) page.querySelector("h1").focus({ preventScroll: true });
    }
  }

  window.addEventListener("hashchange", () => show(false));
  search(pages);
  copying();
  show(true);
  // The browser goes to the address by itself while the page loads, and has the last word until then.
  window.addEventListener("load", () => location.hash && requestAnimationFrame(() => show(true)));
});

// Search over the names and descriptions of tables and columns. Every word must be found.
function search(pages) {
  const box = document.querySelector(".search");
  const input = document.getElementById("search");
  const list = document.getElementById("found");
  const count = document.getElementById("found-count");
  const most = 40;
  let chosen = -1;
  let index = null;
  box.hidden = false;

  const text = (element) => element?.textContent ?? "";

  function entries() {
    const tables = pages.filter((page) => page.dataset.group).map((page) => ({
      name: page.dataset.title,
      words: text(page.querySelector(".lead")),
      kind: page.dataset.group === "aside" ? "set aside" : page.dataset.group,
      group: page.dataset.group,
      id: page.id,
      order: 0,
    }));
    const columns = [...document.querySelectorAll("tr[data-column]")].map((row) => {
      const page = row.closest(".page");
      return {
        name: row.dataset.column,
        words: [page.dataset.title, text(row.querySelector("td .prose"))].filter(Boolean).join(" · "),
        kind: text(row.querySelector(".type-text")),
        group: page.dataset.group,
        id: row.id,
        order: 1,
      };
    });
    return [...tables, ...columns].map((entry) => ({
      ...entry,
      key: entry.name.toLowerCase(),
      all: `${entry.name} ${entry.words}`.toLowerCase(),
    }));
  }

  // The name itself comes first, then names that begin with the text, then those that hold it.
  function rank(entry, query) {
    const short = entry.key.slice(entry.order === 0 ? entry.key.indexOf(".") + 1 : 0);
    if (entry.key === query || short === query) return 0;
    if (entry.key.startsWith(query) || short.startsWith(query)) return 1;
    return entry.key.includes(query) ? 2 : 3;
  }

  function find(query) {
    const words = query.split(/\s+/).filter(Boolean);
    return index
      .filter((entry) => words.every((word) => entry.all.includes(word)))
      .map((entry) => ({ entry, rank: rank(entry, query) }))
      .sort((a, b) => a.rank - b.rank || a.entry.order - b.entry.order || a.entry.key.localeCompare(b.entry.key))
      .map(({ entry }) => entry);
  }

  function make(name, className, words) {
    const element = document.createElement(name);
    element.className = className;
    if (words) element.textContent = words;
    return element;
  }

  function option(entry, query, place) {
    const item = make("li", `found-entry of-${entry.group}`);
    item.id = `found-${place}`;
    item.dataset.target = entry.id;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const name = make("span", "found-name");
    const at = entry.key.indexOf(query);
    if (at < 0) {
      name.textContent = entry.name;
    } else {
      name.append(entry.name.slice(0, at), make("mark", "", entry.name.slice(at, at + query.length)));
      name.append(entry.name.slice(at + query.length));
    }
    item.append(make("span", "dot"), name, make("span", "found-kind", entry.kind));
    if (entry.words) item.append(make("span", "found-words", entry.words));
    return item;
  }

  function choose(place) {
    const options = [...list.querySelectorAll("[role=option]")];
    chosen = options.length === 0 ? -1 : (place + options.length) % options.length;
    options.forEach((item, at) => item.setAttribute("aria-selected", String(at === chosen)));
    if (chosen >= 0) {
      input.setAttribute("aria-activedescendant", options[chosen].id);
      options[chosen].scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function open(isOpen) {
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) choose(-1);
  }

  function update() {
    index ??= entries();
    const query = input.value.trim().toLowerCase();
    list.replaceChildren();
    if (query === "") {
      count.textContent = "";
      open(false);
      return;
    }
    const found = find(query);
    list.append(...found.slice(0, most).map((entry, place) => option(entry, query, place)));
    const rest = found.length - most;
    const note = found.length === 0 ? "Nothing is called so." : rest > 0 ? `${rest} more; type on to narrow it down.` : "";
    if (note) {
      const item = make("li", "found-none", note);
      item.setAttribute("role", "presentation");
      list.append(item);
    }
    count.textContent = `${found.length} found`;
    open(true);
    choose(0);
  }

  function go(item) {
    if (!item) return;
    input.value = "";
    open(false);
    input.blur();
    location.hash = `#${item.dataset.target}`;
  }

  input.addEventListener("input", update);
  input.addEventListener("focus", update);
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") go(list.querySelector("[aria-selected=true]"));
    else if (event.key === "Escape") {
      input.value = "";
      update();
      input.blur();
    } else return;
    event.preventDefault();
  });
  // The field keeps the focus while an entry is pressed.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => go(event.target.closest("[role=option]")));
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, textarea, [contenteditable]");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
    }
  });
}

// The lineage: what is above and below a node is highlighted; it can be made larger, and dragged.
function lineage(box) {
  const drawing = box.querySelector("svg");
  const full = { width: drawing.width.baseVal.value, height: drawing.height.baseVal.value };
  const nodes = new Map([...drawing.querySelectorAll(".node")].map((node) => [node.dataset.node, node]));
  const edges = [...drawing.querySelectorAll(".edge")];
  const least = 0.25;
  const legible = 0.7;
  let scale = 1;
  let isFitted = false;

  // Every node that can be come to from `start`, along the edges or against them.
  function reach(start, from, to) {
    const found = new Set([start]);
    const waiting = [start];
    while (waiting.length > 0) {
      const node = waiting.pop();
      for (const edge of edges) {
        if (edge.dataset[from] === node && !found.has(edge.dataset[to])) {
          found.add(edge.dataset[to]);
          waiting.push(edge.dataset[to]);
        }
      }
    }
    return found;
  }

  function light(node) {
    drawing.toggleAttribute("data-active", node !== null);
    const above = node === null ? new Set() : reach(node, "to", "from");
    const below = node === null ? new Set() : reach(node, "from", "to");
    for (const [name, element] of nodes) {
      if (name === node) element.dataset.on = "self";
      else if (above.has(name)) element.dataset.on = "above";
      else if (below.has(name)) element.dataset.on = "below";
      else delete element.dataset.on;
    }
    for (const edge of edges) {
      const { from, to } = edge.dataset;
      const isOn = (above.has(from) && above.has(to)) || (below.has(from) && below.has(to));
      edge.toggleAttribute("data-on", isOn);
    }
  }

  const nodeOf = (event) => event.target.closest?.(".node")?.dataset.node ?? null;
  drawing.addEventListener("pointerover", (event) => light(nodeOf(event)));
  drawing.addEventListener("pointerleave", () => light(null));
  drawing.addEventListener("focusin", (event) => light(nodeOf(event)));
  drawing.addEventListener("focusout", () => light(null));

  // The point at `x`, `y` of the box stays where it is.
  function zoom(wanted, x = box.clientWidth / 2, y = box.clientHeight / 2) {
    const next = Math.min(2.5, Math.max(least, wanted));
    const at = { x: (box.scrollLeft + x) / scale, y: (box.scrollTop + y) / scale };
    scale = next;
    drawing.setAttribute("width", full.width * scale);
    drawing.setAttribute("height", full.height * scale);
    box.scrollTo(at.x * scale - x, at.y * scale - y);
  }

  const fitting = () => Math.min(1, (box.clientWidth - 10) / full.width);

  // As large as can be read, even where the page is narrower: then it is scrolled.
  function fitOnce() {
    if (isFitted || box.clientWidth === 0) return;
    isFitted = true;
    zoom(Math.max(legible, fitting()));
    box.scrollTo(0, 0);
  }

  const buttons = document.querySelector(".zoom");
  buttons.hidden = false;
  buttons.addEventListener("click", (event) => {
    const way = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (way === "in") zoom(scale * 1.25);
    else if (way === "out") zoom(scale / 1.25);
    else if (way === "fit") zoom(fitting());
  });
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const rect = box.getBoundingClientRect();
    zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - rect.left, event.clientY - rect.top);
  }, { passive: false });

  // A finger scrolls by itself; a mouse drags.
  let drag = null;
  box.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    drag = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop, isMoved: false };
  });
  window.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
    drag.isMoved ||= Math.hypot(x, y) > 4;
    if (!drag.isMoved) return;
    box.dataset.dragging = "";
    box.scrollTo(drag.left - x, drag.top - y);
  });
  window.addEventListener("pointerup", () => {
    delete box.dataset.dragging;
    // The click that ends a drag comes after this, and is not one on a node.
    const ended = drag;
    drag = null;
    if (!ended?.isMoved) return;
    const swallow = (event) => event.preventDefault();
    box.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => box.removeEventListener("click", swallow, { capture: true }), 0);
  });
  box.addEventListener("dragstart", (event) => event.preventDefault());

  return { fitOnce };
}

// Copies a query. Where a page from a disk may not, the text is selected instead.
function copying() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const query = button.closest(".part").querySelector("pre");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(query.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(query);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }
}
