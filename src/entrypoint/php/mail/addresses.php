<?php
declare(strict_types=1);

namespace Howdah\Mail;

/** The header lines of a mail, unfolded. */
function header_block(string $raw): string
{
    $head = substr($raw, 0, 1 << 18);
    if (preg_match('/\r?\n\r?\n/', $head, $found, PREG_OFFSET_CAPTURE) === 1) {
        $head = substr($head, 0, $found[0][1]);
    }
    return (string) preg_replace('/\r?\n[ \t]+/', ' ', $head);
}

/** Everybody whom the headers name as a recipient. @return string[] */
function recipients_in(string $raw): array
{
    preg_match_all('/^(?:to|cc|bcc):(.*)$/im', header_block($raw), $lines);
    return addresses_of(implode(',', $lines[1]));
}

function sender_in(string $raw): string
{
    return preg_match('/^(?:sender|from):(.*)$/im', header_block($raw), $found) === 1 ? addresses_of($found[1])[0] ?? '' : '';
}

/** The addresses in a header's list, without names. @return string[] */
function addresses_of(string $list): array
{
    preg_match_all('/[^\s<>,;:"()@]+@[^\s<>,;:"()@]+/', (string) preg_replace('/"(?:[^"\\\\]|\\\\.)*"/', ' ', $list), $found);
    return array_values(array_unique($found[0]));
}
