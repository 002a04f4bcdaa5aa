<?php
declare(strict_types=1);

namespace Howdah;

/**
 * A migration that was begun before runs again only by somebody's decision: the site file's (`repeatable`), a new attempt after a failure that
 * it told itself, or `howdah migrate --retry`. One that was cut off is written down as `interrupted` and stays so until a person decides.
 * @param array{state: string, runner: string} $row
 */
function may_repeat(string $name, array $row, bool $repeatable, Ledger $ledger): void
{
    if ($row['state'] === 'failed') {
        step('migrate', 'notice', 'The migration failed before: it runs again');
        return;
    }
    if ($row['state'] === 'retry') {
        step('migrate', 'notice', 'The migration runs again, as somebody decided');
        return;
    }
    if ($repeatable) {
        step('migrate', 'notice', 'The migration was interrupted, and may be repeated: it runs again');
        return;
    }
    $site = getenv('HOWDAH_SITE') ?: 'SITE';
    $message = "The migration $name was cut off: {$row['runner']} began it and never told its end, so it may be half done. Look at the database. "
        . "May it run again: `howdah migrate $site --retry`. Is it done, or finished by hand: `howdah migrate $site --mark-done`";
    if ($row['state'] !== 'interrupted') {
        $ledger->write($name, 'interrupted', failure_note($message, ''), $row['runner']);
    }
    throw new Failure('site/migration-interrupted', EXIT_INTERRUPTED, $message);
}

/**
 * `ledger`: the rows as JSON on stdout. `ledger retry|done STEP` writes down what a person decided, after waiting for whoever is at work.
 * @param array<string, mixed> $configuration
 * @param string[] $arguments
 */
function ledger_command(array $configuration, array $arguments): void
{
    is_plain(true);
    $ledger = open_ledger($configuration);
    try {
        if ($arguments === []) {
            fwrite(STDOUT, json_encode($ledger->rows(), JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
            return;
        }
        [$decision, $name] = $arguments + ['', ''];
        if (count($arguments) !== 2 || !in_array($decision, ['retry', 'done'], true) || strncmp($name, 'migrate:', 8) !== 0) {
            throw new Failure('usage/invalid', EXIT_USAGE, 'Usage: entrypoint.php ledger [retry|done migrate:STEP]');
        }
        $ledger->lock();
        $row = $ledger->read($name);
        if ($row === null || in_array($row['state'], ['done', 'adopted'], true)) {
            throw new Failure('usage/invalid', EXIT_USAGE, "The ledger has no $name that waits for a decision");
        }
        $ledger->write($name, $decision, 'decided by a person');
    } finally {
        $ledger->close();
    }
}
