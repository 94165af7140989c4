import start from "./check.js";
start().catch((error) => postMessage(`${error}`));
