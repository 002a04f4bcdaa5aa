import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A double of S3, not S3: objects in memory, the five requests that restic makes, no check of signatures. What is shown with it is that restic and
 * Howdah speak the protocol and take refusals for what they are, not how a real service behaves.
 */
export interface S3Double {
  readonly port: number;
  readonly objects: Map<string, Buffer>;
  /** Every request is answered with this from now on: `ExpiredToken`. */
  refuse(code: string | null): void;
  remove(): Promise<void>;
}

export async function s3Double(): Promise<S3Double> {
  const objects = new Map<string, Buffer>();
  const buckets = new Set<string>();
  let refusal: string | null = null;
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://double");
    const body = await bodyOf(request);
    const [bucket = "", ...rest] = decodeURIComponent(url.pathname).slice(1).split("/");
    const key = rest.join("/");
    if (refusal !== null)
      return xml(response, 403, `<Error><Code>${refusal}</Code><Message>The provided token has expired.</Message></Error>`);
    if (key === "") return ofBucket(bucket, { request, response, url });
    const name = `${bucket}/${key}`;
    const found = objects.get(name);
    if (request.method === "PUT") {
      objects.set(name, body);
      return head(response, 200, { etag: etag(body) });
    }
    if (request.method === "DELETE") {
      objects.delete(name);
      return head(response, 204, {});
    }
    if (found === undefined) return xml(response, 404, "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>");
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const from = range === null ? 0 : Number(range[1]);
    const to = range?.[2] ? Math.min(Number(range[2]) + 1, found.length) : found.length;
    const part = found.subarray(from, to);
    const facts = { etag: etag(found), "last-modified": new Date(0).toUTCString(), "content-length": String(part.length) };
    response.writeHead(range === null ? 200 : 206, {
      ...facts,
      "content-range": `bytes ${String(from)}-${String(to - 1)}/${String(found.length)}`,
    });
    response.end(request.method === "HEAD" ? undefined : part);
  }

  function ofBucket(bucket: string, { request, response, url }: { request: IncomingMessage; response: ServerResponse; url: URL }): void {
    if (url.searchParams.has("location")) return xml(response, 200, "<LocationConstraint></LocationConstraint>");
    if (request.method === "PUT") {
      buckets.add(bucket);
      return head(response, 200, {});
    }
    if (request.method === "HEAD") return head(response, buckets.has(bucket) ? 200 : 404, {});
    const prefix = url.searchParams.get("prefix") ?? "";
    const names = [...objects.keys()].filter((name) => name.startsWith(`${bucket}/${prefix}`)).sort();
    const entries = names.map((name) => {
      const data = objects.get(name) ?? Buffer.alloc(0);
      return `<Contents><Key>${name.slice(bucket.length + 1)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>${etag(data)}</ETag><Size>${String(data.length)}</Size></Contents>`;
    });
    xml(response, 200, `<ListBucketResult><Name>${bucket}</Name><IsTruncated>false</IsTruncated>${entries.join("")}</ListBucketResult>`);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    objects,
    refuse: (code) => {
      refusal = code;
    },
    async remove() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The body; one that is signed in pieces (`aws-chunked`) without its signatures. */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const whole = Buffer.concat(pieces);
  if (!String(request.headers["x-amz-content-sha256"]).startsWith("STREAMING-")) return whole;
  const data: Buffer[] = [];
  for (let at = 0; at < whole.length; ) {
    const end = whole.indexOf("\r\n", at);
    const size = Number.parseInt(whole.subarray(at, end).toString("latin1"), 16);
    data.push(whole.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
    if (size === 0) break;
  }
  return Buffer.concat(data);
}

function etag(data: Buffer): string {
  return `"${createHash("md5").update(data).digest("hex")}"`;
}

function head(response: ServerResponse, status: number, headers: Record<string, string>): void {
  response.writeHead(status, { "content-length": "0", ...headers });
  response.end();
}

function xml(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
}
