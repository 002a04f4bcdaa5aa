import type { Ports } from "../ports.ts";

/** An edge that does not answer by then is not alive. */
const ANSWER_MS = 2000;

/**
 * Names the program that has the way in's port (`apache2, process 812`), or undefined when the port is free or Howdah's own edge has it.
 * Asked before anything is made: images take minutes, a taken port is known at once.
 */
export async function foreignPortHolder(ports: Pick<Ports, "machine" | "http" | "settings">): Promise<string | undefined> {
  const { httpPort, bind } = ports.settings;
  const holder = await ports.machine.portHolder(httpPort, bind);
  if (holder === undefined || (await edgeAnswers(ports))) return undefined;
  // An edge that another command replaces at this moment is silent for a while and comes back as another process.
  return (await ports.machine.portHolder(httpPort, bind)) === holder ? holder : undefined;
}

/** Whether an edge of Howdah answers on the way in's port. */
async function edgeAnswers(ports: Pick<Ports, "http" | "settings">): Promise<boolean> {
  const { httpPort, bind } = ports.settings;
  const address = bind === "0.0.0.0" ? "127.0.0.1" : bind; // an address that listens for all is asked on this machine's own
  const connect = { address, port: httpPort };
  return ports.http.get("http://howdah.invalid/", { host: "howdah.invalid", connect, timeoutMs: ANSWER_MS }).then(
    (answer) => "x-howdah-edge" in answer.headers,
    () => false,
  );
}
