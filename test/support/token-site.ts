import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { HowdahMachine } from "./howdah-machine.ts";

const SITE = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: shop}
spec:
  runtime: {php: "8.4"}
  web: {root: public, microcache: false}
  database: {}
  variables:
    JWT_PRIVATE_KEY: {secret: tenant-keys/private-key}
    JWT_KEY_ID: {secret: tenant-keys/key-id}
    JWT_KEYS: {secret: tenant-keys/jwks.json}
`;

/** `?issue` gives a token (ES256, by hand: no library is needed for a test); `?check=TOKEN` says whether a key of ours signed it. Either asks the database, too. */
const PAGE = `<?php
header('Cache-Control: no-store');
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), (int) getenv('DB_PORT'));
$db->query('SELECT 1');
if (isset($_GET['issue'])) {
    $words = bin2hex(random_bytes(8));
    openssl_sign($words, $signature, getenv('JWT_PRIVATE_KEY'), OPENSSL_ALGO_SHA256);
    exit(getenv('JWT_KEY_ID') . '.' . $words . '.' . bin2hex($signature));
}
if (!isset($_GET['check'])) exit('fine');
[$kid, $words, $signature] = explode('.', $_GET['check']);
foreach (json_decode(getenv('JWT_KEYS'), true)['keys'] as $key) {
    if ($key['kid'] !== $kid) continue;
    $point = "\\x04" . base64_decode(strtr($key['x'], '-_', '+/')) . base64_decode(strtr($key['y'], '-_', '+/'));
    $der = hex2bin('3059301306072a8648ce3d020106082a8648ce3d030107034200') . $point;
    $pem = "-----BEGIN PUBLIC KEY-----\\n" . chunk_split(base64_encode($der), 64, "\\n") . "-----END PUBLIC KEY-----\\n";
    exit(openssl_verify($words, hex2bin($signature), $pem, OPENSSL_ALGO_SHA256) === 1 ? 'good' : 'forged');
}
http_response_code(401);
echo 'unknown key ', $kid;
`;

/** A site that signs tokens with its tenant's keys and checks them. */
export async function tokenSite(machine: HowdahMachine): Promise<string> {
  const directory = join(machine.directory, "token-shop");
  await mkdir(join(directory, "public"), { recursive: true });
  await writeFile(join(directory, "howdah.yaml"), SITE);
  await writeFile(join(directory, "public/index.php"), PAGE);
  return directory;
}

/** Visitors that get a token and show it at once, at each of these sites: of one tenant, any of them takes a token of any other. */
export function tokenLoad(
  machine: HowdahMachine,
  hosts: readonly string[],
): { stop(): Promise<{ good: number; wrong: readonly string[] }> } {
  const over = new AbortController();
  const wrong: string[] = [];
  let good = 0;
  const ask = async (host: string, query: string, expected: RegExp): Promise<string> => {
    const { status, body } = await machine.get(host, `/?${query}`);
    if (status === 200 && expected.test(body)) good += 1;
    else wrong.push(`${host}: ${String(status)} ${body.slice(0, 120)}`);
    return body;
  };
  const loops = hosts.map(async (host) => {
    while (!over.signal.aborted) {
      const failed = (error: unknown): void => void wrong.push(String(error));
      const token = await ask(host, "issue", /^[\w-]+\.[0-9a-f]+\.[0-9a-f]+$/).catch(failed);
      if (token !== undefined) for (const other of hosts) await ask(other, `check=${token}`, /^good$/).catch(failed);
      await sleep(20);
    }
  });
  return {
    async stop() {
      over.abort();
      await Promise.all(loops);
      return { good, wrong };
    },
  };
}
