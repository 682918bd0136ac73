// Shows an answer: a bar for each of the best labels, "unknown" below the threshold, the latency.

const MOST = 5;

/** Shows `answer.scores`, one for each of `facts.labels`. */
export function showAnswer(answer, facts, threshold) {
  document.getElementById("answer").textContent = said(answer.scores, facts, threshold);
  const rows = facts.task === "values" ? named(answer.scores, facts) : ranked(answer.scores, facts).slice(0, MOST);
  document.getElementById("scores").replaceChildren(...rows.map((row) => line(row, facts.task)));
  document.getElementById("latency").textContent =
    `${time(answer.milliseconds)} on ${answer.where}, ${time(answer.all)} with preparation`;
}

/** Shows the answers to the parts of something long, which begin at `starts` and last `seconds`. */
export function showParts(answers, starts, seconds) {
  const rows = answers.length > 1 ? answers : [];
  document.getElementById("parts").replaceChildren(...rows.map((text, index) => part(text, starts[index], seconds)));
}

function part(text, start, seconds) {
  const row = document.createElement("li");
  const [when, what] = [document.createElement("span"), document.createElement("span")];
  when.textContent = `${start.toFixed(2)}–${(start + seconds).toFixed(2)} s`;
  what.textContent = text;
  row.append(when, what);
  return row;
}

/** Shows what went wrong; an empty text removes it. */
export function showTrouble(text) {
  document.getElementById("trouble").textContent = text;
}

/** Returns the answer as a text. */
export function said(scores, facts, threshold) {
  if (facts.task === "values") {
    return named(scores, facts).map(({ label, score }) => `${label} ${number(score)}`).join(", ");
  }
  const rows = ranked(scores, facts);
  if (facts.task === "sets") {
    const right = rows.filter(({ score, index }) => score >= facts.thresholds[index]);
    return right.map(({ label }) => label).join(", ") || "none of them";
  }
  return rows[0].score < threshold ? "unknown" : rows[0].label;
}

const named = (scores, facts) => Array.from(scores, (score, index) => ({ score, index, label: facts.labels[index] }));
const ranked = (scores, facts) => named(scores, facts).sort((a, b) => b.score - a.score || a.index - b.index);

function line({ label, score }, task) {
  const row = document.createElement("li");
  const [name, figure, bar] = ["span", "span", "div"].map((tag) => document.createElement(tag));
  name.textContent = label;
  figure.textContent = task === "values" ? number(score) : `${(100 * score).toFixed(1)} %`;
  row.append(name, figure);
  if (task !== "values") {
    bar.className = "bar";
    bar.style.setProperty("--share", score);
    row.append(bar);
  }
  return row;
}

const number = (value) => Number(value.toPrecision(5)).toString();
const time = (milliseconds) => `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
