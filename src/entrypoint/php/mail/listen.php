<?php
// Takes mails by SMTP from this container's own programs: php -n listen.php PORT… It listens on the loopback alone, so that nobody else reaches it, and
// each client has a process of its own. Runs on PHP 7.4 and later with pcntl, and needs no other extension.
declare(strict_types=1);

namespace Howdah\Mail;

require_once __DIR__ . '/mailbox.php';
require_once __DIR__ . '/speak-smtp.php';

/** Clients at one time; more wait. */
const MOST_VISITS = 20;

/** @param resource[] $servers */
function accept_visits(array $servers): void
{
    $running = 0;
    for (;;) {
        while (pcntl_waitpid(-1, $status, $running < MOST_VISITS ? WNOHANG : 0) > 0) {
            $running--;
        }
        $read = $servers;
        $none = null;
        // A child's end wakes it, too.
        if ((int) @stream_select($read, $none, $none, $running > 0 ? 5 : null) < 1) {
            continue;
        }
        foreach ($read as $server) {
            $running += visit($server) ? 1 : 0;
        }
    }
}

/** @param resource $server */
function visit($server): bool
{
    $client = @stream_socket_accept($server, 0);
    if ($client === false) {
        return false;
    }
    $child = pcntl_fork();
    if ($child === 0) {
        (new SmtpVisit($client))->serve();
        exit(0);
    }
    fclose($client);
    return $child > 0;
}

umask(0077);
$servers = [];
foreach (array_slice($argv, 1) as $port) {
    $server = @stream_socket_server('tcp://127.0.0.1:' . (int) $port, $code, $words, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN);
    if ($server === false) {
        fwrite(STDERR, "mails to port $port are not caught: $words\n");
        continue;
    }
    $servers[] = $server;
}
if ($servers !== []) {
    pcntl_signal(SIGCHLD, static function (): void {
    });
    accept_visits($servers);
}
