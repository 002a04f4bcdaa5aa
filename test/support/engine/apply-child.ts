import { argv } from "node:process";
import { tinyDeployment } from "../../../src/engine/contract-objects.ts";
import { BEHAVE_IMAGE } from "./engine-images.ts";
import { openEngine } from "./test-machine.ts";

// A command that can be killed: applies the tiny site's Deployment with the text of the second argument.
const [, , instance = "", text = ""] = argv;
const { engine } = openEngine(instance);
const desired = tinyDeployment({ image: BEHAVE_IMAGE, behave: ["serve", text], preStop: 1 });
await engine.apply(
  "alpha",
  { do: "update", key: desired.key, desired, because: "test" },
  { emit: () => {}, signal: new AbortController().signal },
);
