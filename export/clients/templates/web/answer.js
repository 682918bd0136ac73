// Shows an answer: a bar for each of the best labels, "unknown" below the threshold, the latency.

const MOST = 5;

/** Shows `answer.scores`, one for each of `facts.labels`. */
export function showAnswer(answer, facts, threshold) {
  const named = [...answer.scores].map((score, index) => ({ score, index, label: facts.labels[index] }));
  if (facts.task !== "values") named.sort((a, b) => b.score - a.score || a.index - b.index);
  document.getElementById("answer").textContent = sentence(named, facts, threshold);
  const rows = facts.task === "values" ? named : named.slice(0, MOST);
  document.getElementById("scores").replaceChildren(...rows.map((row) => line(row, facts.task)));
  document.getElementById("latency").textContent =
    `${time(answer.milliseconds)} on ${answer.where}, ${time(answer.all)} with preparation`;
}

/** Shows what went wrong; an empty text removes it. */
export function showTrouble(text) {
  document.getElementById("trouble").textContent = text;
}

function sentence(named, facts, threshold) {
  if (facts.task === "values") return named.map(({ label, score }) => `${label} ${number(score)}`).join(", ");
  if (facts.task === "sets") {
    const said = named.filter(({ score, index }) => score >= facts.thresholds[index]);
    return said.map(({ label }) => label).join(", ") || "none of them";
  }
  return named[0].score < threshold ? "unknown" : named[0].label;
}

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
