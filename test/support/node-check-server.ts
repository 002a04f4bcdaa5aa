import { createServer, type Server } from "node:http";
import { NODE_CHECK } from "../../src/render/router/node-check.ts";

/** Answers as a node's check does (src/render/router/node-check.ts), whatever `answer` says at that moment; null: not at all. */
export async function nodeCheckServer(address: string, port: number, answer: (path: string) => Promise<number | null>): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const known: readonly string[] = [NODE_CHECK.ready, NODE_CHECK.writer];
    void (known.includes(path) ? answer(path) : Promise.resolve(400)).then(
      (status) => (status === null ? request.socket.destroy() : response.writeHead(status).end()),
      () => response.writeHead(503).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port, exclusive: true }, resolve);
  });
  return server;
}
