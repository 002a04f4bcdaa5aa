import { createHash } from "node:crypto";
import {
  chmod,
  chown,
  link,
  lchown,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";

const OLD = new Date("2019-03-04T05:06:07.890Z");
const UPLOADS = 300;
/** Container users: MariaDB's and PHP's. */
const MYSQL = 999;
const WWW = 33;

/** Writes what volumes hold: a file like a database's, small uploads, and everything that a copy could lose. Every byte depends on the token. */
export async function fillTree(directory: string, token: string): Promise<void> {
  await writeFile(join(directory, "token"), token);
  await writeFile(join(directory, "ibdata1"), Buffer.alloc(8 * 1024 ** 2, token), { mode: 0o660 });
  const sparse = await open(join(directory, "sparse"), "w");
  await sparse.write(token, 3 * 1024 ** 2);
  await sparse.truncate(16 * 1024 ** 2);
  await sparse.close();
  const uploads = join(directory, "uploads", "2026");
  await mkdir(uploads, { recursive: true });
  for (let at = 0; at < UPLOADS; at += 1) await writeFile(join(uploads, `${String(at)}.txt`), `${token} ${String(at)}`.repeat(20));
  for (const name of ["-rf", "two\nlines", "ümlaut $(id) `id` \\ \"'", " "]) await writeFile(join(uploads, name), token);
  await link(join(uploads, "0.txt"), join(directory, "hard"));
  for (const [name, to] of [
    ["absolute", "/etc"],
    ["outside", "../../../../../../../etc/passwd"],
    ["nowhere", "gone"],
    ["inside", "uploads/2026"],
  ] as const)
    await symlink(to, join(directory, name));
  await mkdir(join(directory, "closed"));
  await writeFile(join(directory, "closed", "secret"), token, { mode: 0o600 });
  await run(["setfattr", "-n", "user.howdah", "-v", token, "--", join(directory, "ibdata1")]);
  for (const path of ["ibdata1", "token", "closed/secret", "closed"]) await chown(join(directory, path), MYSQL, MYSQL);
  await lchown(join(directory, "nowhere"), WWW, WWW);
  for (const [path, mode] of [
    ["uploads/2026/1.txt", 0o400],
    ["uploads/2026", 0o2775],
    ["closed", 0o000],
  ] as const)
    await chmod(join(directory, path), mode);
  await chown(directory, MYSQL, MYSQL);
  await chmod(directory, 0o750);
  for (const path of ["ibdata1", "uploads/2026", "closed", "."]) await utimes(join(directory, path), OLD, OLD);
  await lutimes(join(directory, "nowhere"), OLD, OLD);
}

/** All that users of a tree can see of it, one line for each path; times of reading and numbers of inodes left out. */
export async function describeTree(directory: string): Promise<readonly string[]> {
  const paths = [".", ...(await readdir(directory, { recursive: true }))].sort();
  const hard = new Map<number, string>();
  const lines = await Promise.all(paths.map((path) => describePath(directory, path)));
  const { stdout } = await run(["getfattr", "-R", "-h", "-P", "-d", "-m", "user", "--absolute-names", "--", directory]);
  return [
    ...lines.map(({ line, inode, links }) => (links < 2 ? line : `${line} is ${first(hard, inode, line)}`)),
    stdout.replaceAll(directory, ""),
  ];
}

function first(hard: Map<number, string>, inode: number, line: string): string {
  const known = hard.get(inode) ?? line;
  hard.set(inode, known);
  return known;
}

async function describePath(directory: string, path: string): Promise<{ line: string; inode: number; links: number }> {
  const at = join(directory, path);
  const { mode, uid, gid, size, mtimeMs, blocks, ino, nlink } = await lstat(at);
  const kind = mode & 0o170000;
  const content = kind === 0o100000 ? await digest(at) : kind === 0o120000 ? await readlink(at) : "";
  const holes = kind === 0o100000 && blocks * 512 < size / 2 ? "sparse" : "";
  const bytes = kind === 0o040000 ? "" : String(size); // of a directory it is the file system's business
  const words = [JSON.stringify(path), mode.toString(8), uid, gid, bytes, mtimeMs, content, holes];
  return { line: words.join(" "), inode: ino, links: kind === 0o100000 ? nlink : 1 };
}

async function digest(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex")
    .slice(0, 16);
}
