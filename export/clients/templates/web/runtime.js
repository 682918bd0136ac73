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

async function run(compiled, values, facts) {
  const started = performance.now();
  const given = new Tensor(stored(values, facts.input), facts.input.shape);
  const [result] = await compiled.run([given]);
  given.delete();
  const numbers = await result.data();
  const scores = Float32Array.from(numbers, (stored) => meant(stored, facts.output));
  result.delete();
  return { scores, milliseconds: performance.now() - started };
}

/** Returns values as the file holds them. */
function stored(values, { dtype, scale, zero_point: zero }) {
  const array = ARRAYS[dtype];
  if (scale === null) return values instanceof array ? values : array.from(values);
  return array.from(values, (value) => Math.min(255, Math.max(0, Math.round(value / scale) + zero)));
}

const meant = (stored, { scale, zero_point: zero }) => (scale === null ? stored : (stored - zero) * scale);

async function isBetter(one, other, facts) {
  const length = facts.input.shape.reduce((product, size) => product * size, 1);
  const most = facts.form.kind === "picture" ? 256 : 1;
  const values = Float32Array.from({ length }, (_, index) => ((index * 37) % 256) * (most / 256));
  await one.run(values); // The first call makes the GPU's programs.
  await other.run(values);
  const [mine, theirs] = [await one.run(values), await other.run(values)];
  const agrees = mine.scores.every((score, index) => Math.abs(score - theirs.scores[index]) <= CLOSE);
  return agrees && mine.milliseconds < theirs.milliseconds;
}
