<?php
declare(strict_types=1);

namespace Howdah;

/**
 * Remembers which step of a site's life was begun and ended, for all replicas together, across crashes.
 * States of a step: `started` (begun, its end unknown), `done`, `failed`, `adopted` (there was data already), `interrupted` (cut off, and a
 * person must decide), `retry` (a person decided that it may run again).
 */
interface Ledger
{
    /** The step's row, or null. Needs no lock. @return array{state: string, attempts: int, runner: string, detail: string}|null */
    public function read(string $step): ?array;

    /** Waits until no other replica prepares. The lock is freed by close() or by our death. */
    public function lock(): void;

    /** @param string $runner who is meant; '' is us */
    public function write(string $step, string $state, string $detail = '', string $runner = ''): void;

    /** Every step, by name, oldest first. @return array<string, array{state: string, attempts: int, runner: string, detail: string, at: string}> */
    public function rows(): array;

    /** True when a migration came to its end on this data before. */
    public function hasMigrated(): bool;

    /** Called while a hook runs; throws when the lock is lost. */
    public function keepAlive(): void;

    /** True when the site has no data yet, the ledger not counted. */
    public function isEmpty(): bool;

    /** A mark that changes when anybody else changes the data's structure. */
    public function fingerprint(): string;

    /** Makes the data empty again. */
    public function clear(): void;

    public function close(): void;
}

/** Who we are, for people who read the ledger. */
function runner(): string
{
    return substr((gethostname() ?: 'unknown') . '/' . getmypid(), 0, 120);
}
