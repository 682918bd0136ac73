// Keeps the app on the device, so that it opens without a network.

const OWN = `zoo ${self.registration.scope} `;
const CACHE = OWN + "{{ version }}";
// The runtime is kept when it is first asked for: a browser needs one of its three forms.
const FILES = {{ files | tojson(indent=2) }};

self.addEventListener("install", (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: "reload" }));
  const filled = caches.open(CACHE).then((cache) => cache.addAll(fresh));
  event.waitUntil(filled.then(() => self.skipWaiting())); // The page then loads itself anew.
});

self.addEventListener("activate", (event) => {
  event.waitUntil(removeEarlier().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const isOwn = event.request.url.startsWith(self.registration.scope);
  if (event.request.method === "GET" && isOwn) event.respondWith(kept(event.request));
});

async function removeEarlier() {
  const earlier = (await caches.keys()).filter((name) => name.startsWith(OWN) && name !== CACHE);
  await Promise.all(earlier.map((name) => caches.delete(name)));
}

async function kept(request) {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request, { ignoreSearch: true });
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
