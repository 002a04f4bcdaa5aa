/** One GET to a pod. */
export interface HttpQuestion {
  readonly address: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How much of the body to read, in characters; 0: the status is enough. */
  readonly bodyLimit: number;
  readonly signal: AbortSignal;
}

/**
 * Asks a pod once, over a connection of its own, and follows no redirect. Rejects with what the socket says. The HTTP client is loaded by
 * the first question: it costs 20 ms of CPU, and most commands ask nothing.
 */
export async function httpAsk(question: HttpQuestion): Promise<{ readonly status: number; readonly body: string }> {
  const { address, port, path, headers, bodyLimit, signal } = question;
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    const asked = request({ host: address, port, path, headers: { ...headers, connection: "close" }, agent: false, signal }, (response) => {
      let body = "";
      const finish = (): void => {
        resolve({ status: response.statusCode ?? 0, body: body.slice(0, bodyLimit) });
        asked.destroy();
      };
      response.once("error", reject);
      if (bodyLimit === 0) return finish();
      response.once("end", finish).setEncoding("utf8");
      response.on("data", (text: string) => {
        body += text;
        if (body.length >= bodyLimit) finish();
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}
