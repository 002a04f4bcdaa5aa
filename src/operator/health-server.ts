import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { HowdahError } from "../kernel/howdah-error.ts";

/** What is asked of the process from outside. */
export interface HealthAnswers {
  readonly ready: () => boolean;
  readonly metrics: () => string;
}

/**
 * `/healthz` (the process answers), `/readyz` (everything was listed once) and `/metrics`. Nothing else, and nothing that changes anything. Answers
 * the port. Error: `machine/port-in-use`.
 */
export async function serveHealth(
  answers: HealthAnswers,
  at: { readonly port: number; readonly host: string },
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0];
    const ready = path === "/readyz" ? answers.ready() : true;
    const known = ["/healthz", "/readyz", "/metrics"].includes(path ?? "");
    const type = path === "/metrics" ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain; charset=utf-8";
    response.writeHead(known ? (ready ? 200 : 503) : 404, { "content-type": type });
    response.end(path === "/metrics" ? answers.metrics() : known ? (ready ? "ok\n" : "not listed yet\n") : "");
  });
  server.requestTimeout = 5000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const words = `The operator can't listen on port ${String(at.port)}: ${error.message}`;
      reject(error.code === "EADDRINUSE" ? new HowdahError("machine/port-in-use", words, { cause: error }) : error);
    });
    server.listen(at.port, at.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
