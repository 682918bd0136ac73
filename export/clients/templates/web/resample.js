// Changes how many samples a second a sound has, by a band-limited filter like that of training.

const ZEROS = 74; // Crossings of the filter on each side, of the lower of the two rates.
const CUT = 0.956; // Its middle between what passes (0.913) and the highest tone that can be.
const BETA = 10; // Of Kaiser's window: what does not pass is 100 dB lower.

/** Returns samples at the rate `to` instead of `from`, both whole numbers. */
export function resampled(samples, from, to) {
  if (from === to) return samples;
  const step = divisor(from, to);
  const [up, down] = [to / step, from / step];
  const kernels = new Map(); // Of each place between two samples where one of the result can be.
  const reach = Math.ceil(ZEROS / Math.min(1, to / from));
  return Float32Array.from({ length: Math.round((samples.length * to) / from) }, (_, index) => {
    const phase = (index * down) % up;
    if (!kernels.has(phase)) kernels.set(phase, kernel(phase / up, Math.min(1, to / from), reach));
    const weights = kernels.get(phase);
    const first = Math.floor((index * down) / up) - reach + 1;
    let sum = 0;
    for (let tap = Math.max(0, -first); tap < weights.length && first + tap < samples.length; tap++) {
      sum += samples[first + tap] * weights[tap];
    }
    return sum;
  });
}

function kernel(offset, scale, reach) {
  return Float64Array.from({ length: 2 * reach }, (_, tap) => {
    const x = tap - reach + 1 - offset;
    const window = bessel(BETA * Math.sqrt(Math.max(0, 1 - ((x * scale) / ZEROS) ** 2))) / bessel(BETA);
    return scale * CUT * sinc(scale * CUT * x) * window;
  });
}

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The modified Bessel function of the first kind, of order 0. */
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let n = 1; term > sum * 1e-12; n++) sum += term *= (x / (2 * n)) ** 2;
  return sum;
}

function divisor(a, b) {
  while (b) [a, b] = [b, a % b];
  return a;
}
