import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`environment-mail.test.ts is skipped: ${why}\n`);

const SITE = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: letters}
spec:
  runtime: {php: "8.4"}
  web:
    root: public
    locations: {/: {passthru: true}}
    rewrites: [{from: "^/(.*)$", to: "/index.php", ifNoFile: true}]
  relationships: {smtp: {host: smtp.example.org, port: 587}}
  scale: {memory: 128Mi}
`;

/** An address for documentation: nobody has it. */
const NOBODY = "192.0.2.25";

/** `?mail=SUBJECT` calls mail(), `?speak=HOST:PORT` says a mail to a server, `?box` names the files of the mailbox. */
const PAGE = `<?php
if (isset($_GET['mail'])) exit(mail('customer@example.org', $_GET['mail'], '<b>Hello</b>', "From: shop@example.org\\r\\nContent-Type: text/html") ? 'sent' : 'refused');
if (isset($_GET['box'])) exit(json_encode(glob('/var/lib/howdah/mail/*.eml')));
if (!isset($_GET['speak'])) exit('letters');
[$host, $port] = explode(':', $_GET['speak']);
$socket = @fsockopen($host, (int) $port, $code, $words, 3);
if (!$socket) exit('unreachable');
$said = '';
foreach (['', 'EHLO shop', 'MAIL FROM:<shop@example.org>', 'RCPT TO:<customer@example.org>', 'DATA', "Subject: Said to $port\\r\\n\\r\\nHello\\r\\n.", 'QUIT'] as $line) {
    if ($line !== '') fwrite($socket, "$line\\r\\n");
    do { $answer = (string) fgets($socket); } while (($answer[3] ?? '') === '-');
    $said .= substr($answer, 0, 3) . ' ';
}
echo trim($said);
`;

interface Listed {
  readonly subject: string;
  readonly to: readonly string[];
  readonly by: string;
}

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("mails of environments", () => {
  let machine: HowdahMachine;
  const ask = async (environment: string, path: string): Promise<string> =>
    (await machine.get(`${environment}.letters.localhost`, path)).body.trim();
  const mails = async (environment: string, ...flags: readonly string[]): Promise<readonly Listed[]> =>
    JSON.parse((await machine.ok("mail", "ls", environment, "letters", "--output", "json", ...flags)).stdout);

  beforeAll(async () => {
    machine = await howdahMachine("letters", 18630);
    const code = join(machine.directory, "letters");
    await mkdir(join(code, "public"), { recursive: true });
    await writeFile(join(code, "howdah.yaml"), SITE);
    await writeFile(join(code, "public/index.php"), PAGE);
    await machine.ok("up", code);
    await machine.ok("env", "create", "one", "letters", "--fresh");
    await machine.ok("env", "create", "two", "letters", "--fresh");
  });
  afterAll(async () => {
    for (const name of ["one", "two"]) await machine?.howdah("env", "delete", name, "letters", "--yes");
    expect(await machine?.remove()).toEqual([]);
  });

  it("are caught from mail() and from whoever speaks to production's server, and no packet leaves", async () => {
    const pod = await podOf(machine, "letters--one");
    await using left = await countOutgoing(pod);
    expect(await ask("one", "/?mail=By+mail()")).toBe("sent");
    expect(await ask("one", "/?speak=smtp.example.org:25")).toBe("220 250 250 250 354 250 221");
    expect(await ask("one", "/?speak=smtp.example.org:587")).toBe("220 250 250 250 354 250 221");
    expect(await left()).toEqual({ ofPod: 0, ofMachine: 0 });
    // A server that nobody told us of: the pod asks for it, and the machine lets nothing out.
    expect(await ask("one", `/?speak=${NOBODY}:25`)).toBe("unreachable");
    const asked = await left();
    expect(asked.ofPod).toBeGreaterThan(0);
    expect(asked.ofMachine).toBe(0);
    expect((await mails("one")).map(({ subject, to, by }) => ({ subject, to, by }))).toEqual([
      { subject: "Said to 587", to: ["customer@example.org"], by: "smtp" },
      { subject: "Said to 25", to: ["customer@example.org"], by: "smtp" },
      { subject: "By mail()", to: ["customer@example.org"], by: "mail()" },
    ]);
  });

  it("are one environment's alone, and its web view's, which the site's rewrites don't touch", async () => {
    const { address } = await podOf(machine, "letters--one");
    expect(await ask("two", `/?speak=${address}:1025`)).toBe("unreachable");
    expect(await ask("two", `/?speak=${address}:25`)).toBe("unreachable");
    expect(await ask("two", "/?box")).toBe("[]");
    expect(await mails("two")).toEqual([]);
    expect(await ask("two", "/-/mail/")).toContain("Nothing yet");
    const page = await ask("one", "/-/mail/");
    expect(page).toContain("Said to 587");
    const [id = ""] =
      /\d{8}T\d{6}\.\d{6}-[0-9a-f]{8}(?="><span[^>]*>customer@example.org<\/span><span class="subject">By mail)/.exec(page) ?? [];
    const framed = await machine.get("one.letters.localhost", `/-/mail/${id}/html`);
    expect(framed.headers["content-security-policy"]).toContain("sandbox");
    expect(framed.body).toContain("<b>Hello</b>");
    // Production's own business: no view, and no mail() that nobody receives.
    expect((await machine.get("letters.localhost", "/-/mail/")).body).toBe("letters");
    expect((await machine.get("letters.localhost", "/?mail=x")).body).toBe("refused");
  });

  it("are there while the environment sleeps and after it woke, and can be waited for", async () => {
    await machine.ok("idle", "letters--one");
    expect((await mails("one")).length).toBe(3);
    expect((await machine.ok("mail", "open", "one", "letters")).stdout).toBe(
      `http://one.letters.localhost:${String(machine.port)}/-/mail/\n`,
    );
    const [found, answer] = await Promise.all([
      mails("one", "--wait-for", "after the SLEEP", "--timeout", "180s"),
      ask("one", "/?mail=After+the+sleep"),
    ]);
    expect(answer).toBe("sent");
    expect(found.map(({ subject }) => subject)).toEqual(["After the sleep"]);
    const { stdout } = await machine.ok(
      "run",
      "letters--one",
      "--",
      "php",
      "-r",
      "echo fsockopen('smtp.example.org', 25) ? 'heard' : 'no';",
    );
    expect(stdout).toContain("heard");
    await machine.ok("mail", "clear", "one", "letters", "--yes");
    expect(await mails("one")).toEqual([]);
    expect((await machine.howdah("mail", "ls", "one", "letters", "--wait-for", "never", "--timeout", "1s")).code).toBe(75);
  });
});

