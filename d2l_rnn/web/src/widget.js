// What anywidget calls: draws the model's curves into the element of a view.

import uPlot from "uplot";

/** Draw one line into `el`; returns what ends it. */
function render({ el }) {
  const options = { width: 480, height: 240, scales: { x: { time: false } } };
  const series = [{}, { stroke: "currentColor" }];
  const plot = new uPlot({ ...options, series }, [[0, 1], [0, 1]], el);
  return () => plot.destroy();
}

export default { render };
