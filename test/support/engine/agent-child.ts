import { argv } from "node:process";
import { agentService } from "../../../src/agent/agent-service.ts";
import { memoryEngine } from "../../../src/engine/memory/memory-engine.ts";
import { agentParts } from "./agent-parts.ts";

// The agent of agent-service.test.ts, over an engine in memory.
const [, , instance = ""] = argv;
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
process.exitCode = await agentService(agentParts(instance)).serve({
  engine: memoryEngine(),
  signal: stop.signal,
  random: () => 0.5,
  log: (line) => void process.stdout.write(`${JSON.stringify(line)}\n`),
});
