// Small changes of the page.

/** A new element inside another. */
export function add(parent, tag, className = "") {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}

/** Change the words of an element only if they differ: it is called often. */
export function set(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

const inside = new WeakMap(); // the HTML that was put into each element

/** Change the HTML of an element only if it differs: a reader may have selected it. */
export function change(element, html) {
  if (inside.get(element) === html) return;
  element.innerHTML = html;
  inside.set(element, html);
}

/** Words as HTML that shows them as they are. */
export function escaped(words) {
  return words.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);
}

/** Show a store's readout; a screen reader tells it unless it changes by itself. */
export function tell(element, store) {
  element.setAttribute("aria-live", store.get("is_running") ? "off" : "polite");
  change(element, store.get("readout"));
}
