// Opens the page without a network. It keeps the page's own files, whole and of one version, and the
// last answers that say who the viewer is and what the lake holds. The lake's files are none of its
// business: the engine keeps those.
//
// The build writes `const PAGE = { version, files }` above this: what the page consists of.

const PAGE_PREFIX = "lakefront-page-";
const PAGE_CACHE = PAGE_PREFIX + PAGE.version;
const VIEWER_CACHE = "lakefront-viewer";

const INDEX = "/index.html";
const SESSION = "/api/session";
const LOGIN = "/api/login";
const LOGOUT = "/api/logout";
const LAKE = "/lake/*";
const CATALOG = "/lake/_lakefront/catalog.json";

// What the page hears when the viewer logs out in another tab; `app/src/shell/keeper.rs` waits for it.
const LOGGED_OUT = "logged-out";

self.addEventListener("install", (event) => event.waitUntil(install(event)));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const answering = answer(event);
  if (answering !== null) event.respondWith(answering);
});

// Who answers; null leaves the request to the browser.
function answer(event) {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return null;
  if (request.method === "POST") {
    if (pathname === LOGIN) return logIn(request);
    return pathname === LOGOUT ? logOut(event) : null;
  }
  // A kept file is whole, and a range of it is for the server to cut.
  if (request.method !== "GET" || request.headers.has("Range")) return null;
  if (request.mode === "navigate") return isPage(pathname) ? page(event, pathname) : null;
  if (pathname === SESSION) return session(request);
  if (pathname === CATALOG) return catalog(request);
  return PAGE.files.includes(pathname) ? file(request, pathname) : null;
}

// ---- The page's own files

async function install(event) {
  await leaveLakeAlone(event);
  const cache = await caches.open(PAGE_CACHE);
  try {
    // Hashed files were just loaded by the page, so they come out of the browser's own cache.
    await Promise.all(PAGE.files.map(async (path) => {
      const mode = path.startsWith("/assets/") ? "default" : "no-cache";
      const response = await fetch(path, { cache: mode });
      if (!response.ok) throw new Error(`${path} was answered with status ${response.status}`);
      if (path === INDEX) await expectWhole(response.clone());
      await cache.put(path, response);
    }));
  } catch (error) {
    await caches.delete(PAGE_CACHE);
    throw error;
  }
  await self.skipWaiting();
}

// A server that is being replaced may send this script and the page of another version: the page
// would then open without a network and find no engine.
async function expectWhole(response) {
  const named = (await response.text()).match(/\/assets\/[\w.-]+/g) ?? [];
  const strange = named.find((path) => !PAGE.files.includes(path));
  if (strange !== undefined) throw new Error(`${strange} is of another version`);
}

// Ranges of data files need no detour, where the browser can be told so.
async function leaveLakeAlone(event) {
  if (event.addRoutes === undefined) return;
  const route = (pathname, source) => ({
    condition: { urlPattern: new URLPattern({ pathname }) },
    source,
  });
  try {
    await event.addRoutes([route(CATALOG, "fetch-event"), route(LAKE, "network")]);
  } catch (error) {
    console.warn("the lake's files take the detour over the service worker:", error);
  }
}

async function activate() {
  // A page of an older version that is still open has loaded what it needs; a worker that it starts
  // anew comes out of the browser's own cache.
  const old = (name) => name.startsWith(PAGE_PREFIX) && name !== PAGE_CACHE;
  await Promise.all((await caches.keys()).filter(old).map((name) => caches.delete(name)));
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
  await recall();
}

function isPage(pathname) {
  return pathname === "/" || pathname === "/admin" || pathname.startsWith("/admin/");
}

// The server's page names its own version of every other file, and the one that is kept names those
// that are kept with it: no page ever starts an engine of another version.
async function page(event, pathname) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch (error) {
    const kept = await keptFile(INDEX);
    if (kept === undefined) throw error;
    return pathname === "/" ? Response.redirect("/admin") : kept;
  }
}

// Of a module that comes over the network the browser also keeps the compiled code, so the kept copy
// is for when the browser's own is gone and the network away.
async function file(request, pathname) {
  if (!pathname.endsWith(".wasm")) return (await keptFile(pathname)) ?? fetch(request);
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await keptFile(pathname);
    if (kept === undefined) throw error;
    return kept;
  }
}

function keptFile(path) {
  return caches.match(path, { cacheName: PAGE_CACHE, ignoreVary: true });
}

// ---- The viewer

// Counts who came and went: an answer that was asked for before is not kept after.
let era = 0;

// One change of what is kept after the other.
let turn = Promise.resolve();
function inTurn(change) {
  turn = turn.then(change, change);
  return turn;
}

function keep(path, response, asked) {
  return inTurn(async () => {
    if (asked !== era) return;
    const cache = await caches.open(VIEWER_CACHE);
    await cache.put(path, response);
  });
}

// From now on nobody is there, or another viewer: `text` is what a session is answered with.
function begin(text) {
  era += 1;
  return inTurn(async () => {
    await caches.delete(VIEWER_CACHE);
    const cache = await caches.open(VIEWER_CACHE);
    await cache.put(SESSION, json(text));
  });
}

function json(text) {
  return new Response(text, { headers: { "Content-Type": "application/json" } });
}

async function kept(path) {
  await turn.catch(() => undefined);
  return caches.match(path, { cacheName: VIEWER_CACHE, ignoreVary: true });
}

// Whom the last answer named; null for nobody. A session ends by its own clock here as well.
async function keptViewer() {
  const viewer = (await (await kept(SESSION))?.json()) ?? null;
  return viewer !== null && viewer.expires_at_us > Date.now() * 1000 ? viewer : null;
}

async function session(request) {
  const asked = era;
  let response;
  try {
    response = await fetch(request);
  } catch (error) {
    if ((await kept(SESSION)) === undefined) throw error;
    return json(JSON.stringify(await keptViewer()));
  }
  if (isRefusal(response)) {
    await begin("null");
  } else if (isAnswer(response)) {
    const copy = response.clone();
    const viewer = await response.clone().json();
    const isSame = viewer !== null && viewer.user === (await keptViewer())?.user;
    if (isSame) await keep(SESSION, copy, asked);
    else if (asked === era) await begin(JSON.stringify(viewer));
  }
  return response;
}

async function catalog(request) {
  const asked = era;
  let response;
  try {
    response = await fetch(request);
  } catch (error) {
    const known = (await keptViewer()) === null ? undefined : await kept(CATALOG);
    if (known === undefined) throw error;
    return known;
  }
  if (isRefusal(response)) await begin("null");
  else if (isAnswer(response)) await keep(CATALOG, response.clone(), asked);
  return response;
}

function isRefusal(response) {
  return response.status === 401 || response.status === 403;
}

// What stands between the browser and the server, such as a hotel's log-in, answers in HTML.
function isAnswer(response) {
  const type = response.headers.get("Content-Type") ?? "";
  return response.ok && !response.redirected && type.startsWith("application/json");
}

async function logIn(request) {
  const response = await fetch(request);
  if (isAnswer(response)) await begin(await response.clone().text());
  return response;
}

async function logOut(event) {
  const response = await fetch(event.request);
  if (response.ok) {
    await begin("null");
    for (const client of await self.clients.matchAll({ type: "window" })) {
      if (client.id !== event.clientId) client.postMessage(LOGGED_OUT);
    }
  }
  return response;
}

// What the page asked before this worker was there.
async function recall() {
  try {
    await session(new Request(SESSION));
    if ((await keptViewer()) !== null) await catalog(new Request(CATALOG));
  } catch {
    // The network went away: nothing is kept of the viewer yet.
  }
}
