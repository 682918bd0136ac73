// Runs the file with LiteRT.js: on the processor, or on the GPU where that is faster and agrees.

import { Tensor, loadAndCompile, loadLiteRt, supportsFeature } from "@litertjs/core";

const NAMES = { wasm: "the processor", webgpu: "the GPU" };
const ARRAYS = { float32: Float32Array, uint8: Uint8Array, int32: Int32Array };
const CLOSE = 0.02; // How far scores of the GPU, in half precision, may be from the processor's.

/**
 * Opens the model that `facts` describe.
 *
 * @param wished "wasm" or "webgpu"; otherwise the faster of the two.
 * @returns `where` it runs, and `run(values)`, which resolves to `scores` and `milliseconds`.
 */
export async function openModel(facts, wished) {
  const gpu = wished !== "wasm" && (wished === "webgpu" || (await hasGpu())) && isFloat(facts);
  globalThis.Module = { printErr: log }; // LiteRT takes its settings from this name.
  await loadLiteRt("litert/wasm/", { jspi: gpu && (await supportsFeature("jspi")) });
  const bytes = new Uint8Array(await (await fetch(facts.file)).arrayBuffer());
  const onProcessor = await opened(bytes, facts, "wasm");
  if (!gpu) return onProcessor;
  try {
    const onGpu = await opened(bytes, facts, "webgpu");
    if (wished === "webgpu" || (await isBetter(onGpu, onProcessor, facts))) return onGpu;
  } catch (error) {
    if (wished === "webgpu") throw error; // The GPU cannot take this file; the processor can.
  }
  return onProcessor;
}

/** Integers on a GPU come out wrong: some of its kernels ignore a stride. */
const isFloat = (facts) => facts.integers === false;

/** LiteRT writes all that it says where errors go. */
const log = (line) => (/^(ERROR|FATAL)/.test(line) ? console.error(line) : console.debug(line));

async function hasGpu() {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    return Boolean(adapter) && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter);
  } catch {
    return false;
  }
}

async function opened(bytes, facts, accelerator) {
  const compiled = await loadAndCompile(bytes, { accelerator });
  let turn = Promise.resolve(); // One call at a time.
  return {
    where: NAMES[accelerator],
    run: (values) => (turn = turn.catch(() => {}).then(() => run(compiled, values, facts))),
  };
}

/** Answers one example. What a stream remembers begins anew with each. */
async function run(compiled, values, facts) {
  const started = performance.now();
  const { input, output, states, slides } = facts;
  const remembered = Object.fromEntries(states.map(({ before }) => [before.name, new Float32Array(size(before))]));
  // A window that slides remembers all of the window but what is new.
  const first = slides ? values.length - size(input) : 0;
  if (slides) remembered[states[0].before.name] = values.slice(0, first);
  let results;
  for (let from = first; from < values.length; from += size(input)) {
    const given = { [input.name]: values.slice(from, from + size(input)), ...remembered };
    results = await called(compiled, given, facts);
    for (const { after } of states) remembered[after.name] = results[after.name];
  }
  return { scores: results[output.name], milliseconds: performance.now() - started };
}

/** Calls the file once, with values by the names of its inputs; returns those of its outputs. */
async function called(compiled, given, { input, output, states }) {
  const inputs = [input, ...states.map(({ before }) => before)];
  const outputs = [output, ...states.map(({ after }) => after)];
  const tensors = inputs.map((info) => [info.name, new Tensor(stored(given[info.name], info), info.shape)]);
  const results = await compiled.run(Object.fromEntries(tensors));
  tensors.forEach(([, tensor]) => tensor.delete());
  const values = {};
  for (const info of outputs) {
    values[info.name] = Float32Array.from(await results[info.name].data(), (number) => meant(number, info));
    results[info.name].delete();
  }
  return values;
}

const size = ({ shape }) => shape.reduce((product, side) => product * side, 1);

/** Returns values as the file holds them. */
function stored(values, { dtype, scale, zero_point: zero }) {
  const array = ARRAYS[dtype];
  if (scale === null) return values instanceof array ? values : array.from(values);
  return array.from(values, (value) => Math.min(255, Math.max(0, Math.round(value / scale) + zero)));
}

const meant = (stored, { scale, zero_point: zero }) => (scale === null ? stored : (stored - zero) * scale);

async function isBetter(one, other, facts) {
  const length = size(facts.input) + (facts.slides ? size(facts.states[0].before) : 0);
  const most = facts.form.kind === "picture" ? 256 : 1;
  const values = Float32Array.from({ length }, (_, index) => ((index * 37) % 256) * (most / 256));
  await one.run(values); // The first call makes the GPU's programs.
  await other.run(values);
  const [mine, theirs] = [await one.run(values), await other.run(values)];
  const agrees = mine.scores.every((score, index) => Math.abs(score - theirs.scores[index]) <= CLOSE);
  return agrees && mine.milliseconds < theirs.milliseconds;
}
