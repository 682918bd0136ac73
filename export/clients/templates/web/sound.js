// Sounds: from a file, or heard by the microphone.

import { showParts, showTrouble } from "./answer.js";
import { resampled } from "./resample.js";

const WHOLE = 1.5; // A sound up to this many times as long as the window is cut at its end.
const PAUSE = 200; // Milliseconds from one answer of the microphone to the next.
const COMMON = 48_000; // Samples a second of a file that does not say it plainly.

/** Sets up the page for sounds of a form; `classify(windows, started)` shows the answer. */
export function setUp(form, classify) {
  const [microphone, file, wave, hint] = ["microphone", "file", "wave", "hint"].map((id) =>
    document.getElementById(id),
  );
  const [size] = form.shape;
  let heard = null; // What listens, while it does.

  async function open(blob) {
    await stop();
    showTrouble("");
    showParts([]);
    const started = performance.now();
    let samples;
    try {
      samples = await decoded(await blob.arrayBuffer(), form.rate);
    } catch {
      showTrouble("This browser cannot open that sound.");
      return;
    }
    draw(samples);
    const { windows, starts } = divided(samples, size, form.step);
    const answers = await classify(windows, started);
    showParts(answers, starts.map((start) => start / form.rate), size / form.rate);
  }

  async function listen() {
    showTrouble("");
    showParts([]);
    try {
      heard = await listening(form.rate, size);
    } catch (error) {
      showTrouble(`The microphone does not start: ${error.message}`);
      return;
    }
    microphone.setAttribute("aria-pressed", "true");
    microphone.textContent = "Stop";
    document.getElementById("answer").setAttribute("aria-live", "off"); // It changes all the time.
    for (const own = heard; heard === own; ) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      const started = performance.now();
      const samples = own.latest();
      if (!samples || heard !== own) continue;
      draw(samples);
      await classify([samples], started);
    }
    document.getElementById("answer").setAttribute("aria-live", "polite");
  }

  async function stop() {
    const own = heard;
    heard = null;
    microphone.setAttribute("aria-pressed", "false");
    microphone.textContent = "Listen";
    await own?.end();
  }

  function draw(samples) {
    hint.hidden = true;
    wave.hidden = false;
    const drawing = wave.getContext("2d");
    const { width, height } = wave;
    drawing.clearRect(0, 0, width, height);
    drawing.fillStyle = getComputedStyle(wave).color;
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0.05);
    for (let x = 0; x < width; x += 4) {
      const [from, to] = [x, x + 4].map((edge) => Math.floor((edge * samples.length) / width));
      const peak = samples.subarray(from, to).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      const half = Math.max(1, ((peak / loudest) * height) / 2.2);
      drawing.fillRect(x, height / 2 - half, 3, 2 * half);
    }
  }

  microphone.addEventListener("click", () => (heard ? stop() : listen()));
  file.addEventListener("change", () => file.files[0] && open(file.files[0]));
  file.disabled = false;
  microphone.disabled = !navigator.mediaDevices; // Browsers have one only for HTTPS, and for this very device.
  if (microphone.disabled) microphone.title = "The microphone needs HTTPS.";
}

/** Returns the windows of a sound, `step` samples apart, and where they begin, as `zoo predict` has them. */
export function divided(samples, size, step) {
  if (samples.length <= WHOLE * size) return { windows: [ofLength(samples, size)], starts: [0] };
  const starts = [];
  for (let start = 0; start < samples.length - size; start += step) starts.push(start);
  starts.push(samples.length - size);
  return { windows: starts.map((start) => samples.slice(start, start + size)), starts };
}

function ofLength(samples, size) {
  const whole = new Float32Array(size);
  whole.set(samples.subarray(0, size));
  return whole;
}

async function decoded(bytes, rate) {
  const own = ownRate(new DataView(bytes)) ?? COMMON;
  let context;
  try {
    context = new OfflineAudioContext(1, 1, own);
  } catch {
    context = new OfflineAudioContext(1, 1, COMMON);
  }
  const sound = await context.decodeAudioData(bytes);
  const channels = Array.from({ length: sound.numberOfChannels }, (_, index) => sound.getChannelData(index));
  const mono = channels[0].map((_, at) => channels.reduce((sum, channel) => sum + channel[at], 0) / channels.length);
  return resampled(mono, sound.sampleRate, rate);
}

/** Returns the samples a second of a WAV or FLAC file, so that it is resampled once; others are undefined. */
function ownRate(view) {
  if (view.byteLength < 32) return undefined;
  const kind = view.getUint32(0);
  if (kind === 0x664c6143) return view.getUint32(18) >>> 12; // "fLaC"
  if (kind !== 0x52494646) return undefined; // "RIFF"
  for (let at = 12; at + 16 <= view.byteLength; at += 8 + view.getUint32(at + 4, true)) {
    if (view.getUint32(at) === 0x666d7420) return view.getUint32(at + 12, true); // "fmt "
  }
  return undefined;
}

/** Starts the microphone; `latest()` gives the newest window, or null as long as there is none. */
async function listening(rate, size) {
  const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: raw });
  const context = new AudioContext();
  await context.audioWorklet.addModule("microphone.js");
  const kept = new Float32Array(Math.ceil(((size / rate) + 0.05) * context.sampleRate));
  let count = 0;
  const node = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
  node.port.onmessage = ({ data }) => {
    kept.copyWithin(0, data.length);
    kept.set(data, kept.length - data.length);
    count += data.length;
  };
  context.createMediaStreamSource(stream).connect(node);
  return {
    latest: () => (count < kept.length ? null : resampled(kept, context.sampleRate, rate).slice(-size)),
    end: () => {
      stream.getTracks().forEach((track) => track.stop());
      return context.close();
    },
  };
}
