<?php
declare(strict_types=1);

namespace Howdah;

/**
 * The ledger in the site's own database. The lock is a row lock in an open transaction on a connection of its own: the server frees it
 * when we die. GET_LOCK would not do: on Galera two nodes grant the same name at once, while a row is certified through the one writer.
 */
final class DatabaseLedger implements Ledger
{
    private const TABLE = 'howdah_ledger';
    /** @var array */
    private $address;
    /** @var \mysqli */
    private $link;
    /** @var \mysqli|null */
    private $lock = null;
    /** @var float */
    private $pinged = 0.0;

    public function __construct(array $address)
    {
        $this->address = $address;
        $this->link = connect($address, 30);
        $this->createTable();
    }

    public function read(string $step): ?array
    {
        $query = $this->link->prepare('SELECT state, attempts, COALESCE(runner, \'\'), COALESCE(detail, \'\') FROM ' . self::TABLE . ' WHERE step = ?');
        $query->bind_param('s', $step);
        $query->execute();
        $query->bind_result($state, $attempts, $runner, $detail);
        $found = $query->fetch();
        $query->close();
        return $found ? ['state' => $state, 'attempts' => (int) $attempts, 'runner' => $runner, 'detail' => $detail] : null;
    }

    public function lock(): void
    {
        $this->link->query('INSERT IGNORE INTO ' . self::TABLE . " (step, state) VALUES ('lock', 'lock')");
        $this->lock = connect($this->address, 30);
        $this->lock->query('SET SESSION innodb_lock_wait_timeout = 2');
        // Nothing of the server may end our transaction while a long hook runs.
        $this->lock->query('SET SESSION wait_timeout = 28800');
        $told = 0.0;
        for (;;) {
            check_stop();
            $this->lock->begin_transaction();
            try {
                $this->lock->query('SELECT step FROM ' . self::TABLE . " WHERE step = 'lock' FOR UPDATE")->free();
                return;
            } catch (\mysqli_sql_exception $error) {
                if (!in_array($error->getCode(), [SERVER_LOCK_TIMEOUT, SERVER_DEADLOCK], true)) {
                    throw $error;
                }
                $this->lock->rollback();
            }
            if (microtime(true) - $told > 5) {
                $told = microtime(true);
                step('ledger', 'waiting', 'waiting: ' . $this->busyWith());
            }
        }
    }

    public function rows(): array
    {
        $found = $this->link->query('SELECT step, state, attempts, COALESCE(runner, \'\'), COALESCE(detail, \'\'), COALESCE(finished_at, started_at, \'\') FROM ' . self::TABLE . " WHERE step <> 'lock' ORDER BY started_at, step");
        $rows = [];
        foreach ($found->fetch_all() as [$step, $state, $attempts, $runner, $detail, $at]) {
            $rows[$step] = ['state' => $state, 'attempts' => (int) $attempts, 'runner' => $runner, 'detail' => $detail, 'at' => $at];
        }
        return $rows;
    }

    public function hasMigrated(): bool
    {
        return $this->link->query('SELECT 1 FROM ' . self::TABLE . " WHERE step LIKE 'migrate:%' AND state IN ('done', 'adopted') LIMIT 1")->fetch_row() !== null;
    }

    public function write(string $step, string $state, string $detail = '', string $runner = ''): void
    {
        $runner = $runner === '' ? runner() : $runner;
        $query = $this->link->prepare(
            'INSERT INTO ' . self::TABLE . ' (step, state, started_at, finished_at, runner, attempts, detail)
             VALUES (?, ?, UTC_TIMESTAMP(), IF(? = \'started\', NULL, UTC_TIMESTAMP()), ?, 1, ?)
             ON DUPLICATE KEY UPDATE state = VALUES(state), runner = VALUES(runner), detail = VALUES(detail), finished_at = VALUES(finished_at),
               started_at = IF(VALUES(state) = \'started\', VALUES(started_at), started_at), attempts = attempts + IF(VALUES(state) = \'started\', 1, 0)'
        );
        $query->bind_param('sssss', $step, $state, $state, $runner, $detail);
        $query->execute();
        $query->close();
    }

    public function keepAlive(): void
    {
        if (microtime(true) - $this->pinged < 5) {
            return;
        }
        $this->pinged = microtime(true);
        try {
            $this->link->query('SELECT 1')->free();
            if ($this->lock !== null) {
                $this->lock->query('SELECT 1')->free();
            }
        } catch (\mysqli_sql_exception $error) {
            throw new Failure('database/unreachable', EXIT_DATABASE, 'The database went away while a hook was running: ' . $error->getMessage());
        }
    }

    public function isEmpty(): bool
    {
        return $this->tables() === [];
    }

    public function fingerprint(): string
    {
        $found = $this->link->query('SELECT TABLE_NAME, COALESCE(CREATE_TIME, \'\') FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME');
        $names = [];
        while ($row = $found->fetch_row()) {
            if ($row[0] !== self::TABLE) {
                $names[] = $row[0] . '@' . $row[1];
            }
        }
        return sha1(implode("\n", $names));
    }

    public function clear(): void
    {
        $this->link->query('SET FOREIGN_KEY_CHECKS = 0');
        foreach ($this->tables() as $name => $type) {
            $this->link->query('DROP ' . ($type === 'VIEW' ? 'VIEW' : 'TABLE') . ' IF EXISTS ' . self::quote($name));
        }
        $found = $this->link->query('SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()');
        foreach ($found->fetch_all() as $row) {
            $this->link->query('DROP ' . ($row[0] === 'FUNCTION' ? 'FUNCTION' : 'PROCEDURE') . ' IF EXISTS ' . self::quote($row[1]));
        }
        $this->link->query('SET FOREIGN_KEY_CHECKS = 1');
    }

    public function forgetMigrations(): void
    {
        $this->link->query('DELETE FROM ' . self::TABLE . " WHERE step LIKE 'migrate:%'");
    }

    public function close(): void
    {
        if ($this->lock !== null) {
            $this->lock->rollback();
            $this->lock->close();
            $this->lock = null;
        }
        $this->link->close();
    }

    /** Looks before it creates: on a table with a lock, CREATE TABLE IF NOT EXISTS would wait for the lock's owner. */
    private function createTable(): void
    {
        try {
            $this->link->query('SELECT step FROM ' . self::TABLE . ' LIMIT 0')->free();
        } catch (\mysqli_sql_exception $error) {
            if ($error->getCode() !== SERVER_TABLE_MISSING) {
                throw $error;
            }
            $this->link->query('CREATE TABLE IF NOT EXISTS ' . self::TABLE . ' (
                step VARCHAR(191) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
                state VARCHAR(16) CHARACTER SET ascii NOT NULL,
                started_at DATETIME NULL, finished_at DATETIME NULL,
                runner VARCHAR(128) NULL, attempts INT NOT NULL DEFAULT 0, detail TEXT NULL
            ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4');
        }
    }

    /** @return array<string, string> name to type */
    private function tables(): array
    {
        $tables = [];
        foreach ($this->link->query('SHOW FULL TABLES')->fetch_all() as $row) {
            if ($row[0] !== self::TABLE) {
                $tables[$row[0]] = $row[1];
            }
        }
        return $tables;
    }

    private function busyWith(): string
    {
        $row = $this->link->query('SELECT step, runner FROM ' . self::TABLE . " WHERE state = 'started' ORDER BY started_at DESC LIMIT 1")->fetch_row();
        return $row === null ? 'another replica prepares' : "another replica ({$row[1]}) runs {$row[0]}";
    }

    private static function quote(string $name): string
    {
        return '`' . str_replace('`', '``', $name) . '`';
    }
}
