// Lets the service worker keep what the page loads from here on.

const LONGEST = 20_000; // Milliseconds that the page waits, at the first visit alone.

/** Returns whether the app is kept. Without HTTPS, or with a certificate of its own, it cannot be. */
export async function keepOffline() {
  if (!("serviceWorker" in navigator)) return false;
  if (navigator.serviceWorker.controller) {
    // This page is what was kept. If there is another by now, that takes its place.
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  }
  try {
    await navigator.serviceWorker.register("service-worker.js");
  } catch {
    return false;
  }
  if (navigator.serviceWorker.controller) return true;
  return new Promise((resolve) => {
    navigator.serviceWorker.addEventListener("controllerchange", () => resolve(true), { once: true });
    setTimeout(() => resolve(false), LONGEST);
  });
}
