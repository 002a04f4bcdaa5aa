import { engineContract } from "../engine-contract.ts";
import { behave } from "../testing/behave.ts";
import { memoryEngine } from "./memory-engine.ts";

engineContract("memory", () => {
  const engine = memoryEngine(behave);
  return Promise.resolve({
    engine,
    image: "test",
    ask: (hostname) => Promise.resolve(engine.ask(hostname)),
    kill: (namespace, workload) => Promise.resolve(engine.kill(namespace, workload)),
    show: () => Promise.resolve(""),
    stop: () => Promise.resolve(),
  });
});
