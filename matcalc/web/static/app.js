// The page: what is asked is one state, which also is the link; what is answered comes from the
// server on this machine.

import { blocks, codeOf, copy, copyButton, element, formula, pictureOf } from "./formulas.js";
import { editor, lineAndColumn } from "./editor.js";

const $ = (id) => document.getElementById(id);
const VIEWS = [
  ["backprop", "Backprop"], ["chain", "Chain"], ["differential", "Differential"], ["index", "Index"],
  ["paths", "Paths"], ["batch", "Batch"], ["vec", "Vec"],
];
const OTHERS = [["graph", "Graph"], ["check", "Check"], ["code", "Code"]];
const ABOUT_ONE = ["chain", "differential", "index", "paths", "vec"];
const START = `X : n x d
Y : n x 1
param W1 : d x h
param b1 : 1 x h
param W2 : h x 1
Z1 = X*W1 + ones(n,1)*b1
A1 = sigmoid(Z1)
Z2 = A1*W2
P = sigmoid(Z2)
L = -sum(Y.*log(P) + (1 - Y).*log(1 - P))/n
minimize L
`;
const NOTES = `dZ2 = (P - Y)/n
dW2 = A1'*(P - Y)
dW1 = X'*(((P - Y)*W2').*A1.*(1 - A1))/n
`;
const DEFAULTS = {
  page: "derive", text: START, notes: NOTES, tab: "backprop", layout: "denominator", notation: "plain",
  detail: "normal", wrt: "", upstream: "", of: "", backend: "numpy", grain: "steps",
};
let state = { ...DEFAULTS };
let asked = 0;
let timer = null;
let running = null;
let variables = [];

// -- the link -------------------------------------------------------------------------------------

