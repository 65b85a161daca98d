// The editor: a textarea over a layer of its own text, in which what is wrong is underlined.

export function editor(area, layer, changed) {
  let wrong = null;

  function drawn() {
    layer.replaceChildren();
    const text = area.value;
    if (wrong === null || wrong > text.length) {
      layer.textContent = text + "\n";
    } else {
      const [from, to] = word(text, wrong);
      const mark = document.createElement("mark");
      mark.textContent = text.slice(from, to) || " ";
      layer.append(text.slice(0, from), mark, text.slice(to) + "\n");
    }
    layer.scrollTop = area.scrollTop;
  }

  area.addEventListener("input", () => { wrong = null; drawn(); changed(); });
  area.addEventListener("scroll", () => { layer.scrollTop = area.scrollTop; });
  new ResizeObserver(drawn).observe(area);

  return {
    get text() { return area.value; },
    set text(value) { area.value = value; wrong = null; drawn(); },
    mark(position) { wrong = position ?? null; drawn(); },
  };
}

// The name, number or sign that begins at a place.
function word(text, at) {
  // Positions count characters as Python does; a pair of surrogates is one there.
  const place = Array.from(text).slice(0, at).join("").length;
  const found = /^(?:[\p{L}\p{N}_]+|\.[*/^]|\S)/u.exec(text.slice(place));
  if (found) return [place, place + found[0].length];
  return [Math.max(0, place - 1), Math.max(1, place)];
}

export function lineAndColumn(text, at) {
  const before = Array.from(text).slice(0, at).join("").split("\n");
  return `line ${before.length}, column ${Array.from(before.at(-1)).length + 1}`;
}
