// The entry of the engine's worker. The engine posts its first message by itself when it is ready;
// a failure to load ends as the worker's `error` event on the page.
import init from "./engine-bindgen.js";

// A worker that replaces another is called so, and is given the module that the first one compiled.
const compiled =
  self.name === "compiled"
    ? await new Promise((resolve) => {
        self.addEventListener("message", (event) => resolve(event.data), { once: true });
      })
    : undefined;

await init(compiled === undefined ? undefined : { module_or_path: compiled });
