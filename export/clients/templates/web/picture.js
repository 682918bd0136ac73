// Pictures: from the photo library, dropped, pasted, or seen by the camera.

import { showTrouble } from "./answer.js";
import { pixelsOf } from "./pixels.js";

/** Sets up the page for pictures of a form; `classify([values], started)` shows the answer. */
export function setUp(form, classify) {
  const [camera, file, picture, video, hint, view] = ["camera", "file", "picture", "video", "hint", "view"].map(
    (id) => document.getElementById(id),
  );
  let stream = null;

  async function look(blob) {
    stop();
    showTrouble("");
    const started = performance.now();
    let bitmap;
    try {
      // As the file's pixels are: upright, and without a change of colours.
      bitmap = await createImageBitmap(blob, { imageOrientation: "from-image", colorSpaceConversion: "none" });
    } catch {
      showTrouble("This browser cannot open that picture.");
      return;
    }
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(blob);
    shown(picture);
    const values = pixelsOf(bitmap, bitmap.width, bitmap.height, form);
    bitmap.close();
    await classify([values], started);
  }

  async function start() {
    showTrouble("");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (error) {
      showTrouble(`The camera does not start: ${error.message}`);
      return;
    }
    video.srcObject = stream;
    await video.play();
    shown(video);
    camera.setAttribute("aria-pressed", "true");
    camera.textContent = "Stop";
    await watch();
  }

  async function watch() {
    document.getElementById("answer").setAttribute("aria-live", "off"); // It changes all the time.
    while (stream) {
      const started = performance.now();
      await classify([pixelsOf(video, video.videoWidth, video.videoHeight, form)], started);
      await new Promise(requestAnimationFrame);
    }
    document.getElementById("answer").setAttribute("aria-live", "polite");
  }

  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.pause(); // The last frame stays in sight, with its answer.
    camera.setAttribute("aria-pressed", "false");
    camera.textContent = "Camera";
  }

  function shown(element) {
    for (const other of [picture, video, hint]) other.hidden = other !== element;
  }

  camera.addEventListener("click", () => (stream ? stop() : start()));
  file.addEventListener("change", () => file.files[0] && look(file.files[0]));
  view.addEventListener("dragover", (event) => event.preventDefault());
  view.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) look(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files[0]) look(event.clipboardData.files[0]);
  });
  file.disabled = false;
  camera.disabled = !navigator.mediaDevices; // Browsers have cameras only for HTTPS, and for this very device.
  if (camera.disabled) camera.title = "The camera needs HTTPS. “Photo” can take one too.";
}
