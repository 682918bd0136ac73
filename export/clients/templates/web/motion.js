// The motion sensors of the device, as the channels that a model learnt.

const AXES = ["x", "y", "z"];
const TURNS = ["alpha", "beta", "gamma"]; // As browsers name turning about these.
const LENGTHS = { "m/s²": 1, g: 1 / 9.80665 };
const ANGLES = { "°/s": 1, "rad/s": Math.PI / 180 };
const MEASURED = {
  accelerationIncludingGravity: { name: "acceleration with gravity", axes: AXES, units: LENGTHS },
  acceleration: { name: "acceleration", axes: AXES, units: LENGTHS },
  rotationRate: { name: "turning", axes: TURNS, units: ANGLES },
};

/** What a channel can be: each with a `text` for a person, and `read(event)`. */
export const CHOICES = Object.entries(MEASURED).flatMap(([key, { name, axes, units }]) =>
  Object.entries(units).flatMap(([unit, factor]) =>
    axes.map((axis, at) => ({
      key,
      axis: AXES[at],
      text: `${name} ${AXES[at]}, ${unit}`,
      read: (event) => (event[key]?.[axis] ?? NaN) * factor,
    })),
  ),
);

/** Returns the place in `CHOICES` that the name of a channel suggests; -1 if it suggests none. */
export function guessed(channel) {
  const name = channel.toLowerCase();
  const angle = TURNS.indexOf(name);
  const names = (axis) => new RegExp(`(^|[^a-z])${axis}([^a-z]|$)`).test(name) || name.endsWith(axis);
  const axis = AXES[angle] ?? AXES.find(names);
  const turns = angle >= 0 || /gyr|rot|turn|omega|angular/.test(name) || /^[gw]_?[xyz]$/.test(name);
  const key = turns ? "rotationRate" : /lin|user/.test(name) ? "acceleration" : "accelerationIncludingGravity";
  return CHOICES.findIndex((choice) => choice.axis === axis && choice.key === key);
}

export const hasSensors = () => typeof DeviceMotionEvent !== "undefined" && window.isSecureContext;

/**
 * Starts the sensors.
 *
 * @param reads A function for each channel, which takes an event.
 * @param seconds How much is kept.
 * @returns `log()`, with the `times` and `values` that are kept, and `end()`.
 */
export async function sensing(reads, seconds) {
  if (DeviceMotionEvent.requestPermission && (await DeviceMotionEvent.requestPermission()) !== "granted") {
    throw new Error("they are not allowed");
  }
  let rows = [];
  const keep = (event) => {
    const values = reads.map((read) => read(event));
    const time = event.timeStamp / 1000;
    if (values.some(Number.isNaN) || time <= rows.at(-1)?.time) return;
    rows = [...rows.filter((row) => row.time >= time - seconds), { time, values }];
  };
  addEventListener("devicemotion", keep);
  return {
    log: () => ({
      times: rows.map(({ time }) => time),
      values: reads.map((_, at) => rows.map(({ values }) => values[at])),
    }),
    end: () => removeEventListener("devicemotion", keep),
  };
}
