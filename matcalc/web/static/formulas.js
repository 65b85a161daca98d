// From the blocks of a page to elements. Text becomes text, formulas go through KaTeX, nothing is
// ever written as markup.

const SETTINGS = { throwOnError: false, trust: false, strict: "ignore", maxSize: 40, maxExpand: 500, output: "htmlAndMathml" };

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export function formula(latex, display) {
  const holder = element("span", { class: "set" });
  try {
    window.katex.render(latex, holder, { ...SETTINGS, displayMode: display });
  } catch {
    holder.textContent = latex;
  }
  return holder;
}

// Prose carries formulas between dollar signs.
export function prose(text) {
  return text.split("$").map((part, k) => {
    if (k % 2 === 0) return document.createTextNode(part);
    const set = formula(part, false);
    set.className = "";
    return set;
  });
}

export function copyButton(text, what) {
  return element("button", { class: "copy", type: "button", "aria-label": `Copy ${what}`, onclick: (event) => copy(text, event.currentTarget) }, "copy");
}

export async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = element("textarea", { readonly: true });
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  if (!button) return;
  const before = button.textContent;
  button.textContent = "copied";
  setTimeout(() => { button.textContent = before; }, 1200);
}

export function blocks(page) {
  const made = [element("h2", {}, ...prose(page.title))];
  let note = "";
  for (const block of page.blocks) {
    if (block.kind === "heading") made.push(element(block.level > 2 ? "h4" : "h3", {}, ...prose(block.text)));
    else if (block.kind === "prose") made.push(element("p", {}, ...prose(block.text)));
    else if (block.kind === "formula") {
      for (const row of block.rows) {
        if (row.note && row.note !== note) made.push(element("p", { class: "note" }, ...prose(sentence(row.note))));
        note = row.note;
        made.push(rowOf(row));
      }
    } else if (block.kind === "table") made.push(tableOf(block));
    else if (block.kind === "code") made.push(codeOf(block.text));
    else if (block.kind === "picture") made.push(pictureOf(block.svg, block.text));
  }
  return made;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + ":";

// One statement; several sides stand below each other.
export function display(row) {
  if (row.sides.length < 2) return row.latex;
  const sides = row.sides.map((side, k) => `${k ? "" : row.left} &= ${side.latex}` + (side.reason ? ` && \\text{\\small ${"$"}${side.reason}${"$"}}` : ""));
  return `\\begin{aligned} ${sides.join(" \\\\ ")} \\end{aligned}`;
}

function rowOf(row) {
  const made = element("div", { class: row.result ? "formula result" : "formula", "data-line": row.name });
  made.append(formula(display(row), true));
  if (row.number) made.append(element("span", { class: "number" }, `(${row.number})`));
  made.append(copyButton(row.latex, "the LaTeX of this formula"));
  return made;
}

function tableOf(block) {
  const head = element("tr", {}, ...block.head.map((cell) => element("th", {}, ...prose(cell))));
  const rows = block.rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, ...prose(cell)))));
  return element("div", { class: "wide" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

export function codeOf(text) {
  return element("div", { class: "block" }, copyButton(text, "the code"), element("pre", {}, element("code", {}, text)));
}

// As an image, a drawing can neither run nor reach anything.
export function pictureOf(svg, text) {
  const bytes = new TextEncoder().encode(svg);
  const data = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return element("div", { class: "picture" }, element("img", { src: `data:image/svg+xml;base64,${data}`, alt: text }));
}
