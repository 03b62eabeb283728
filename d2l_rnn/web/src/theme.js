// Colours that can be read on the page's ground, light or dark.

// After Okabe and Ito's palette, for colour-blind readers; colours made darker or lighter
// until each has a contrast of 3 : 1 or more with its ground.
const LINES = {
  light: ["#0072B2", "#D55E00", "#00825F", "#B4528A", "#9A6B00", "#1893CF", "#000000"],
  dark: ["#56B4E9", "#FF8F45", "#2CC79B", "#E79AC6", "#F0B93A", "#B9B3FF", "#FFFFFF"],
};
export const DASHES = [[], [7, 4], [7, 3, 1.5, 3], [1.5, 3]];
const READABLE = 4.5; // the contrast of text, WCAG 2 AA

/** The theme of an element's surroundings: {isDark, ground, text, quiet, grid, lines}. */
export function themeOf(element) {
  const ground = groundOf(element);
  const isDark = luminance(ground) < 0.2;
  const own = parse(getComputedStyle(element).color);
  const text = own && contrast(own, ground) >= READABLE ? own : isDark ? [255, 255, 255] : [0, 0, 0];
  return {
    isDark,
    ground: css(ground),
    text: css(text),
    quiet: css(readable(mixed(text, ground, 0.7), text, ground)),
    grid: css(mixed(text, ground, 0.14)),
    lines: LINES[isDark ? "dark" : "light"],
  };
}

/** A colour: the number of a line's, or the name of one of the theme's. */
export function colourOf(colour, theme) {
  return typeof colour === "number" ? theme.lines[colour % theme.lines.length] : theme[colour] ?? colour;
}

/** Call `change` whenever the page's theme may have changed; returns a function that stops. */
export function watchTheme(change) {
  const observer = new MutationObserver(change);
  const options = { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-name", "data-theme"] };
  for (const each of [document.documentElement, document.body]) observer.observe(each, options);
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", change);
  // A theme's name may be there before its colours, which come with a style sheet.
  const whenStyled = ({ target }) => target instanceof HTMLLinkElement && change();
  document.addEventListener("load", whenStyled, true);
  return () => {
    observer.disconnect();
    media.removeEventListener("change", change);
    document.removeEventListener("load", whenStyled, true);
  };
}

/** The contrast of two colours, [red, green, blue] up to 255: from 1 to 21 (WCAG 2). */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** A CSS colour, "#rrggbb" or "rgb(…)", as [red, green, blue]; null if it is see-through. */
export function parse(colour) {
  const hex = /^#([0-9a-f]{6})$/i.exec(colour);
  if (hex) return [0, 2, 4].map((i) => Number.parseInt(hex[1].slice(i, i + 2), 16));
  const numbers = (colour.match(/[\d.]+/g) ?? []).map(Number);
  if (numbers.length < 3 || numbers[3] === 0) return null;
  return numbers.slice(0, 3);
}

export { LINES };

function groundOf(element) {
  for (let each = element; each; each = each.parentElement) {
    const colour = parse(getComputedStyle(each).backgroundColor);
    if (colour) return colour;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
}

function readable(colour, text, ground) {
  return contrast(colour, ground) >= READABLE ? colour : text;
}

function luminance(colour) {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const mixed = (one, other, share) => one.map((part, i) => share * part + (1 - share) * other[i]);
const css = (colour) => `rgb(${colour.map(Math.round).join(", ")})`;
