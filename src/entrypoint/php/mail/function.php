<?php
// PHP's mail() in an environment, whose own is switched off (`disable_functions`, from PHP 8 on): that one asks a shell to start sendmail, and the image has no
// shell. Loaded before every script by `auto_prepend_file`.

namespace Howdah\Mail {
    require_once __DIR__ . '/mailbox.php';
    require_once __DIR__ . '/addresses.php';

    /** The words of a header's value in one line, as PHP's own mail() makes them of a recipient and a subject. */
    function one_line(string $text): string
    {
        return rtrim((string) preg_replace('/[\x00-\x1f\x7f]/', ' ', $text));
    }

    /** @param array<string, string|string[]>|string $headers */
    function header_lines($headers): string
    {
        if (!is_array($headers)) {
            return trim(str_replace("\0", '', (string) $headers), "\r\n");
        }
        $lines = [];
        foreach ($headers as $name => $values) {
            foreach ((array) $values as $value) {
                $lines[] = one_line((string) $name) . ': ' . preg_replace('/\r?\n(?![ \t])|\r(?!\n)|\0/', ' ', (string) $value);
            }
        }
        return implode("\r\n", $lines);
    }

    /** @param array<string, string|string[]>|string $headers */
    function catch_mail_call(string $to, string $subject, string $message, $headers, string $parameters): bool
    {
        $lines = header_lines($headers);
        $date = preg_match('/^date:/im', $lines) === 1 ? '' : 'Date: ' . gmdate('D, d M Y H:i:s') . " +0000\r\n";
        $raw = 'To: ' . one_line($to) . "\r\nSubject: " . one_line($subject) . "\r\n" . $date . ($lines === '' ? '' : "$lines\r\n") . "\r\n" . $message;
        $from = preg_match('/(?:^|\s)-f\s*(\S+)/', $parameters, $found) === 1 ? trim($found[1], '\'"') : sender_in($raw);
        $mask = umask(0077);
        try {
            store_mail(['from' => $from, 'to' => recipients_in($raw), 'by' => 'mail()'], $raw);
            return true;
        } catch (Refused $refused) {
            trigger_error('mail(): ' . $refused->getMessage(), E_USER_WARNING);
            return false;
        } finally {
            umask($mask);
        }
    }
}

namespace {
    if (!function_exists('mail')) {
        /** The names are PHP's own: callers may use them. */
        function mail(string $to, string $subject, string $message, $additional_headers = [], string $additional_params = ''): bool
        {
            return \Howdah\Mail\catch_mail_call($to, $subject, $message, $additional_headers, $additional_params);
        }
    }
    if (!function_exists('mb_send_mail') && function_exists('mb_encode_mimeheader')) {
        function mb_send_mail(string $to, string $subject, string $message, $additional_headers = [], ?string $additional_params = null): bool
        {
            $own = \Howdah\Mail\header_lines($additional_headers);
            $headers = ($own === '' ? '' : "$own\r\n") . "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64";
            $body = chunk_split(base64_encode(mb_convert_encoding($message, 'UTF-8', mb_internal_encoding())));
            return \Howdah\Mail\catch_mail_call($to, mb_encode_mimeheader($subject, 'UTF-8', 'B', "\r\n "), $body, $headers, (string) $additional_params);
        }
    }
}
