// The windows of a recording, as `zoo predict` has them: at one rate, by the clock, and over no pause.

import { along } from "./log.js";

const GAP = 20; // A pause of more than this many usual steps divides a recording.
const OTHER_UNIT = 20; // A rate this many times another's is of a clock in another unit.
const DENSE = 1.25; // With this many rows for a sample, a sample is the mean of its time.

/**
 * Cuts a recording into windows of `form.shape`, `form.step` samples apart; the last one ends where it ends.
 *
 * @param log What `logOf` returns.
 * @returns `windows`, each the samples one after the other, and their `starts` in seconds.
 */
export function cut(log, form) {
  const [steps] = form.shape;
  checkRate(log, form.rate);
  const parts = divided(log, form.rate).map((part) => sampled(part, form.rate));
  const whole = parts.filter(({ samples }) => samples.length >= steps);
  if (!whole.length) {
    const longer = (one, other) => (other.samples.length > one.samples.length ? other : one);
    const { start, samples } = parts.reduce(longer);
    const held = Array.from({ length: steps }, (_, at) => samples[Math.min(at, samples.length - 1)]);
    return { windows: [flat(held)], starts: [start] };
  }
  const places = whole.flatMap(({ start, samples }) => {
    const last = samples.length - steps;
    const firsts = [];
    for (let first = 0; first < last; first += form.step) firsts.push(first);
    return [...firsts, last].map((first) => ({
      start: start + first / form.rate,
      rows: samples.slice(first, first + steps),
    }));
  });
  return { windows: places.map(({ rows }) => flat(rows)), starts: places.map(({ start }) => start) };
}

/** Returns the window that ends with the last row; null as long as there are too few rows. */
export function latest({ times, values }, form) {
  const [steps] = form.shape;
  const end = times.at(-1);
  const start = end - (steps - 1) / form.rate;
  if (times.length < 2 || times[0] > start) return null;
  return flat(samplesAt({ times, values }, start, steps, form.rate));
}

const flat = (rows) => Float32Array.from(rows.flat());

function checkRate({ times }, rate) {
  if (!times || times.length < 2) return;
  const steps = times.slice(1).map((time, row) => time - times[row]);
  const usual = steps.filter((step) => step <= GAP * median(steps));
  const own = usual.length / usual.reduce((sum, step) => sum + step, 0);
  if (own / rate >= OTHER_UNIT || own / rate <= 1 / OTHER_UNIT) {
    throw new Error(`it has ${own.toPrecision(3)} rows a second, and ${rate} were learnt: another unit?`);
  }
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Divides a recording at its pauses. */
function divided({ times, values }, rate) {
  const clock = times ?? values[0].map((_, row) => row / rate);
  const steps = clock.slice(1).map((time, row) => time - clock[row]);
  const longest = Math.max(GAP * median(steps), 2 / rate);
  const ends = steps.flatMap((step, row) => (step > longest ? [row + 1] : []));
  return [0, ...ends].map((first, part) => {
    const rows = [first, ends[part] ?? clock.length];
    return { times: clock.slice(...rows), values: values.map((own) => own.slice(...rows)) };
  });
}

function sampled(part, rate) {
  const [start, end] = [part.times[0], part.times.at(-1)];
  const count = Math.trunc((end - start) * rate + 1e-6) + 1;
  return { start, samples: samplesAt(part, start, count, rate) };
}

/** Returns `count` samples from `start` on, each an array with a value for each channel. */
function samplesAt({ times, values }, start, count, rate) {
  const places = Array.from({ length: count }, (_, at) => start + at / rate);
  const length = times.at(-1) - times[0];
  const isDense = times.length > 1 && times.length - 1 > DENSE * length * rate;
  const channels = values.map((own) => (isDense ? means(places, times, own, rate) : along(places, times, own)));
  return places.map((_, at) => channels.map((channel) => channel[at]));
}

/** Returns means of the time around each place, so that fast movements do not appear as slow ones. */
function means(places, times, values, rate) {
  const clipped = (place) => Math.min(Math.max(place, times[0]), times.at(-1));
  const [low, high] = [-0.5, 0.5].map((half) => places.map((place) => clipped(place + half / rate)));
  const areas = [0];
  for (let row = 1; row < times.length; row++) {
    areas.push(areas[row - 1] + ((times[row] - times[row - 1]) * (values[row] + values[row - 1])) / 2);
  }
  const [below, above] = [low, high].map((edges) => areasTo(edges, times, values, areas));
  return places.map((_, at) => (above[at] - below[at]) / (high[at] - low[at]));
}

/** Returns the area under a line up to places that rise. */
function areasTo(places, times, values, areas) {
  const heights = along(places, times, values);
  let left = 0;
  return places.map((place, at) => {
    while (left + 2 < times.length && times[left + 1] <= place) left += 1;
    return areas[left] + ((place - times[left]) * (values[left] + heights[at])) / 2;
  });
}
