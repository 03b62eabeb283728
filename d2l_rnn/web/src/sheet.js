// A sheet of numbers that appear stage by stage: what can be said of it without a page.
//
// A sheet is {tables, lines, boards, stages}. Each table, by name, is {title, rows,
// columns, cells, at, formula, lines, values, numbers, first}: `at` is the stage in which
// a row appears; `values` are row after row, and their numbers in the sheet begin with
// `first`; `numbers` are their formulas, words and the numbers of other values in turn.
// A board is {title, first, groups: [[heading, names]], bars: [[name, value]], limit};
// a stage is [title, the number of the value that it is about]; a line of code is
// [where, before, part, after].

const MINUS = "−";
const MOST = 40; // parts of a formula that are written out

/** All values of the tables, in order: {table, row, column, value, at, words}. */
export function valuesOf({ tables }) {
  const all = [];
  for (const table of Object.values(tables)) {
    const width = table.columns.length;
    table.values.forEach((value, i) => {
      const row = Math.floor(i / width);
      all[table.first + i] = { table, row, column: i % width, value, at: table.at[row], words: table.numbers[i] };
    });
  }
  return all;
}

/** What a value is called, as in "H_2[1]". */
export function nameOf({ table, row, column }) {
  return table.cells[row].replace(/\{\}(?!.*\{\})/, () => table.columns[column]);
}

/** A number in at most six characters or so. */
export function brief(value) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? `${MINUS}∞` : "?";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e5) return signed(String(size), value);
  if (size >= 1e5 || size < 0.0005) return signed(size.toExponential(0).replace("e+", "e"), value);
  return signed(size.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3), value);
}

/** A number in six digits. */
export function exact(value) {
  if (!Number.isFinite(value) || Number.isInteger(value)) return brief(value);
  return signed(String(Number(Math.abs(value).toPrecision(6))), value);
}

function signed(digits, value) {
  const words = digits.replace("e-", `e${MINUS}`);
  return value < 0 ? MINUS + words : words;
}

/** The numbers of the values that a value was computed from, each once. */
export function sourcesOf({ words }) {
  return [...new Set(words.filter((each) => typeof each === "number"))];
}

/** A formula in numbers, as parts [words, number or null], with the middle of a long one left out. */
export function partsOf({ words }, values) {
  const parts = words.map((each, i) => {
    if (typeof each === "string") return [each.replaceAll("-", MINUS), null];
    const number = brief(values[each].value);
    return [number.startsWith(MINUS) && needsBrackets(words[i - 1], words[i + 1]) ? `(${number})` : number, each];
  });
  if (parts.length <= MOST) return parts;
  const isSign = ([word]) => word.includes(" + ");
  const first = parts.slice(0, MOST - 8).findLastIndex(isSign);
  return [...parts.slice(0, first + 1), ["… + ", null], ...parts.slice(parts.findLastIndex(isSign) + 1)];
}

/** A negative number stands alone at the beginning, or in the brackets of a function. */
function needsBrackets(before, after) {
  return (before !== undefined && !before.endsWith("(")) || Boolean(after?.startsWith("²"));
}

/** How many digits wide the widest number of a table is. */
export function widthOf({ values }) {
  return Math.max(...values.map((value) => brief(value).length));
}

/** Of the boards, that of a stage. */
export function boardOf({ boards }, stage) {
  return boards.findLast(({ first }) => first <= stage) ?? boards[0];
}

/** How a value looks at a stage: "later", "new" or "known". */
export function lookOf({ at }, stage) {
  return at > stage ? "later" : at === stage ? "new" : "known";
}

/** Words as [word, isIndex]: what follows an underscore is an index, as in H_t. */
export function indexed(words) {
  const split = words.split(/(_\{[^}]*\}|_(?:(?!ᵀ)[\p{L}\p{N}])+)/u);
  return split.map((part, i) => (i % 2 ? [part.replace(/^_\{?|\}$/g, ""), true] : [part, false])).filter(([part]) => part);
}

/** Where a key leads from a cell of a table: [row, column], or null. */
export function moved(key, row, column, { rows, columns }) {
  const [lastRow, lastColumn] = [rows.length - 1, columns.length - 1];
  const to = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    Home: [row, 0],
    End: [row, lastColumn],
  }[key];
  return to ? [clamped(to[0], lastRow), clamped(to[1], lastColumn)] : null;
}

const clamped = (value, most) => Math.min(Math.max(value, 0), most);
