<?php
declare(strict_types=1);

namespace Howdah;

/**
 * Returns when the database really answers: a statement as the site's user on the site's database, not only an open port.
 * A refused user is waited for as well, as it may be made at this very moment, but the lines say so.
 */
function wait_for_database(array $address, int $seconds): void
{
    $start = microtime(true);
    $told = 0.0;
    $reason = '';
    step('database', 'started', "waiting for the database at {$address['host']}:{$address['port']}");
    for (;;) {
        check_stop();
        try {
            $link = connect($address, 3);
            $link->query('SELECT 1');
            $link->close();
            step('database', 'done', 'the database answers');
            return;
        } catch (\mysqli_sql_exception $error) {
            $reason = refusal($error, $address);
        }
        $passed = microtime(true) - $start;
        if ($passed >= $seconds) {
            throw new Failure('database/unreachable', EXIT_DATABASE, "The database did not answer within $seconds seconds: $reason");
        }
        if ($passed - $told >= 3) {
            $told = $passed;
            step('database', 'waiting', sprintf('waiting for the database: %s (%d of %d s)', $reason, (int) $passed, $seconds));
        }
        rest(0.5);
    }
}
