<?php
declare(strict_types=1);

namespace Howdah;

/** The signal that asked us to stop, or 0. */
function stop_signal(int $set = 0): int
{
    static $signal = 0;
    if ($set !== 0) {
        $signal = $set;
    }
    return $signal;
}

/** PID 1 of a container ignores every signal that it has no handler for, so a stop while preparing needs these. */
function catch_signals(): void
{
    pcntl_async_signals(true);
    foreach ([SIGTERM, SIGQUIT, SIGINT] as $number) {
        pcntl_signal($number, static function (int $received): void {
            stop_signal($received);
        }, false);
    }
}

/** Ends the work at the next safe point when somebody asked for it. */
function check_stop(): void
{
    if (stop_signal() !== 0) {
        throw new Stopped(stop_signal());
    }
}

/** Sleeps, but not through a stop. */
function rest(float $seconds): void
{
    check_stop();
    usleep((int) ($seconds * 1000000));
    check_stop();
}
