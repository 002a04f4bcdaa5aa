<?php
declare(strict_types=1);

namespace Howdah;

/**
 * In an environment: starts what takes mails on the loopback, in a process of its own that lives as long as the container. Without it nothing of the site
 * stops working but what speaks SMTP.
 * @param array<string, mixed> $configuration
 */
function catch_mail(array $configuration): void
{
    $mail = $configuration['mail'] ?? null;
    $child = $mail === null ? 1 : pcntl_fork();
    if ($child > 0) {
        return;
    }
    if ($child < 0) {
        step('server', 'notice', 'mails by SMTP are not caught: no process can be started');
        return;
    }
    posix_setsid();
    $ports = array_map('strval', $mail['ports']);
    @pcntl_exec(PHP_BINARY, array_merge(['-n', __DIR__ . '/mail/listen.php'], $ports), ['HOWDAH_MAIL_DIRECTORY' => $mail['directory']]);
    exit(0);
}

/** A program that runs at once may send at once. The last port is there when all are. @param array<string, mixed> $configuration */
function await_mail(array $configuration): void
{
    $ports = $configuration['mail']['ports'] ?? [];
    $last = end($ports);
    for ($tries = 0; $last !== false && $tries < 100; $tries++) {
        $visit = @stream_socket_client("tcp://127.0.0.1:$last");
        if ($visit !== false) {
            fclose($visit);
            return;
        }
        rest(0.02);
    }
}
