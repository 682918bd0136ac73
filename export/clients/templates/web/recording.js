// Recordings: from a file, or of the motion sensors of this device.

import { showParts, showTrouble } from "./answer.js";
import { logOf } from "./log.js";
import { CHOICES, guessed, hasSensors, sensing } from "./motion.js";
import { cut, latest } from "./windows.js";

const PAUSE = 200; // Milliseconds from one answer of the sensors to the next.
const SILENT = 2000; // Milliseconds after which sensors that say nothing are reported.

/** Sets up the page for recordings of a form; `classify(windows, started)` shows the answer. */
export function setUp(form, classify) {
  const [sensors, file, curves, hint, channels] = ["sensors", "file", "curves", "hint", "channels"].map((id) =>
    document.getElementById(id),
  );
  const seconds = form.shape[0] / form.rate;
  const choices = form.channels.map((name) => choice(name));
  channels.append(...choices.map(({ label }) => label));
  let running = null; // The sensors, while they run.

  async function open(blob) {
    stop();
    showTrouble("");
    showParts([]);
    const started = performance.now();
    try {
      const { windows, starts } = cut(logOf(await blob.text(), form), form);
      draw(windows[0]);
      showParts(await classify(windows, started), starts, seconds);
    } catch (error) {
      showTrouble(`That recording cannot be used: ${error.message}.`);
    }
  }

  async function start() {
    showTrouble("");
    showParts([]);
    const chosen = choices.map(({ select }) => CHOICES[select.value]);
    const open = chosen.indexOf(undefined);
    if (open >= 0) return showTrouble(`Say below what the channel ${form.channels[open]} is.`);
    try {
      running = await sensing(chosen.map(({ read }) => read), seconds + 1);
    } catch (error) {
      return showTrouble(`The sensors do not start: ${error.message}`);
    }
    sensors.setAttribute("aria-pressed", "true");
    sensors.textContent = "Stop";
    document.getElementById("answer").setAttribute("aria-live", "off"); // It changes all the time.
    setTimeout(() => {
      if (running && !running.log().times.length) showTrouble("This device has no such sensors.");
    }, SILENT);
    for (const own = running; running === own; ) {
      await look(own);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    document.getElementById("answer").setAttribute("aria-live", "polite");
  }

  async function look(own) {
    const started = performance.now();
    const values = latest(own.log(), form);
    if (!values) return;
    draw(values);
    await classify([values], started);
  }

  function stop() {
    running?.end();
    running = null;
    sensors.setAttribute("aria-pressed", "false");
    sensors.textContent = "Sensors";
  }

  function draw(values) {
    hint.hidden = true;
    curves.hidden = false;
    const drawing = curves.getContext("2d");
    const { width, height } = curves;
    drawing.clearRect(0, 0, width, height);
    drawing.lineWidth = 3;
    const [steps, count] = form.shape;
    const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-9);
    for (let channel = 0; channel < count; channel++) {
      drawing.strokeStyle = `hsl(${Math.round(212 + (360 * channel) / count) % 360} 55% 55%)`;
      drawing.beginPath();
      for (let step = 0; step < steps; step++) {
        const share = values[step * count + channel] / most;
        drawing.lineTo((step / (steps - 1)) * width, height / 2 - (share * height) / 2.2);
      }
      drawing.stroke();
    }
  }

  sensors.addEventListener("click", () => (running ? stop() : start()));
  file.addEventListener("change", () => file.files[0] && open(file.files[0]));
  file.disabled = false;
  sensors.disabled = !hasSensors();
  if (sensors.disabled) sensors.title = "The sensors need HTTPS.";
}

function choice(channel) {
  const [label, name, select] = ["label", "span", "select"].map((tag) => document.createElement(tag));
  name.textContent = channel;
  select.name = channel;
  select.append(new Option("—", ""), ...CHOICES.map(({ text }, place) => new Option(text, place)));
  select.value = guessed(channel) < 0 ? "" : guessed(channel);
  label.append(name, select);
  return { label, select };
}