interface FoundPod {
  readonly pid: number;
  readonly address: string;
}

async function podOf(machine: HowdahMachine, namespace: string): Promise<FoundPod> {
  const instance = machine.environment["HOWDAH_INSTANCE"] ?? "";
  const { stdout: names } = await run(["podman", "ps", "--format", "{{.Names}}"]);
  const infra = names.split("\n").find((name) => name.startsWith(`${instance}.${namespace}.`) && name.endsWith("_infra")) ?? "";
  const format = "{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  const { stdout } = await run(["podman", "inspect", "--format", format, infra]);
  const [pid = "", address = ""] = stdout.trim().split(" ");
  return { pid: Number(pid), address };
}

type Counter = (() => Promise<{ readonly ofPod: number; readonly ofMachine: number }>) & AsyncDisposable;

/** Counts packets to ports of mail: those that leave the pod's network namespace, and those of the pod that leave the machine's firewall behind them. */
async function countOutgoing({ pid, address }: FoundPod): Promise<Counter> {
  const rule = ["-p", "tcp", "-m", "multiport", "--dports", "25,465,587,2525"];
  const inPod = ["nsenter", `--net=/proc/${String(pid)}/ns/net`, "iptables", "--wait", "30", "-t", "mangle"];
  const here = ["iptables", "--wait", "30", "-t", "mangle"];
  const ofPod = ["POSTROUTING", "!", "-o", "lo", ...rule];
  const ofMachine = ["POSTROUTING", "-s", `${address}/32`, ...rule];
  await run([...inPod, "-A", ...ofPod]);
  await run([...here, "-A", ...ofMachine]);
  const packets = async (argv: readonly string[], words: string): Promise<number> => {
    const { stdout } = await run([...argv, "-nvxL", "POSTROUTING"]);
    const line = stdout.split("\n").find((one) => one.includes(words) && one.includes("25,465,587,2525")) ?? "";
    return Number(line.trim().split(/\s+/)[0] ?? "NaN");
  };
  const count = async (): Promise<{ readonly ofPod: number; readonly ofMachine: number }> => ({
    ofPod: await packets(inPod, "multiport"),
    ofMachine: await packets(here, address),
  });
  return Object.assign(count, {
    [Symbol.asyncDispose]: async (): Promise<void> => void (await run([...here, "-D", ...ofMachine])),
  });
}
