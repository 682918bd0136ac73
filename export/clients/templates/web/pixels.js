// The pixels that the model takes, by the arithmetic that its training used (Pillow's).

const STRIP = 256; // Rows that a canvas holds at a time: phones limit its size.
const BITS = 22; // Of the fixed-point weights.
const SOURCE = 4; // Numbers of a canvas's pixel: red, green, blue, alpha.

/**
 * Returns the pixels of a picture: scaled as the form says, its middle cut out.
 *
 * @param source What a canvas can draw, `wide` × `high` pixels.
 * @param form Its `shape` (height, width, channels), `resize` and `interpolation`.
 * @returns Float32Array of height × width × channels, from 0 to 255.
 */
export function pixelsOf(source, wide, high, form) {
  const [height, width, channels] = form.shape;
  const [scaledWide, scaledHigh] = scaledSize(wide, high, form);
  const columns = taps(wide, scaledWide, middle(scaledWide, width), width, form);
  const rows = taps(high, scaledHigh, middle(scaledHigh, height), height, form);
  const top = Math.min(...rows.map(({ first }) => first));
  const bottom = Math.max(...rows.map(({ first, weights }) => first + weights.length));
  const narrow = new Uint8Array((bottom - top) * width * channels);
  const canvas = document.createElement("canvas");
  canvas.width = wide;
  canvas.height = Math.min(STRIP, bottom - top);
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  for (let start = top; start < bottom; start += STRIP) {
    const count = Math.min(STRIP, bottom - start);
    drawing.fillStyle = "white"; // What is transparent is seen on white.
    drawing.fillRect(0, 0, wide, count);
    drawing.drawImage(source, 0, -start);
    const strip = drawing.getImageData(0, 0, wide, count).data;
    if (channels === 1) makeGrey(strip);
    for (let row = 0; row < count; row++) {
      narrowed(strip, row * wide * SOURCE, columns, channels, narrow, (start - top + row) * width * channels);
    }
  }
  return lowered(narrow, top, rows, width * channels);
}

function scaledSize(wide, high, { shape: [height, width], resize }) {
  if (resize === null) return [width, height];
  const shorter = Math.min(wide, high);
  return [
    Math.max(width, Math.floor((resize * wide) / shorter)),
    Math.max(height, Math.floor((resize * high) / shorter)),
  ];
}

/** Returns where the middle begins. Halves go to the even number, as Python rounds. */
function middle(whole, part) {
  const half = (whole - part) / 2;
  return half % 1 === 0.5 ? 2 * Math.round(half / 2) : Math.round(half);
}

/** Returns for each of `count` scaled pixels, from the one at `start` on, what it is the mean of. */
function taps(size, scaled, start, count, { interpolation }) {
  const scale = size / scaled;
  if (interpolation === "nearest") return nearest(scale, start, count);
  return Array.from({ length: count }, (_, index) => {
    const centre = (start + index + 0.5) * scale;
    const stretch = Math.max(1, scale); // Where a picture shrinks, all its pixels count.
    const [reach, kernel] = KERNELS[interpolation];
    const first = Math.max(0, Math.floor(centre - reach * stretch + 0.5));
    const end = Math.min(size, Math.floor(centre + reach * stretch + 0.5));
    const plain = Array.from({ length: end - first }, (_, tap) =>
      kernel((first + tap - centre + 0.5) * (1 / stretch)),
    );
    const sum = plain.reduce((total, weight) => total + weight, 0);
    return { first, weights: plain.map((weight) => fixed(weight / sum)) };
  });
}

/** Adds up the steps, as Pillow does: a product would fall on the other side of some edges. */
function nearest(scale, start, count) {
  const all = [];
  for (let centre = scale / 2; all.length < start + count; centre += scale) {
    all.push({ first: Math.floor(centre), weights: [1 << BITS] });
  }
  return all.slice(start);
}

const fixed = (weight) => Math.trunc(weight * (1 << BITS) + (weight < 0 ? -0.5 : 0.5));

const KERNELS = {
  bilinear: [1, (x) => Math.max(0, 1 - Math.abs(x))],
  bicubic: [2, (x) => cubic(Math.abs(x), -0.5)],
  lanczos: [3, (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0)],
};

function cubic(x, a) {
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

function makeGrey(strip) {
  for (let at = 0; at < strip.length; at += SOURCE) {
    strip[at] = (19595 * strip[at] + 38470 * strip[at + 1] + 7471 * strip[at + 2] + 32768) >> 16;
  }
}

/** Scales a row of the strip. */
function narrowed(strip, at, columns, channels, narrow, to) {
  for (const { first, weights } of columns) {
    for (let channel = 0; channel < channels; channel++) {
      let sum = 1 << (BITS - 1);
      let from = at + first * SOURCE + channel;
      for (const weight of weights) {
        sum += strip[from] * weight;
        from += SOURCE;
      }
      narrow[to++] = clipped(sum);
    }
  }
}

/** Scales the columns of what has its final width. */
function lowered(narrow, top, rows, length) {
  const values = new Float32Array(rows.length * length);
  rows.forEach(({ first, weights }, row) => {
    for (let column = 0; column < length; column++) {
      let sum = 1 << (BITS - 1);
      let from = (first - top) * length + column;
      for (const weight of weights) {
        sum += narrow[from] * weight;
        from += length;
      }
      values[row * length + column] = clipped(sum);
    }
  });
  return values;
}

const clipped = (sum) => Math.min(255, Math.max(0, Math.floor(sum / (1 << BITS))));