function encoded() {
  const kept = Object.fromEntries(Object.entries(state).filter(([key, value]) => value !== DEFAULTS[key]));
  const bytes = new TextEncoder().encode(JSON.stringify(kept));
  return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join("")).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function decoded(hash) {
  try {
    const bytes = Uint8Array.from(atob(hash.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const found = JSON.parse(new TextDecoder().decode(bytes));
    return Object.fromEntries(Object.entries(found).filter(([key, value]) => key in DEFAULTS && typeof value === "string"));
  } catch {
    return {};
  }
}

function remembered() {
  const link = encoded();
  history.replaceState(null, "", link === "e30" ? location.pathname : `#${link}`);
}

// -- asking ---------------------------------------------------------------------------------------

async function ask(task, more = {}) {
  running?.abort();
  const mine = running = new AbortController();
  const answer = await fetch(`/api/${task}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...state, view: state.tab, ...more }),
    signal: mine.signal,
  });
  return answer.json();
}

function soon(delay = 120) {
  clearTimeout(timer);
  timer = setTimeout(refresh, delay);
}

async function refresh() {
  remembered();
  const mine = ++asked;
  const busy = setTimeout(() => { $("state").textContent = "working …"; $("sheet").classList.add("old"); }, 250);
  const began = performance.now();
  let answer;
  try {
    answer = state.page === "verify" ? await ask("verify") : await ask(taskOf(state.tab));
  } catch (error) {
    if (error.name === "AbortError") return;
    answer = { error: { message: "the server on this machine does not answer; is matcalc serve still running?" } };
  } finally {
    clearTimeout(busy);
  }
  if (mine !== asked) return;
  $("sheet").classList.remove("old");
  if (answer.error) return trouble(answer.error);
  $("problem").hidden = true;
  network.mark(null);
  $("state").textContent = `${Math.round(performance.now() - began)} ms`;
  if (state.page === "verify") showVerdicts(answer);
  else SHOW[taskOf(state.tab)](answer);
}

const taskOf = (tab) => (OTHERS.some(([name]) => name === tab) ? tab : "derive");

function trouble(error) {
  $("state").textContent = "";
  const where = error.position === undefined ? "" : `${cap(lineAndColumn(network.text, error.position))}: `;
  $("problem").textContent = where + error.message;
  $("problem").hidden = false;
  network.mark(error.position);
  $("sheet").classList.add("old");
  if (state.page === "verify") { $("summary").textContent = ""; $("verdicts").replaceChildren(); }
}

const cap = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// -- showing --------------------------------------------------------------------------------------

const SHOW = {
  derive(answer) {
    $("assumed").hidden = !answer.assumed.length;
    $("assumed").textContent = answer.assumed.length ? `Assumed: ${answer.assumed.join(", ")}. Declare shapes to change that.` : "";
    variables = answer.variables;
    fill($("of"), variables, state.of || variables[0]);
    $("oflabel").hidden = !ABOUT_ONE.includes(state.tab) || variables.length < 2;
    $("sheet").replaceChildren(...blocks(answer));
  },
  graph(answer) {
    const choose = element("select", { id: "grain", onchange: (event) => change("grain", event.target.value) },
      ...["steps", "operations"].map((name) => element("option", { selected: name === state.grain }, name)));
    $("sheet").replaceChildren(
      element("h2", {}, "Computation graph"), element("p", {}, element("label", {}, "A node for each of the ", choose)),
      pictureOf(answer.svg, "the computation graph, in words below"),
      element("details", {}, element("summary", {}, "In words"), element("pre", {}, answer.text)));
  },
  check(answer) {
    $("sheet").replaceChildren(
      element("h2", {}, "Check against differences"),
      element("p", { class: answer.ok ? "big good" : "big bad" }, answer.ok ? "✓ The gradients hold" : "✗ The gradients do not hold"),
      element("p", {}, cap(answer.text)),
      element("p", { class: "note" }, "The closed form is compared with differences of the forward pass at random points and sizes. That is strong evidence, not a proof."));
  },
  code(answer) {
    $("sheet").replaceChildren(element("h2", {}, "The gradients as a program"), codeOf(answer.code));
  },
};

function fill(select, names, chosen) {
  select.replaceChildren(...names.map((name) => element("option", { value: name, selected: name === chosen }, name)));
}

const WORDS = {
  holds: "holds", fails: "does not hold", "shape-error": "shapes do not fit", "index-error": "indices do not fit",
  "range-error": "wrong range", "needs-convention": "depends on a convention", unreadable: "not understood",
  defines: "a definition", assumes: "an assumption", update: "an update", blank: "",
};

function showVerdicts(answer) {
  $("summary").textContent = answer.summary;
  $("verdicts").replaceChildren(...answer.lines.map((line) => {
    const kind = { "✓": "good", "✗": "bad", "?": "doubt" }[line.mark] ?? "quietly";
    const item = element("li", { class: kind === "bad" ? "fails" : kind },
      element("span", { class: `mark ${kind}`, "aria-hidden": "true" }, line.mark),
      element("div", { class: "claim" }, said(line.claim)),
      element("p", { class: `word ${kind}` }, `Line ${line.line}: ${WORDS[line.status] ?? line.status}${line.slip ? ` (${line.slip})` : ""}`));
    if (line.explanation) item.append(element("p", {}, line.explanation));
    if (line.correction) item.append(element("div", { class: "right" }, "It should be ", said(line.correction), " ", copyButton(line.correction, "the correction")));
    if (line.certainty) item.append(element("p", { class: "quiet" }, line.certainty));
    return item;
  }));
}

// A line of LaTeX is set, a line of the text language is shown as it is.
function said(text) {
  return /[\\{}^_]/.test(text) && !/\.[*/^]/.test(text) ? formula(text.replace(/^\$+|\$+$/g, ""), false) : element("code", {}, text);
}

// -- what people do -------------------------------------------------------------------------------

function change(key, value) {
  state[key] = value;
  soon(0);
}

function tabs() {
  const made = [...VIEWS, null, ...OTHERS].map((entry) => {
    if (!entry) return element("span", { class: "gap", role: "presentation" });
    const [name, title] = entry;
    return element("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-selected": String(state.tab === name), "aria-controls": "sheet",
      tabindex: state.tab === name ? "0" : "-1", onclick: () => choose(name),
    }, title);
  });
  $("tabs").replaceChildren(...made);
  $("sheet").setAttribute("aria-labelledby", `tab-${state.tab}`);
  $("backendlabel").hidden = state.tab !== "code";
  $("detail").parentElement.hidden = taskOf(state.tab) !== "derive";
  $("notation").parentElement.hidden = ["check", "code"].includes(state.tab);
  $("layout").parentElement.hidden = ["check", "code"].includes(state.tab);
  $("oflabel").hidden = !ABOUT_ONE.includes(state.tab) || variables.length < 2;
}

function choose(name, focus = false) {
  state.tab = name;
  tabs();
  if (focus) $(`tab-${name}`).focus();
  soon(0);
}

function showPage(name) {
  state.page = name;
  $("derivepage").hidden = name !== "derive";
  $("verifypage").hidden = $("notescard").hidden = name !== "verify";
  for (const each of ["derive", "verify"]) {
    if (each === name) $(`page-${each}`).setAttribute("aria-current", "page");
    else $(`page-${each}`).removeAttribute("aria-current");
  }
}

function toast(text) {
  $("said").textContent = text;
  $("said").classList.add("shown");
  setTimeout(() => $("said").classList.remove("shown"), 1500);
}

async function save(format) {
  const answer = await ask("export", { format });
  if (answer.error) return trouble(answer.error);
  const link = element("a", { href: URL.createObjectURL(new Blob([answer.content], { type: answer.type })), download: answer.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  toast(`saved ${answer.name}`);
}

const network = editor($("network"), $("marks"), () => { state.text = network.text; soon(); });

$("tabs").addEventListener("keydown", (event) => {
  const names = [...VIEWS, ...OTHERS].map(([name]) => name);
  const at = names.indexOf(state.tab);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  choose(names[(to + names.length) % names.length], true);
});
for (const key of ["layout", "notation", "detail", "of", "backend"]) $(key).addEventListener("change", (event) => change(key, event.target.value));
for (const key of ["wrt", "upstream"]) $(key).addEventListener("input", (event) => { state[key] = event.target.value; soon(); });
$("notes").addEventListener("input", (event) => { state.notes = event.target.value; soon(250); });
$("page-derive").addEventListener("click", () => { showPage("derive"); soon(0); });
$("page-verify").addEventListener("click", () => { showPage("verify"); soon(0); });
$("share").addEventListener("click", async () => { remembered(); await copy(location.href); toast("link copied"); });
$("save").addEventListener("change", (event) => { if (event.target.value) save(event.target.value); event.target.value = ""; });
window.addEventListener("hashchange", () => { state = { ...DEFAULTS, ...decoded(location.hash.slice(1)) }; restored(); soon(0); });

function restored() {
  network.text = state.text;
  $("notes").value = state.notes;
  for (const key of ["layout", "notation", "detail", "backend", "wrt", "upstream"]) $(key).value = state[key];
  showPage(state.page === "verify" ? "verify" : "derive");
  tabs();
}

async function start() {
  const menu = await (await fetch("/api/menu")).json();
  fill($("notation"), menu.notations, state.notation);
  fill($("backend"), menu.backends, state.backend);
  $("gallery").append(...menu.gallery.map((item, k) => element("option", { value: String(k) }, item.title)));
  $("gallery").addEventListener("change", (event) => {
    const item = menu.gallery[Number(event.target.value)];
    if (event.target.value === "" || !item) return;
    Object.assign(state, { text: item.text, wrt: "", upstream: "", of: "" });
    event.target.value = "";
    restored();
    soon(0);
  });
  state = { ...DEFAULTS, ...decoded(location.hash.slice(1)) };
  if (![...VIEWS, ...OTHERS].some(([name]) => name === state.tab)) state.tab = "backprop";
  restored();
  refresh();
}

start();
