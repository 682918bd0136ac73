// The page: it opens the model, lets the family's module fill the left side, and shows answers.

import { keepOffline } from "./offline.js";
import { openModel } from "./runtime.js";
import { showAnswer, showTrouble } from "./answer.js";

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
  setUp(facts.form, async (values, started) => {
    const { scores, milliseconds } = await model.run(values);
    show({ scores, milliseconds, all: performance.now() - started, where: model.where });
  });
} catch (error) {
  showTrouble(`The model does not start: ${error.message}`);
}
