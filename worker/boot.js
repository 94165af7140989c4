// The entry of the engine's worker. The engine posts its first message by itself when it is ready;
// a failure to load ends as the worker's `error` event on the page.
import init from "./engine-bindgen.js";

await init();
