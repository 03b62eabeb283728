// What Jupyter's own controls lack beside a panel: names and values for screen readers,
// and the arrow keys, which Notebook 7 would take for moving to another cell.

/** Look after the controls of the panel around `element`; returns a function that stops. */
export function tend(element) {
  const panel = element.closest(".d2l-rnn-explorer");
  if (!panel) return () => {};
  const attributeFilter = ["aria-valuetext", "aria-valuenow", "class"];
  const observer = new MutationObserver(() => dress(panel));
  observer.observe(panel, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter });
  dress(panel);
  return () => observer.disconnect();
}

function dress(panel) {
  // Jupyter checks the focused element itself before those that contain it.
  for (const each of panel.querySelectorAll("[tabindex], button, input, textarea")) attribute(each, "data-lm-suppress-shortcuts", "true");
  for (const slider of panel.querySelectorAll(".widget-slider")) {
    const handle = slider.querySelector(".noUi-handle");
    attribute(handle, "aria-label", nameOf(slider));
    attribute(handle, "aria-valuetext", slider.querySelector(".widget-readout")?.textContent);
  }
  for (const group of panel.querySelectorAll(".widget-toggle-buttons")) {
    attribute(group, "role", "group");
    attribute(group, "aria-label", nameOf(group));
  }
  for (const button of panel.querySelectorAll(".jupyter-button.widget-toggle-button, .widget-toggle-buttons button")) {
    attribute(button, "aria-pressed", String(button.classList.contains("mod-active")));
  }
}

/** The words of a control's label, and its tooltip, which explains it. */
function nameOf(control) {
  const label = control.querySelector(".widget-label");
  return [label?.textContent, label?.title !== label?.textContent && label?.title].filter(Boolean).join(": ");
}

function attribute(element, name, value) {
  if (element && value && element.getAttribute(name) !== value) element.setAttribute(name, value);
}
