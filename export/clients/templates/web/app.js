// The page: it opens the model, lets the family's module fill the left side, and shows answers.

import { keepOffline } from "./offline.js";
import { openModel } from "./runtime.js";
import { said, showAnswer, showTrouble } from "./answer.js";

const facts = await (await fetch("model.json")).json();
const { setUp } = await import(`./${facts.form.kind}.js`);

let last = null; // The latest answer, so that a new threshold can be applied to it.

function show(answer) {
  last = answer ?? last;
  if (last) showAnswer(last, facts, threshold());
}

function threshold() {
  const slider = document.getElementById("threshold");
  return slider ? Number(slider.value) / 100 : 0;
}

/** The answer to a recording is the mean of those to its windows. */
function mean(answers) {
  const sum = (index) => answers.reduce((total, { scores }) => total + scores[index], 0);
  return answers[0].scores.map((_, index) => sum(index) / answers.length);
}

function setUpThreshold() {
  const slider = document.getElementById("threshold");
  if (!slider) return;
  const shown = () => (document.getElementById("least").textContent = `${slider.value} %`);
  slider.value = Math.round(100 * facts.threshold);
  slider.addEventListener("input", () => (shown(), show()));
  shown();
}

try {
  setUpThreshold();
  const isKept = await keepOffline();
  const model = await openModel(facts, new URLSearchParams(location.search).get("accelerator"));
  document.getElementById("answer").textContent = "Ready";
  document.getElementById("latency").textContent = `${facts.size}, on ${model.where}`;
  document.getElementById("offline").textContent = isKept ? "It works offline from now on." : "";
  setUp(facts.form, async (windows, started) => {
    const answers = [];
    for (const values of windows) answers.push(await model.run(values));
    const milliseconds = answers.reduce((sum, answer) => sum + answer.milliseconds, 0) / answers.length;
    const all = performance.now() - started;
    show({ scores: mean(answers), milliseconds, all, where: model.where });
    return answers.map(({ scores }) => said(scores, facts, threshold()));
  });
} catch (error) {
  showTrouble(`The model does not start: ${error.message}`);
}
