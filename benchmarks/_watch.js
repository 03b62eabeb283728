// Notes, in the page, what a panel shows and when.
//
// `seen.pictures` has [milliseconds, run, drawn, read] for each picture: when it was
// there, the label of the run in view, the epochs of its curve, and the epoch in the
// readout. Panels that do not train have "", 0 and 0. A picture is an image that has
// loaded, or a frame in which the first canvas or a sheet of numbers was redrawn.
// `seen.key` is when a key was last pressed, `seen.now()` what is shown at the moment.

(panel) => {
  const state = () => [
    panel.querySelector(".d2l-current .d2l-name span")?.textContent ?? "",
    panel.querySelector(".d2l-progress")?.value ?? 0,
    Number(panel.querySelector(".d2l-readout").textContent.match(/^epoch (\d+)/)?.[1] ?? 0),
  ];
  const seen = { key: 0, pictures: [], now: () => [performance.now(), ...state()] };
  window.seen = seen;

  // The message arrives once the frame has been rendered.
  const rendered = new MessageChannel();
  let next = null;
  rendered.port1.onmessage = () => {
    seen.pictures.push([performance.now(), ...next]);
    next = null;
  };
  const drawn = () => {
    if (next === null) rendered.port2.postMessage(null);
    next = state();
    queueMicrotask(() => (next = state())); // once this frame's legend and readout are there
  };

  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    if (this.canvas === panel.querySelector(".d2l-figure canvas")) drawn();
    return clear.apply(this, box);
  };
  const sheet = panel.querySelector(".d2l-board");
  if (sheet) new MutationObserver(drawn).observe(sheet, { subtree: true, childList: true, characterData: true });
  panel.addEventListener("load", ({ target }) => target.matches("img") && drawn(), true);
  document.addEventListener("keydown", () => Object.assign(seen, { key: performance.now(), pictures: [] }), true);
}
