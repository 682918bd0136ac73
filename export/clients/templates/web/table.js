// Tables: a form with a field for each column. `row.js` makes the numbers of the row from its texts.

import { row } from "./row.js";

/** Sets up the form for `form.columns`; `classify([values], started)` shows the answer. */
export function setUp(form, classify) {
  const fields = document.getElementById("fields");
  const inputs = form.columns.map((column) => field(column));
  fields.append(...inputs.map((input) => labelled(input)));
  fields.addEventListener("input", () => {
    const started = performance.now();
    const cells = Object.fromEntries(inputs.map((input) => [input.name, input.value]));
    classify([row(cells)], started);
  });
  fields.disabled = false;
}

function field(column) {
  const input = document.createElement(column.kind === "category" ? "select" : "input");
  input.name = column.name;
  if (column.kind === "category") {
    const words = column.vocabulary.filter((word) => word !== "");
    input.append(new Option("—", ""), ...words.map((word) => new Option(word, word)));
  } else {
    input.inputMode = "decimal";
    input.autocomplete = "off";
    input.placeholder = `${plain(column.low)} to ${plain(column.high)} ${column.unit}`.trim();
  }
  return input;
}

const plain = (value) => Number(value.toPrecision(4)).toString();

function labelled(input) {
  const label = document.createElement("label");
  const name = document.createElement("span");
  name.textContent = input.name;
  label.append(name, input);
  return label;
}
