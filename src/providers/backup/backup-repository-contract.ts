import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import type { BackupRepository } from "./backup-repository.ts";

/** A store that a test made, and how to open it with another password. */
export interface StoreOfTest {
  open(password: Secret): BackupRepository;
  remove(): Promise<void>;
}

/** What every store promises. */
export function backupRepositoryContract(name: string, start: () => Promise<StoreOfTest>): void {
  describe(`the store ${name}`, () => {
    const { signal } = new AbortController();
    let store: StoreOfTest;
    let repository: BackupRepository;
    let directory: string;
    const saved = async (id: string, file: string): Promise<string> => {
      const { stream, done } = repository.read(id, file, signal);
      const words = await text(stream);
      await done;
      return words;
    };

    beforeAll(async () => {
      store = await start();
      repository = store.open(new Secret("a password of the contract", "test"));
      directory = await mkdtemp(join(tmpdir(), "t-store-"));
    });
    afterAll(async () => {
      await rm(directory, { recursive: true, force: true });
      await store.remove();
    });

    it("is made once, and opened by its own password alone", { timeout: 120_000 }, async () => {
      expect(await repository.ensure(signal)).toBe(true);
      expect(await repository.ensure(signal)).toBe(false);
      await expect(store.open(new Secret("another password", "test")).ensure(signal)).rejects.toMatchObject({
        code: "backup/store-refused",
      });
    });

    it("gives back what was saved, and nothing of what was not whole", { timeout: 180_000 }, async () => {
      const part = await repository.save({ name: "a.sql", tags: ["site=a", "part=x"] }, async (sink) => void sink.write("whole\n"), signal);
      expect(await saved(part.id, "a.sql")).toBe("whole\n");
      const broken = repository.save(
        { name: "b.sql", tags: ["site=a", "part=y"] },
        async (sink) => {
          sink.write("half");
          throw new Error("it broke off");
        },
        signal,
      );
      await expect(broken).rejects.toThrow("it broke off");
      expect((await repository.list(["site=a"], signal)).map(({ tags }) => tags)).toEqual([["site=a", "part=x"]]);
    });

    it("keeps directories, and forgets what is no longer kept", { timeout: 180_000 }, async () => {
      const from = join(directory, "from");
      await mkdir(from);
      await writeFile(join(from, "one"), "1");
      const part = await repository.saveDirectory(from, ["site=b"], signal);
      await repository.readDirectory(part.id, from, join(directory, "to"), signal);
      expect(await readFile(join(directory, "to", from, "one"), "utf8")).toBe("1");
      await repository.forget([part.id], { prune: true }, signal);
      expect(await repository.list(["site=b"], signal)).toEqual([]);
      await repository.check({ everything: true }, signal);
    });
  });
}
