import type { OperatorPorts } from "./operator-ports.ts";
import { needServer } from "./known-api.ts";

/** An operator's ports for looks at what is known. Whoever has something to log or to tell has something to do. */
export function knownPorts(ports: OperatorPorts, known: Pick<OperatorPorts, "api" | "portsFor">): OperatorPorts {
  return {
    ...ports,
    ...known,
    lookPortsFor: known.portsFor, // reading what is known costs nothing
    waitsUnwatched: () => needServer("wait for what nobody watches"),
    log: (_level, message) => needServer(message),
    tell: async (_object, { reason }) => needServer(reason),
  };
}
