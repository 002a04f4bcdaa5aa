import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../../src/providers/process.ts";

/** A comment of a merge request. */
export interface PlatformComment {
  readonly id: number;
  body: string;
}

/** A GitHub Enterprise Server or a GitLab of a test, with one project, its repository and one merge request. */
export interface CodePlatform {
  /** `http://127.0.0.1:PORT` */
  readonly web: string;
  readonly comments: PlatformComment[];
  /** `METHOD PATH` of each call of the API. */
  readonly calls: string[];
  readonly mergeRequest: { state: string; commit: string; isFork: boolean };
  /** Statuses that the next calls of the API get. */
  readonly statuses: number[];
  /** Makes a commit of files and answers it. */
  commit(files: Readonly<Record<string, string>>): Promise<string>;
  stop(): Promise<void>;
}

/** What the platform knows a caller by. */
export const PLATFORM_TOKEN = "token-of-a-test";

/** Starts it. Both kinds of API are there: acme/shop at GitHub, acme/web/shop at GitLab, number 12. */
export async function codePlatform(): Promise<CodePlatform> {
  const directory = await mkdtemp(join(tmpdir(), "howdah-platform-"));
  const tree = join(directory, "tree");
  const git = async (...argv: readonly string[]): Promise<string> => {
    const who = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"];
    return (await run(["git", ...who, "-C", tree, ...argv])).stdout.trim();
  };
  await mkdir(tree, { recursive: true });
  await git("init", "--quiet");
  const known: Omit<CodePlatform, "web" | "stop" | "commit"> = {
    ...{ comments: [], calls: [], statuses: [] },
    mergeRequest: { state: "open", commit: "", isFork: false },
  };
  const server = createServer((request, response) => {
    if (/^\/(acme|other)\//.test(request.url ?? "")) serveGit(tree, request, response);
    else void serveApi(known, request, response);
  });
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...known,
    web: `http://127.0.0.1:${String(port)}`,
    async commit(files) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(tree, path)), { recursive: true });
        await writeFile(join(tree, path), text);
      }
      await git("add", ".");
      await git("commit", "--quiet", "--message=x");
      known.mergeRequest.commit = await git("rev-parse", "HEAD");
      return known.mergeRequest.commit;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

async function serveApi(
  known: Omit<CodePlatform, "web" | "stop" | "commit">,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "", url = "", headers } = request;
  let text = "";
  for await (const part of request as AsyncIterable<Buffer>) text += part.toString("utf8");
  known.calls.push(`${method} ${url}`);
  const [status, body] = answerOf(known, {
    method,
    path: url.split("?")[0] ?? "",
    headers,
    body: text === "" ? undefined : JSON.parse(text),
  });
  response.writeHead(status, { "content-type": "application/json", ...(status === 301 ? { location: "http://127.0.0.1:1/" } : {}) });
  response.end(JSON.stringify(body));
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: { readonly body: string } | undefined;
}

/** Shapes of docs.github.com/rest and docs.gitlab.com/api. */
function answerOf(
  { mergeRequest, comments, statuses }: Pick<CodePlatform, "mergeRequest" | "comments" | "statuses">,
  { method, path, headers, body }: Call,
): readonly [number, unknown] {
  const status = statuses.shift();
  if (status !== undefined) return [status, { message: "no" }];
  if (headers.authorization !== `Bearer ${PLATFORM_TOKEN}` && headers["private-token"] !== PLATFORM_TOKEN)
    return [401, { message: "Bad credentials" }];
  const { state, commit, isFork } = mergeRequest;
  if (/^\/api\/v3\/repos\/acme\/shop$|^\/api\/v4\/projects\/acme%2Fweb%2Fshop$/.test(path)) return [200, { id: 1 }];
  if (path === "/api/v3/repos/acme/shop/pulls/12") {
    const [base, fork] = [{ full_name: "acme/shop" }, { full_name: "other/shop" }];
    return [200, { number: 12, state, head: { sha: commit, ref: "x", repo: isFork ? fork : base }, base: { ref: "main", repo: base } }];
  }
  if (path === "/api/v4/projects/acme%2Fweb%2Fshop/merge_requests/12")
    return [
      200,
      { iid: 12, state: state === "open" ? "opened" : "merged", sha: commit, source_project_id: isFork ? 2 : 1, target_project_id: 1 },
    ];
  if (/^\/api\/v3\/repos\/acme\/shop\/issues\/12\/comments$|^\/api\/v4\/projects\/acme%2Fweb%2Fshop\/merge_requests\/12\/notes$/.test(path))
    return method === "POST" ? [201, addTo(comments, body?.body ?? "")] : [200, comments];
  const [, id] = /\/(?:comments|notes)\/(\d+)$/.exec(path) ?? [];
  const found = comments.find((one) => String(one.id) === id);
  if (found === undefined || body === undefined) return [404, { message: "Not Found" }];
  found.body = body.body;
  return [200, found];
}

function addTo(comments: PlatformComment[], body: string): PlatformComment {
  const made = { id: 1000 + comments.length, body };
  comments.push(made);
  return made;
}

/** git's own program for it, as CGI. */
function serveGit(tree: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "", "http://x");
  const password = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64")
    .toString("utf8")
    .split(":")[1];
  if (password !== PLATFORM_TOKEN) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
    return;
  }
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: join(tree, ".git"),
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: url.pathname.replace(/^.*?\.git\//, "/"),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      REMOTE_USER: "t",
    },
  });
  request.pipe(child.stdin);
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  child.once("close", () => {
    const said = Buffer.concat(parts);
    const at = said.indexOf("\r\n\r\n");
    const lines = said.subarray(0, at).toString("latin1").split("\r\n");
    const fields = lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()] as const);
    const status = Number(fields.find(([name]) => name === "Status")?.[1].slice(0, 3) ?? 200);
    response.writeHead(status, Object.fromEntries(fields.filter(([name]) => name !== "Status")));
    response.end(said.subarray(at + 4));
  });
}
