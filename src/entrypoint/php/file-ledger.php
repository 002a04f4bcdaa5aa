<?php
declare(strict_types=1);

namespace Howdah;

/** The ledger of a site without a database: a JSON file and a lock in `.howdah` on its first shared volume. */
final class FileLedger implements Ledger
{
    /** @var string */
    private $directory;
    /** @var resource|null */
    private $handle = null;

    public function __construct(string $mount)
    {
        $this->directory = own_directory($mount);
    }

    public function read(string $step): ?array
    {
        return $this->rows()[$step] ?? null;
    }

    public function lock(): void
    {
        $this->handle = lock_file($this->directory . '/ledger.lock', 'ledger');
    }

    public function hasMigrated(): bool
    {
        foreach ($this->rows() as $step => $row) {
            if (strncmp($step, 'migrate:', 8) === 0 && in_array($row['state'], ['done', 'adopted'], true)) {
                return true;
            }
        }
        return false;
    }

    public function write(string $step, string $state, string $detail = '', string $runner = ''): void
    {
        $rows = $this->rows();
        $attempts = ($rows[$step]['attempts'] ?? 0) + ($state === 'started' || !isset($rows[$step]) ? 1 : 0);
        $rows[$step] = ['state' => $state, 'attempts' => $attempts, 'runner' => $runner === '' ? runner() : $runner, 'detail' => $detail, 'at' => gmdate('c')];
        write_file($this->directory . '/ledger.json', (string) json_encode($rows, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES));
    }

    public function keepAlive(): void
    {
    }

    /** Files can't tell: an application without a database is installed when the ledger says so. */
    public function isEmpty(): bool
    {
        return true;
    }

    public function fingerprint(): string
    {
        return '';
    }

    /** Nothing is taken away: the hook runs again on what is there. */
    public function clear(): void
    {
    }

    public function close(): void
    {
        if ($this->handle !== null) {
            fclose($this->handle);
            $this->handle = null;
        }
    }

    public function rows(): array
    {
        $rows = json_decode((string) @file_get_contents($this->directory . '/ledger.json'), true);
        return is_array($rows) ? $rows : [];
    }
}

/** A site that keeps nothing: its hooks run at each start, as their results are gone with the container. */
final class NoLedger implements Ledger
{
    public function read(string $step): ?array
    {
        return null;
    }

    public function lock(): void
    {
    }

    public function rows(): array
    {
        return [];
    }

    public function hasMigrated(): bool
    {
        return false;
    }

    public function write(string $step, string $state, string $detail = '', string $runner = ''): void
    {
    }

    public function keepAlive(): void
    {
    }

    public function isEmpty(): bool
    {
        return true;
    }

    public function fingerprint(): string
    {
        return '';
    }

    public function clear(): void
    {
    }

    public function close(): void
    {
    }
}
