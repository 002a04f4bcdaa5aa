<?php
declare(strict_types=1);

namespace Howdah;

/**
 * Cuts a stream of SQL into statements as the mysql client does: quotes, comments, `DELIMITER`. Holds one statement at a time, so that
 * a dump may be larger than memory.
 */
final class SqlReader
{
    /** @var resource */
    private $stream;
    /** @var string */
    private $buffer = '';
    /** @var int where the next statement starts in the buffer */
    private $start = 0;
    /** @var string */
    private $delimiter = ';';
    /** @var bool */
    private $ended = false;
    /** @var int line of the statement that was given last, from 1 */
    public $line = 1;
    /** @var int */
    private $nextLine = 1;

    /** @param resource $stream */
    public function __construct($stream)
    {
        $this->stream = $stream;
    }

    /** The next statement without its delimiter, or null at the end. */
    public function next(): ?string
    {
        while (true) {
            $this->skipSpace();
            if (!$this->fill(1)) {
                return null;
            }
            if ($this->takeDelimiterCommand()) {
                continue;
            }
            $this->line = $this->nextLine;
            $text = $this->takeStatement();
            if (trim($text) !== '') {
                return $text;
            }
        }
    }

    private function more(): bool
    {
        if ($this->ended) {
            return false;
        }
        $chunk = fread($this->stream, 1 << 20);
        if ($chunk === false || $chunk === '') {
            $this->ended = true;
            return false;
        }
        $this->buffer = substr($this->buffer, $this->start) . $chunk;
        $this->start = 0;
        return true;
    }

    /** Past white space and comments, but not past `/*!`: the server reads those. */
    private function skipSpace(): void
    {
        if ($this->nextLine === 1 && $this->start === 0 && $this->fill(4) && strncmp($this->buffer, "\xEF\xBB\xBF", 3) === 0) {
            $this->start = 3; // a byte order mark of a Windows editor
        }
        while ($this->fill(4)) {
            $space = strspn($this->buffer, " \t\r\n\f\v", $this->start);
            if ($space > 0) {
                $this->advance($space);
            } elseif (preg_match('~\G(#|--\s|/\*(?!M?!))~A', $this->buffer, $match, 0, $this->start)) {
                $end = $this->skipToken($this->start);
                $this->advance($end - $this->start);
            } else {
                return;
            }
        }
    }

    /** Reads on until so many bytes are ahead, or the stream ends. True when anything is ahead. */
    private function fill(int $bytes): bool
    {
        while (strlen($this->buffer) - $this->start < $bytes && $this->more()) {
            // more() reads
        }
        return $this->start < strlen($this->buffer);
    }

    private function advance(int $length): void
    {
        $this->nextLine += substr_count($this->buffer, "\n", $this->start, $length);
        $this->start += $length;
    }

    private function takeDelimiterCommand(): bool
    {
        $this->fill(64);
        if (!preg_match('/\GDELIMITER[ \t]+(\S{1,16})[^\n]*(\n|$)/Ai', $this->buffer, $match, 0, $this->start)) {
            return false;
        }
        $this->delimiter = $match[1];
        $this->advance(strlen($match[0]));
        return true;
    }

    private function takeStatement(): string
    {
        $at = $this->start;
        $stop = "'\"`#-/" . $this->delimiter[0];
        while (true) {
            $at += strcspn($this->buffer, $stop, $at);
            // Room for the longest token that begins here.
            if (strlen($this->buffer) - $at < 20 && !$this->ended) {
                $at -= $this->start;
                $this->more();
                $at += $this->start;
                continue;
            }
            if ($at >= strlen($this->buffer)) {
                return $this->cut(strlen($this->buffer), 0);
            }
            if (substr_compare($this->buffer, $this->delimiter, $at, strlen($this->delimiter)) === 0) {
                return $this->cut($at, strlen($this->delimiter));
            }
            $at = $this->skipToken($at);
        }
    }

    private function cut(int $at, int $skip): string
    {
        $text = substr($this->buffer, $this->start, $at - $this->start);
        $this->advance($at - $this->start + $skip);
        return $text;
    }

    /** The place after a quoted string, a comment or a plain character. */
    private function skipToken(int $at): int
    {
        $character = $this->buffer[$at];
        if ($character === "'" || $character === '"' || $character === '`') {
            return $this->skipQuoted($at, $character);
        }
        if ($character === '#' || ($character === '-' && preg_match('/\G--[\s\x00]/A', $this->buffer, $match, 0, $at))) {
            return $this->find("\n", $at);
        }
        if ($character === '/' && substr($this->buffer, $at, 2) === '/*') {
            return $this->find('*/', $at + 2);
        }
        return $at + 1;
    }

    private function find(string $needle, int $at): int
    {
        while (($found = strpos($this->buffer, $needle, $at)) === false) {
            $at = max($at, strlen($this->buffer) - strlen($needle) + 1) - $this->start;
            if (!$this->more()) {
                return strlen($this->buffer);
            }
            $at += $this->start;
        }
        return $found + strlen($needle);
    }

    private function skipQuoted(int $at, string $quote): int
    {
        $at++;
        while (true) {
            $at += strcspn($this->buffer, $quote === '`' ? '`' : $quote . '\\', $at);
            if ($at + 1 >= strlen($this->buffer)) {
                $offset = $at - $this->start;
                if ($this->more()) {
                    $at = $this->start + $offset;
                    continue;
                }
                return strlen($this->buffer);
            }
            if ($this->buffer[$at] === '\\') {
                $at += 2;
                continue;
            }
            return $at + 1; // a doubled quote simply starts the next string
        }
    }
}
