import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";
import type { HowdahMachine } from "../../test/support/howdah-machine.ts";
import { debianTree } from "../support/debian-tree.ts";

/** One way of serving the application, as the load sees it. */
export interface Side {
  readonly name: string;
  /** Address without a path. */
  readonly origin: string;
  /** nginx and PHP; the database is the same for all. */
  readonly containers: readonly string[];
}

/** A WordPress that `howdah up` runs, filled and ready to be measured. */
export interface OurSite {
  readonly namespace: string;
  readonly host: string;
  readonly images: { readonly web: string; readonly php: string };
  readonly phpContainer: string;
  /** nginx in the pod, without the edge. */
  readonly direct: Side;
  readonly throughEdge: Side;
  /** Cookie header of the signed-in administrator. */
  readonly cookie: string;
}

const NAME = "bench";

/** 60 posts of some paragraphs, five comments each: a home page of the size that sites have. */
const FILL = String.raw`require "/srv/web/wp-load.php";
if (wp_count_posts()->publish < 60) for ($i = 1; $i <= 60; $i++) {
  $text = str_repeat("<!-- wp:paragraph --><p>" . str_repeat("Words of post $i. ", 40) . "</p><!-- /wp:paragraph -->\n\n", 6);
  $id = wp_insert_post(["post_title" => "Post $i", "post_content" => $text, "post_status" => "publish", "post_author" => 1]);
  for ($c = 0; $c < 5; $c++) wp_insert_comment(["comment_post_ID" => $id, "comment_content" => "Comment $c", "comment_author" => "Visitor $c", "comment_approved" => 1]);
}
echo wp_count_posts()->publish;`;

interface UpAnswer {
  readonly images: { readonly web: string; readonly php: string };
  readonly credentials: { readonly user: string; readonly password: string };
}

/**
 * Brings WordPress of Debian trixie up with the defaults, with the block editor's script of Debian bookworm at `script`; adds posts, signs in.
 * `php` is another version than `init` chooses.
 */
export async function ourSide(machine: HowdahMachine, instance: string, script: string, php?: string): Promise<OurSite> {
  const root = await machine.app("trixie", "wordpress", "wordpress-theme-twentytwentyfive");
  const code = join(root, "usr/share/wordpress");
  const bookworm = await debianTree("bookworm", "wordpress", ["wordpress"]);
  if (bookworm === undefined) throw new Error("Debian bookworm has no package wordpress");
  await copyFile(join(bookworm, "usr/share/wordpress/wp-includes/js/dist/block-editor.min.js"), join(code, script));
  await machine.ok("init", code, "--yes", "--name", NAME);
  if (php !== undefined) await choosePhp(join(code, "howdah.yaml"), php);
  const up = JSON.parse((await machine.ok("up", code, "--output", "json")).stdout) as UpAnswer;
  await machine.ok("exec", NAME, "php", "-r", FILL);
  const prefix = `${instance}.${NAME}.web.`;
  const { stdout } = await run(["podman", "ps", "--format", "{{.Names}}", "--filter", `name=${prefix}`]);
  const containers = stdout.split("\n").filter((name) => /\.(web|php)$/.test(name));
  const pod = stdout.split("\n").find((name) => name.endsWith("._infra")) ?? "";
  const host = `${NAME}.localhost`;
  return {
    namespace: `${instance}.${NAME}`,
    host: `${host}:${machine.port}`,
    images: up.images,
    phpContainer: containers.find((name) => name.endsWith(".php")) ?? "",
    direct: { name: "Howdah", origin: `http://${await addressOf(pod)}:8080`, containers },
    throughEdge: {
      name: "Howdah through its edge",
      origin: `http://127.0.0.1:${machine.port}`,
      containers: [...containers, `${instance}.edge`],
    },
    cookie: await signIn(machine, host, up.credentials),
  };
}

async function choosePhp(file: string, version: string): Promise<void> {
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace(/^( *php: ).*$/m, `$1"${version}"`));
}

/** The first address of a container on a bridge network. */
export async function addressOf(container: string): Promise<string> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
  return (await run(["podman", "inspect", "--format", format, container])).stdout.trim().split(" ")[0] ?? "";
}

async function signIn(machine: HowdahMachine, host: string, who: UpAnswer["credentials"]): Promise<string> {
  const body = new URLSearchParams({ log: who.user, pwd: who.password, testcookie: "1" }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded", cookie: "wordpress_test_cookie=WP%20Cookie%20check" };
  const answer = await machine.get(host, "/wp-login.php", { method: "POST", headers, body });
  const cookies = [answer.headers["set-cookie"] ?? []].flat().map((cookie) => cookie.split(";")[0] ?? "");
  const signedIn = cookies.filter((cookie) => cookie.startsWith("wordpress_logged_in_"));
  if (signedIn.length === 0) throw new Error(`Signing in failed: ${answer.status}`);
  return signedIn.join("; ");
}
