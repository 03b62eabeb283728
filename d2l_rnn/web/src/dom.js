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

/** Change the HTML of an element only if it differs: a reader may have selected it. */
export function change(element, html) {
  if (element.dataset.html === html) return;
  element.innerHTML = html;
  element.dataset.html = html;
}
