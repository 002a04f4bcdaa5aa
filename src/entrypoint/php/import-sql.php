<?php
declare(strict_types=1);

namespace Howdah;

/**
 * Runs a stream of SQL on the site's database. The first statement that the server refuses ends it.
 * @param resource $stream
 * @return int statements that ran
 */
function import_sql($stream, string $name): int
{
    $link = connect(database_address(), 3600);
    $reader = new SqlReader($stream);
    $count = 0;
    $told = microtime(true);
    while (($statement = $reader->next()) !== null) {
        check_stop();
        try {
            $link->real_query($statement);
            do {
                $result = $link->store_result();
                if ($result !== false) {
                    $result->free();
                }
            } while ($link->more_results() && $link->next_result());
        } catch (\mysqli_sql_exception $error) {
            $line = $reader->line;
            throw new Failure('database/failed', EXIT_BUG, "$name, line $line: " . $error->getMessage() . ' in: ' . first_bytes($statement, 120));
        }
        $count++;
        if (microtime(true) - $told > 5) {
            $told = microtime(true);
            step('sql', 'waiting', "$count statements so far");
        }
    }
    $link->close();
    return $count;
}

/** The first bytes of a text, without half a character at the end. */
function first_bytes(string $text, int $bytes): string
{
    return strlen($text) <= $bytes ? $text : preg_replace('/[\x80-\xff]+$/', '', substr($text, 0, $bytes)) . '…';
}

/** `sql FILE|-`. With `--hook`, as part of a hook, the ledger is left alone. @param string[] $arguments */
function sql_command(array $arguments): void
{
    $hook = ($arguments[0] ?? '') === '--hook';
    if ($hook) {
        array_shift($arguments);
        is_plain(true);
    }
    if (count($arguments) !== 1) {
        throw new Failure('usage/invalid', EXIT_USAGE, 'Usage: entrypoint.php sql FILE|-');
    }
    $stream = $arguments[0] === '-' ? STDIN : @fopen($arguments[0], 'r');
    if ($stream === false) {
        throw files_failed("Can't read", $arguments[0]);
    }
    $count = import_sql($stream, $arguments[0] === '-' ? 'standard input' : basename($arguments[0]));
    if (!$hook) {
        // Somebody's own data: an installation that was interrupted before must not take it away as its own leftovers. And it may be
        // older than the code, so the next start migrates it.
        $ledger = new DatabaseLedger(database_address());
        $ledger->write('install', 'adopted', 'sql import');
        $ledger->forgetMigrations();
        $ledger->close();
    }
    step('sql', 'done', "$count statements ran");
}
