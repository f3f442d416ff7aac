"use strict";
// Everything is on the page already. This finds, sorts and folds away rows; all text it adds is its own.
(() => {
  const AT_ONCE = 100;

  const make = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const collator = new Intl.Collator(undefined, { numeric: true });

  const prepare = (table) => {
    const body = table.tBodies[0];
    const box = table.closest(".scroll");
    let rows = [...body.rows];
    let most = AT_ONCE;
    const texts = new Map();
    const textOf = (row) => {
      if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
      return texts.get(row);
    };
    const stateOf = (row) => row.querySelector(".badge").lastChild.textContent.trim();

    const find = make("input", "", { type: "search", id: "find", autocomplete: "off", spellcheck: "false" });
    const state = make("select", "", { id: "state" });
    state.append(make("option", "any", { value: "" }));
    const counts = new Map();
    for (const row of rows) counts.set(stateOf(row), (counts.get(stateOf(row)) || 0) + 1);
    for (const [word, number] of counts) state.append(make("option", `${word} (${number})`, { value: word }));
    const said = make("output", "", { "aria-live": "polite", for: "find state" });
    const tools = make("div", "", { class: "tools", role: "search" });
    const field = (text, control) => {
      const both = make("span", "", { class: "field" });
      both.append(make("label", text, { for: control.id }), control);
      return both;
    };
    tools.append(field("Find", find), field("Status", state), said);
    box.before(tools);

    const more = make("button", `Show ${AT_ONCE} more`, { type: "button" });
    const all = make("button", "Show all", { type: "button" });
    const below = make("div", "", { class: "tools" });
    below.append(more, all);
    box.after(below);

    const update = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      for (const row of rows) {
        const fits = (!state.value || stateOf(row) === state.value) && words.every((one) => textOf(row).includes(one));
        found += fits ? 1 : 0;
        row.classList.toggle("off", !fits);
        row.classList.toggle("later", fits && found > most);
      }
      const shown = Math.min(found, most);
      said.textContent =
        found === rows.length && shown === found ? `${found} images` : `${shown} of ${found} images shown, ${rows.length} in all`;
      below.hidden = shown === found;
      table.classList.add("ready");
    };

    const narrowed = () => {
      most = AT_ONCE;
      update();
    };
    find.addEventListener("input", narrowed);
    state.addEventListener("change", narrowed);
    more.addEventListener("click", () => {
      const next = rows.filter((row) => !row.classList.contains("off"))[most];
      most += AT_ONCE;
      update();
      if (below.hidden && next) next.focus();
    });
    all.addEventListener("click", () => {
      const next = rows.filter((row) => !row.classList.contains("off"))[most];
      most = Infinity;
      update();
      if (next) next.focus();
    });

    const reveal = (row) => {
      if (row.classList.contains("off")) {
        find.value = state.value = "";
        update();
      }
      if (row.classList.contains("later")) {
        most = Math.ceil((rows.indexOf(row) + 1) / AT_ONCE) * AT_ONCE;
        update();
      }
    };

    const heads = [...table.tHead.rows[0].cells];
    const sort = (head, index) => {
      const numbers = head.dataset.sort === "number";
      const before = head.getAttribute("aria-sort");
      const up = before ? before === "descending" : !numbers;
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => (numbers ? Number(row.cells[index].dataset.v) : row.cells[index].textContent);
      const keys = new Map(rows.map((row) => [row, key(row)]));
      const compare = numbers ? (a, b) => a - b : collator.compare;
      rows.sort((a, b) => (up ? 1 : -1) * compare(keys.get(a), keys.get(b)));
      body.replaceChildren(...rows);
      update();
    };
    heads.forEach((head, index) => {
      if (!head.dataset.sort) return;
      const button = make("button", head.textContent, { type: "button" });
      head.replaceChildren(button);
      button.addEventListener("click", () => sort(head, index));
    });

    update();
    return { body, reveal };
  };

  const tables = [...document.querySelectorAll("table.filter")].map(prepare);

  const follow = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (const table of tables) if (table.body.contains(target)) table.reveal(target);
    target.scrollIntoView({ block: "center" });
    target.focus({ preventScroll: true });
  };
  addEventListener("hashchange", follow);
  if (location.hash) follow();
})();
