<?php
declare(strict_types=1);

namespace Howdah;

/** @param array<string, mixed> $configuration */
function open_ledger(array $configuration): Ledger
{
    if ($configuration['database'] !== null) {
        return new DatabaseLedger(database_address());
    }
    return $configuration['ledgerMount'] === null ? new NoLedger() : new FileLedger($configuration['ledgerMount']);
}

/**
 * Runs a hook's steps in order; the first that fails ends it.
 * @param array<int, array{argv?: string[], sql?: string}> $steps
 * @return array{exit: int, output: string[], message: string}
 */
function run_hook(array $steps, string $root, Ledger $ledger): array
{
    foreach ($steps as $hook) {
        $argv = isset($hook['sql']) ? [PHP_BINARY, __DIR__ . '/entrypoint.php', 'sql', '--hook', "$root/{$hook['sql']}"] : $hook['argv'];
        $result = run_program($argv, $root, static function () use ($ledger): void {
            $ledger->keepAlive();
        });
        if ($result['exit'] !== 0) {
            $last = end($result['output']);
            $words = isset($hook['sql']) ? "sql {$hook['sql']}" : implode(' ', $argv);
            return $result + ['message' => "`$words` ended with exit code {$result['exit']}" . ($last === false ? '' : ": $last")];
        }
    }
    return ['exit' => 0, 'output' => [], 'message' => ''];
}

/** True when a start has nothing to do, told without any lock: the usual case of a restart or of one more replica. */
function is_settled(array $configuration, Ledger $ledger): bool
{
    $settled = static function (?array $row): bool {
        return $row !== null && in_array($row['state'], ['done', 'adopted'], true);
    };
    $install = $configuration['hooks']['install'] === [] || $settled($ledger->read('install'));
    $migrate = $configuration['hooks']['migrate'] === [] || $settled($ledger->read(migration_step($configuration)));
    return $install && $migrate;
}

function migration_step(array $configuration): string
{
    return 'migrate:' . (getenv('HOWDAH_RELEASE') ?: $configuration['migration']['step']);
}

/**
 * Installs once and migrates once for each state of its inputs, whatever replicas start together or die meanwhile.
 * @param bool $asked somebody dumped the database and asks for the migration; a start that nobody asked leaves it to them
 */
function run_hooks(array $configuration, bool $asked = false): void
{
    $hooks = $configuration['hooks'];
    if ($hooks['install'] === [] && $hooks['migrate'] === []) {
        return;
    }
    $ledger = open_ledger($configuration);
    try {
        if (!is_settled($configuration, $ledger)) {
            $ledger->lock();
            $fresh = $hooks['install'] !== [] && install_once($configuration, $ledger);
            if ($hooks['migrate'] !== []) {
                migrate_once($configuration, $ledger, $asked || $fresh || $configuration['migration']['by'] === 'start');
            }
        }
    } finally {
        $ledger->close(); // the server that we become must not inherit the lock
    }
}

/** @return bool whether this very start has installed: then nobody has used the data yet */
function install_once(array $configuration, Ledger $ledger): bool
{
    $row = $ledger->read('install');
    if ($row !== null && in_array($row['state'], ['done', 'adopted'], true)) {
        return false;
    }
    refuse_repeat($row, 'install', EXIT_INSTALL);
    if (!may_install($row, $ledger)) {
        $ledger->write('install', 'adopted');
        step('install', 'skipped', 'not installing: there is data already');
        return false;
    }
    $ledger->write('install', 'started');
    step('install', 'started', 'installing');
    $result = run_hook($configuration['hooks']['install'], $configuration['root'], $ledger);
    if ($result['exit'] !== 0) {
        $message = 'The install hook failed: ' . $result['message'];
        $ledger->write('install', 'failed', failure_note($message, $ledger->fingerprint()));
        throw new Failure('site/install-failed', EXIT_INSTALL, $message);
    }
    $ledger->write('install', 'done');
    step('install', 'done', 'installed');
    return true;
}

/**
 * An installation that was begun found nothing, so what is there now is its own half-done work and is taken away before it runs again;
 * but not when somebody changed it after the failure (an import, a repair by hand): that is data, and it stays.
 */
function may_install(?array $row, Ledger $ledger): bool
{
    if ($row === null || $ledger->isEmpty()) {
        return $ledger->isEmpty();
    }
    if ($row['state'] === 'failed' && read_failure_note($row)['fingerprint'] !== $ledger->fingerprint()) {
        step('install', 'notice', 'The database was changed after the failed installation, so it is kept and counts as installed');
        return false;
    }
    step('install', 'notice', ($row['state'] === 'failed' ? 'The last installation failed' : 'The last installation was interrupted') . ': its tables are removed and it runs again');
    $ledger->clear();
    return true;
}

function migrate_once(array $configuration, Ledger $ledger, bool $asked): void
{
    $name = migration_step($configuration);
    $row = $ledger->read($name);
    if ($row !== null && in_array($row['state'], ['done', 'adopted'], true)) {
        return;
    }
    refuse_repeat($row, 'migrate', EXIT_MIGRATE);
    if (!$asked && $ledger->hasMigrated()) {
        throw new Failure('site/migration-pending', EXIT_MIGRATE, "The migration $name is not done, and no container may start it by itself: `howdah up` dumps the database and runs it once");
    }
    if ($row !== null) {
        may_repeat($name, $row, $configuration['migration']['repeatable'], $ledger);
    }
    $ledger->write($name, 'started');
    step('migrate', 'started', 'migrating');
    $result = run_hook($configuration['hooks']['migrate'], $configuration['root'], $ledger);
    if ($result['exit'] !== 0) {
        $message = 'The migrate hook failed: ' . $result['message'];
        $ledger->write($name, 'failed', failure_note($message, ''));
        throw new Failure('site/migrate-failed', EXIT_MIGRATE, $message);
    }
    $ledger->write($name, 'done');
    step('migrate', 'done', 'migrated');
}
