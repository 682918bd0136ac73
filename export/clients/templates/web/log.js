// A recording of sensors from a text: the times of its rows and the values of its channels.

const SEPARATORS = ["\t", ";", ",", " "];
const SECONDS = { s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9 };
const STOPPED = 0.5; // A clock that repeats its time in a larger share of the rows stands still.
const MISSING = 0.5; // Share of a channel's values that may be missing.

/**
 * Reads the text of a .csv or .txt file.
 *
 * @param form Its `channels`, and `time_column`: "NAME:UNIT", or "" for rows without a clock.
 * @returns `times`, in seconds since the first row, or null; and `values`, an array for each channel.
 */
export function logOf(text, form) {
  const { names, rows } = table(text, form);
  const column = (name) => {
    const place = names.indexOf(name);
    if (place < 0) throw new Error(`it has no column ${name}; it has ${names.join(", ")}`);
    return rows.map((cells) => cells[place] ?? "");
  };
  const { times, kept } = form.time_column ? clocked(column, form.time_column) : { times: null };
  const values = form.channels.map((name) => {
    const all = column(name).map(number);
    return filled(kept ? kept.map((row) => all[row]) : all, times, name);
  });
  return { times, values };
}

function clocked(column, clock) {
  const cut = clock.lastIndexOf(":");
  return seconds(column(clock.slice(0, cut)), clock.slice(cut + 1));
}

function table(text, form) {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/).filter((line) => line.trim());
  if (lines.length < 2) throw new Error("it is empty");
  const separator = separatorOf(lines.slice(0, 20));
  const rows = lines.map((line) => cellsOf(line, separator));
  const isName = (cell) => form.channels.includes(cell);
  const named = rows[0].some(isName) || rows[0].every((cell) => Number.isNaN(number(cell)));
  const names = rows[0].map((cell, at) => (named && cell) || `column ${at + 1}`);
  return { names, rows: named ? rows.slice(1) : rows };
}

/** Returns the separator that divides the lines evenly, or else the one that is there most. */
function separatorOf(lines) {
  const widths = (separator) => new Set(lines.map((line) => cellsOf(line, separator).length));
  const even = SEPARATORS.find((separator) => widths(separator).size === 1 && !widths(separator).has(1));
  const count = (separator) => lines[0].split(separator).length;
  return even ?? SEPARATORS.reduce((most, other) => (count(other) >= count(most) ? other : most));
}

function cellsOf(line, separator) {
  const parts = separator === " " ? line.trim().split(/ +/) : line.split(separator);
  return parts.map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

/** Returns the number in a cell; what is no number is missing. */
function number(cell) {
  const plain = /^[-+]?\d+,\d+$/.test(cell) ? cell.replace(",", ".") : cell;
  return plain === "" ? NaN : Number(plain);
}

function seconds(cells, unit) {
  const all = cells.map((cell) => moment(cell, unit));
  const unread = all.findIndex((time) => !Number.isFinite(time));
  if (unread >= 0) throw new Error(`the time of row ${unread + 1} cannot be read: ${cells[unread] || "it is empty"}`);
  const back = all.findIndex((time, row) => row > 0 && time < all[row - 1]);
  if (back >= 0) throw new Error(`its clock goes backwards after row ${back}`);
  const kept = all.map((_, row) => row).filter((row) => row === 0 || all[row] !== all[row - 1]);
  if (all.length - kept.length > STOPPED * (all.length - 1)) throw new Error("its clock stops");
  return { kept, times: kept.map((row) => (all[row] - all[0]) * SECONDS[unit]) };
}

/** Returns a time in its unit: of a number, or of a date or time of day that is written out. */
function moment(cell, unit) {
  const plain = number(cell);
  if (!Number.isNaN(plain)) return plain;
  const [, whole, fraction = ""] = /^([^.]*?)(\.\d+)?Z?$/.exec(cell);
  const stamp = /^\d{1,2}:/.test(whole) ? `1970-01-01T${whole.padStart(8, "0")}` : whole.replace(" ", "T");
  return (Date.parse(`${stamp}Z`) / 1000 + Number(fraction)) / SECONDS[unit];
}

/** Takes missing values from the line between their neighbours. */
function filled(values, times, name) {
  const known = values.map((_, row) => row).filter((row) => Number.isFinite(values[row]));
  if (known.length < (1 - MISSING) * values.length) throw new Error(`its column ${name} is mostly empty`);
  const at = (row) => (times ? times[row] : row);
  return along(values.map((_, row) => at(row)), known.map(at), known.map((row) => values[row]));
}

/** Returns the values of a line through points, at places that rise; it goes on level beyond its ends. */
export function along(places, knots, values) {
  let left = 0;
  return places.map((place) => {
    while (left + 2 < knots.length && knots[left + 1] <= place) left += 1;
    if (place <= knots[0] || knots.length === 1) return values[0];
    if (place >= knots.at(-1)) return values.at(-1);
    const slope = (values[left + 1] - values[left]) / (knots[left + 1] - knots[left]);
    return values[left] + slope * (place - knots[left]);
  });
}
