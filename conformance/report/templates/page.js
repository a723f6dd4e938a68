"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const HEIGHT = 30, SPARE = 20, TONES = ["good", "known", "bad", "none"];
  const at = (id) => document.getElementById(id);
  const grid = at("grid"), body = at("rows"), detail = at("detail");
  const [NAME, AREA, VERDICT, SAMPLES, SECONDS, MARGIN, CELLS, CLAIM, MORE, MARGINS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  let found = [], selected = null, whole = false;

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const heads = ["contract", "area", ...data.columns, "verdict", "samples", "seconds"];
  for (const head of heads) at("head").append(element("th", head, { scope: "col" }));
  for (const [id, values] of [["area", data.areas], ["verdict", data.verdicts]])
    for (const value of values) at(id).append(element("option", value, { value }));

  const row = (place) => {
    const item = found[place];
    const made = element("tr", undefined, { "aria-rowindex": place + 2, "aria-selected": item[NAME] === selected });
    made.dataset.name = item[NAME];
    made.append(element("td", item[NAME]), element("td", data.areas[item[AREA]]));
    for (const [tone, label, title, mark] of item[CELLS])
      made.append(element("td", label, { class: TONES[tone] + (mark ? " " + mark : ""), title: title || data.verdicts[item[VERDICT]] }));
    made.append(element("td", data.verdicts[item[VERDICT]]), element("td", item[SAMPLES]), element("td", item[SECONDS]));
    return made;
  };
  const spacer = (count) => {
    const made = element("tr", undefined, { "aria-hidden": "true" });
    made.append(element("td", undefined, { colspan: heads.length, style: `padding:0;border:0;height:${count * HEIGHT}px` }));
    return made;
  };
  const draw = () => {
    const first = whole ? 0 : Math.max(0, Math.floor(grid.scrollTop / HEIGHT) - SPARE);
    const shown = Math.ceil(grid.clientHeight / HEIGHT) + 2 * SPARE;
    const last = whole ? found.length : Math.min(found.length, first + shown);
    const made = [];
    if (first > 0) made.push(spacer(first));
    for (let place = first; place < last; place += 1) made.push(row(place));
    if (last < found.length) made.push(spacer(found.length - last));
    body.replaceChildren(...made);
  };
  const filter = () => {
    const query = at("query").value.trim().toLowerCase(), area = at("area").value, verdict = at("verdict").value;
    found = data.rows.filter((item) =>
      (!area || data.areas[item[AREA]] === area) && (!verdict || data.verdicts[item[VERDICT]] === verdict) &&
      (!query || `${item[NAME]} ${item[CLAIM]} ${data.areas[item[AREA]]}`.toLowerCase().includes(query)));
    const order = at("order").value;
    if (order === "margin") found.sort((a, b) => b[MARGIN] - a[MARGIN]);
    if (order === "seconds") found.sort((a, b) => b[SECONDS] - a[SECONDS]);
    at("count").textContent = `${found.length} of ${data.rows.length} contracts`;
    grid.firstElementChild.setAttribute("aria-rowcount", found.length + 1);
    grid.scrollTop = 0;
    draw();
  };
  const open = (name, scroll) => {
    const item = data.rows.find((each) => each[NAME] === name);
    if (!item) return;
    selected = name;
    let place = found.indexOf(item);
    if (place < 0) {
      for (const id of ["query", "area", "verdict"]) at(id).value = "";
      filter();
      place = found.indexOf(item);
    }
    const top = place * HEIGHT;
    if (top < grid.scrollTop || top > grid.scrollTop + grid.clientHeight - 3 * HEIGHT)
      grid.scrollTop = Math.max(0, top - grid.clientHeight / 2);
    draw();
    const margins = Object.entries(item[MARGINS]).map(([lane, found]) => [`margins on ${data.names[lane]}`,
      found.flatMap((value, which) => (which % 2 ? [`${data.names[found[which - 1]]}: ${value}`] : [])).join("\n")]);
    detail.replaceChildren(element("h3", name), element("p", item[CLAIM]), ...[...margins, ...item[MORE]].map(([head, text]) => {
      const made = element("div");
      made.append(element("h4", head), element("pre", text, { tabindex: 0 }));
      return made;
    }));
    if (scroll) at("contracts").scrollIntoView();
  };
  const move = (step) => {
    const place = found.findIndex((item) => item[NAME] === selected);
    const next = found[Math.min(found.length - 1, Math.max(0, place + step))];
    if (next) open(next[NAME], false);
  };
  body.addEventListener("click", (event) => {
    const name = event.target.closest("tr")?.dataset.name;
    if (name) open(name, false);
  });
  grid.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }[event.key];
    if (step) { event.preventDefault(); move(step); }
    if (event.key === "Enter" && selected === null) move(1);
  });
  for (const button of document.querySelectorAll("button[data-row]"))
    button.addEventListener("click", () => open(button.dataset.row, true));
  for (const id of ["query", "area", "verdict", "order"]) at(id).addEventListener("input", filter);
  document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  grid.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  const printing = (state) => { whole = state; draw(); };
  window.addEventListener("beforeprint", () => printing(true));
  window.addEventListener("afterprint", () => printing(false));
  window.matchMedia("print").addEventListener("change", (event) => printing(event.matches));
  filter();
  document.documentElement.dataset.ready = "yes";
})();
