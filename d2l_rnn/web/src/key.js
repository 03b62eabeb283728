// The key of a plot: what its lines, marks, bands and bars are called.

import { escaped } from "./dom.js";
import { colourOf, DASHES } from "./theme.js";

const SIGNS = {
  ring: '<circle cx="13" cy="6" r="4" class="d2l-outline"/>',
  square: '<path d="M9 2h8v8h-8z" class="d2l-outline"/>',
  up: '<path d="M9 10l4-8 4 8z" class="d2l-outline"/>',
  down: '<path d="M9 2l4 8 4-8z" class="d2l-outline"/>',
};

/** The entries of a plot's key, as HTML: each name once, with its first look. */
export function keyOf({ bands = [], lines = [], marks = [], bars = [] }, theme) {
  const entries = new Map();
  const put = (each, sign) => each.label && !entries.has(each.label) && entries.set(each.label, entry(each, sign(each), theme));
  for (const band of bands) put(band, () => '<path d="M1 1h24v10h-24z" opacity="0.3"/>');
  for (const line of lines) put(line, signOf);
  for (const mark of marks) put(mark, ({ shape }) => SIGNS[shape]);
  for (const bar of bars) put(bar, ({ hatched }) => (hatched ? '<path d="M5 11l8-10h4l-8 10zM13 11l8-10h4l-8 10z"/>' : '<path d="M5 1h16v10h-16z"/>'));
  return [...entries.values()].join(" ");
}

function signOf({ dash = 0, width = 1.5, points, hollow, joined = true }) {
  const line = `<line x1="1" x2="25" y1="6" y2="6" stroke="currentColor" stroke-width="${width}" stroke-dasharray="${DASHES[dash].join(" ")}"/>`;
  return (joined ? line : "") + (points ? `<circle cx="13" cy="6" r="2.5"${hollow ? ' class="d2l-outline"' : ""}/>` : "");
}

/** An entry: a sign of this look, and the name. */
export function entry({ label, colour }, sign, theme) {
  return `<span class="d2l-entry"><svg width="26" height="12" aria-hidden="true" style="color: ${colourOf(colour, theme)}" fill="currentColor">${sign}</svg> ${escaped(label)}</span>`;
}
